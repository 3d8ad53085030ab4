"""`report build-all`: every report of a folder, and what one region's bad data stop."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from copies import Copy

from helpers.problems import BadInput
from helpers.publish.many import params_files
from helpers.report import METHOD, RULES


def test_params_lie_in_the_folder_and_in_the_folders_in_it(tmp_path: Path):
    wanted = [tmp_path / name for name in ("а.yml", "б/б.yml", "в/край-2021.yml")]
    others = [tmp_path / name for name in ("б/corrections.yml", "б/corrections.proposed-2.yml", "_old/а.yml", ".x/г.yml",
                                           "б/2021/д.yml", "а.csv", ".е.yml")]  # fmt: skip
    for path in (*wanted, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert params_files(tmp_path) == sorted(wanted)
    assert {path.stem for path in params_files(METHOD.parent)} >= {"kamchatka-2021", "california-2000"}
    assert not {*params_files(METHOD.parent)} & {*RULES}


def test_an_empty_folder_and_one_name_twice_are_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="файлов параметров нет"):
        params_files(tmp_path)
    for region in ("север", "юг"):
        (tmp_path / region).mkdir()
        (tmp_path / region / "край.yml").touch()
    with pytest.raises(BadInput) as caught:
        params_files(tmp_path)
    assert [problem.file for problem in caught.value.problems] == ["север/край.yml", "юг/край.yml"]


def test_one_spoiled_region_stops_itself_alone(copy: Copy, small: Path, tmp_path: Path):
    regions, out = tmp_path / "регионы", tmp_path / "out"
    for name in ("север", "юг"):
        shutil.copytree(small.parent, regions / name)
        (regions / name / small.name).rename(regions / name / f"{name}.yml")
    raw = next((regions / "север").glob("*.csv"))
    titles, *rows = raw.read_text(encoding="utf-8").splitlines()
    raw.write_text("\n".join([titles.replace("meals", "обеды"), *rows]) + "\n", encoding="utf-8")
    said = copy.report("build-all", regions, "--out", out, "--engine", "pandoc", code=1)
    assert "1 из 2" in said and "2 из 2" in said
    told = said[said.index("\n✗ север") :]
    assert raw.name in told and "meals" in told and "Построено отчётов: 1, не построено: 1." in told
    assert "✗ юг" not in said and "Traceback" not in said
    listed = (out / "_site" / "index.html").read_text(encoding="utf-8")
    assert (out / "_site" / "юг" / "index.html").is_file() and not (out / "_site" / "север").exists()
    assert listed.count(f'href="{quote("юг")}/index.html"') == 1 and quote("север") not in listed
