"""`report verify`: a site is what its inputs make, or the difference is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from copies import Copy, small_report
from typer.testing import CliRunner

from helpers import cli
from helpers.problems import BadInput, MissingTool
from helpers.publish import workflow
from helpers.publish.difference import differing
from helpers.publish.verify import changed_files, changed_inputs, engine_of, inputs_of_site
from helpers.report import RULES, Report, open_report


def test_a_site_that_its_inputs_make_in_any_folder(copy: Copy, built: Path, tmp_path: Path):
    # a copy of the copy: the same code, whatever an editor does to the project meanwhile
    project = Copy(shutil.copytree(copy.root, tmp_path / "копия проекта", ignore=shutil.ignore_patterns("data")))
    elsewhere = small_report(tmp_path / "отчёт за год")
    said = project.report("verify", elsewhere, "--site", built / "_site" / elsewhere.stem, pictures=True)
    assert "совпадает" in said


def test_what_differs_is_named(built: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def rebuild(this: Report, editions: list[str], *_: object) -> None:
        shutil.copytree(built / "_site" / small.stem, this.site(*editions))

    monkeypatch.setattr(workflow, "build", rebuild)  # the test above rebuilds in earnest
    params, site = tmp_path / "report" / small.name, tmp_path / "site"
    shutil.copytree(small.parent, params.parent)
    params.write_text(params.read_text(encoding="utf-8") + "\n# правка\n", encoding="utf-8")
    shutil.copytree(built / "_site" / small.stem, site)
    (site / "data" / "results.csv").write_text("подделка", encoding="utf-8")
    (site / "extra.html").write_text("лишняя", encoding="utf-8")
    said = CliRunner().invoke(cli.app, ["verify", str(params), "--site", str(site)])
    assert said.exit_code == 1
    assert f"параметры: {small.name} — изменён" in said.output and "файлы данных" not in said.output
    assert "data/results.csv — на сайте другое" in said.output and "extra.html — на сайте лишнее" in said.output
    assert "index.html" not in said.output and "совпадает" not in said.output


def test_there_is_no_site(copy: Copy, small: Path, tmp_path: Path):
    assert "сайта ещё нет" in copy.report("verify", small, "--site", tmp_path, code=3)


def test_a_site_of_another_report_or_edition(built: Path, small: Path, tmp_path: Path):
    site, this = built / "_site" / small.stem, open_report(str(small))
    assert inputs_of_site(site, this, "public")["params"].keys() == {small.name, *(path.name for path in RULES)}
    with pytest.raises(BadInput, match="редакция public"):
        inputs_of_site(site, this, "internal")
    with pytest.raises(MissingTool):
        inputs_of_site(tmp_path, this, "public")
    for text in ("не json", "[]", json.dumps({"report": "x"})):
        (tmp_path / "index.html").touch()
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match="не читается"):
            inputs_of_site(tmp_path, this, "public")


def test_the_pages_tell_what_rendered_them(built: Path, small: Path, tmp_path: Path):
    assert engine_of(built / "_site" / small.stem) == ("pandoc", "")
    (tmp_path / "index.html").write_text('<head>\n<meta name="generator" content="quarto-1.7.34">', encoding="utf-8")
    assert engine_of(tmp_path) == ("quarto", "1.7.34")


def test_differences_are_told_by_content(tmp_path: Path):
    assert differing({"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"}) == {
        "a": "removed", "c": "changed", "d": "added"
    }  # fmt: skip
    assert changed_inputs({"raw": {"x.csv": "1"}, "gone": {"y": "1"}}, {"raw": {"x.csv": "2"}, "lock": {"z": "1"}}) == [
        "файлы данных: x.csv — изменён", "пакеты: z — появился", "gone: y — исчез"
    ]  # fmt: skip
    for name, text in {"site/p.html": "a", "made/p.html": "b", "made/q.html": "c"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert changed_files(tmp_path / "site", tmp_path / "made") == ["p.html — на сайте другое", "q.html — на сайте нет"]
