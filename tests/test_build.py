"""`report build`: same inputs, same bytes; nothing done twice; nothing half-done seen."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import yaml
from copies import Copy, contents, copy_project, small_report

from helpers.publish.swap import recover, swap_in

MADE = ("data", "_site")
STEPS = {"01-intake", "02-measures", "03-expectation", "04-flags", "05-support", "06-disclosure"}


def ran(said: str) -> set[str]:
    """Names of the steps and pages that a build says it has run."""
    return {line[2:].split(",")[0].split(" ")[0] for line in said.splitlines() if line.startswith("✓")}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def times(folder: Path) -> dict[Path, int]:
    made = (path for part in (*MADE, "_build") for path in (folder / part).rglob("*"))
    return {path: path.stat().st_mtime_ns for path in made if path.is_file() and path.name != "build.lock"}


def test_the_same_inputs_make_the_same_bytes_in_any_folder(copy: Copy, built: Path, tmp_path: Path):
    # a copy of the copy: the same code, whatever an editor does to the project meanwhile
    ignored = shutil.ignore_patterns("__pycache__", "data")
    project = Copy(shutil.copytree(copy.root, tmp_path / "копия проекта", ignore=ignored))
    elsewhere = small_report(tmp_path / "отчёт за год")
    out = tmp_path / "папка для сайта"
    project.report("build", elsewhere, "--out", out, "--engine", "pandoc", pictures=True)
    first, second = contents(built, MADE), contents(out, MADE)
    assert {name.split("/")[0] for name in first} == set(MADE)
    assert first == second


def raw_file(params: Path) -> Path:
    return params.parent / yaml.safe_load(params.read_text(encoding="utf-8"))["data"]["school_table"]["file"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Copy, Path, Path]:
    """A built report, its project and its params, for the tests below to change; each leaves it built.

    Its data lie elsewhere: the params name them by an absolute path.
    """
    folder = tmp_path_factory.mktemp("own")
    project, params, out = copy_project(folder / "project"), small_report(folder / "report"), folder / "out"
    (folder / "данные").mkdir()
    data = raw_file(params).rename(folder / "данные" / raw_file(params).name)
    edit(params, f"file: {data.name}", f"file: {data}")
    project.report("build", params, "--out", out, "--engine", "pandoc")
    return project, params, out


def test_an_unchanged_report_is_left_alone(own: tuple[Copy, Path, Path]):
    project, params, out = own
    before = times(out)
    assert ran(project.report("build", params, "--out", out, "--engine", "pandoc")) == set()
    for path in (
        params,
        raw_file(params),
        project.root / "notebooks" / "pages" / "data.ipynb",
    ):
        path.touch()
    assert ran(project.report("build", params, "--out", out, "--engine", "pandoc")) == set()
    assert times(out) == before


def test_data_at_an_absolute_path_reach_the_readers(own: tuple[Copy, Path, Path], tmp_path: Path):
    project, params, out = own
    assert raw_file(params).is_absolute() and raw_file(params).parent != params.parent
    project.report("publish", params, "--out", out, "--to", tmp_path / "web", "--production")
    site = contents(out / "_site" / params.stem)
    assert contents(tmp_path / "web" / params.stem) == site and site


def test_what_changed_is_made_anew_and_only_that(own: tuple[Copy, Path, Path]):
    project, params, out = own
    pages = out / "_build" / params.stem / "public" / "pages"
    untouched = {path: path.stat().st_mtime_ns for path in pages.rglob("*.ipynb") if path.stem != "results"}
    edit(project.root / "notebooks" / "pages" / "results.ipynb", "## Процедуры", "## Какие процедуры")
    assert ran(project.report("build", params, "--out", out, "--engine", "pandoc")) == {"results", "сайт"}
    assert {path: path.stat().st_mtime_ns for path in untouched} == untouched
    assert "Какие процедуры" in (out / "_site" / params.stem / "results.html").read_text(encoding="utf-8")

    # a threshold: every step may depend on it; the conclusions must follow
    flags = out / "data" / "processed" / params.stem / "public" / "flags.parquet"
    named = pl.read_parquet(flags).filter(pl.col("tier").is_in(["persistent", "watch"])).height
    settings = yaml.safe_load(params.read_text(encoding="utf-8"))
    settings["flag"] = {"delta": 0.5, "source": "проверка"}
    params.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    assert ran(project.report("build", params, "--out", out, "--engine", "pandoc")) >= STEPS
    assert pl.read_parquet(flags).filter(pl.col("tier").is_in(["persistent", "watch"])).height < named

    # cards of schools that are named no more are gone from the site
    cards = {path.stem for path in (out / "_site" / params.stem / "school").glob("*.html")}
    assert cards == {path.stem for path in (pages / "school").glob("*.ipynb")}

    # a result in the raw file: it is the number on the data's way to the site
    raw = raw_file(params)
    table = pl.read_csv(raw, infer_schema=False)
    school = table["cds"][0]
    old = table["api00"][0]
    new = str(int(old) + 7)  # no more than a school may change: the pupils' spread is estimated from such changes
    table.with_columns(api00=pl.when(pl.col("cds") == school).then(pl.lit(new)).otherwise("api00")).write_csv(raw)
    project.report("build", params, "--out", out, "--engine", "pandoc")
    results = pl.read_csv(
        out / "_site" / params.stem / "data" / "results.csv", schema_overrides={"school_id": pl.String}
    )
    assert results.filter(pl.col("school_id") == school, pl.col("year") == 2000)["mean"].to_list() == [float(new)]


def test_a_broken_page_stops_the_build_and_leaves_the_last_good_site(own: tuple[Copy, Path, Path]):
    project, params, out = own
    good = contents(out, ["_site"])
    notebook = project.root / "notebooks" / "pages" / "results.ipynb"
    whole = notebook.read_text(encoding="utf-8")
    for old, new, says in [
        ("summaries.procedures(this, edition)", "summaries.procedure(this, edition)", "AttributeError"),
        ("emit.figures(", "print(", "печатает текст"),
    ]:
        page = notebook if old in whole else project.root / "notebooks" / "pages" / "index.ipynb"
        text = page.read_text(encoding="utf-8")
        assert old in text
        page.write_text(text.replace(old, new, 1), encoding="utf-8")
        said = project.report("build", params, "--out", out, "--engine", "pandoc", code=1)
        assert says in said and page.name in said
        assert contents(out, ["_site"]) == good
        page.write_text(text, encoding="utf-8")
    project.report("build", params, "--out", out, "--engine", "pandoc")
    assert contents(out, ["_site"]) == good


PROGRESS = [0, 1, 3, 0, 4, 3, 2]
"""After how many more steps and pages each attempt is killed: the next one goes on from there, up to the site."""


def test_a_build_killed_at_any_moment_leaves_a_whole_site_and_a_rerun_finishes(
    own: tuple[Copy, Path, Path], tmp_path: Path
):
    project, params, out = own
    edit(params, "Калифорния, 2000 год", "Калифорния, после остановок")  # every step and every page depends on it
    clean, site = tmp_path / "clean", out / "_site" / params.stem
    project.report("build", params, "--out", clean, "--engine", "pandoc")
    last_good, wanted = contents(site), contents(clean / "_site" / params.stem)
    assert last_good != wanted
    chance, killed = random.Random(20001999), 0
    for more in PROGRESS:
        process = project.popen("build", params, "--out", out, "--engine", "pandoc", start_new_session=True)
        for _ in range(more):
            process.stdout.readline()
        time.sleep(chance.uniform(0, 3))
        killed += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for table in out.glob("data/processed/*/*/*.parquet"):
            pl.read_parquet(table)
        if site.exists():
            assert contents(site) in (last_good, wanted)
        else:  # the one gap there is, between two renamings: both sites lie whole beside it
            assert contents(site.with_name(f"{site.name}.old")) == last_good
            assert contents(site.with_name(f"{site.name}.new")) == wanted
    assert killed >= 5, "most attempts were killed before they were through"
    project.report("build", params, "--out", out, "--engine", "pandoc")
    assert contents(out, MADE) == contents(clean, MADE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to fork and stop: not on Windows")
def test_a_swap_stopped_before_any_of_its_operations_leaves_one_whole_site(tmp_path: Path):
    def folder(name: str, text: str) -> Path:
        path = tmp_path / name
        (path / "school").mkdir(parents=True)
        for page in ("index.html", "school/a.html", "manifest.json"):
            (path / page).write_text(text, encoding="utf-8")
        return path

    rendered, old, new, seen = folder("rendered", "new"), {"old"}, {"new"}, []
    for stop in range(1, 1000):
        home = folder(str(stop), "old")
        site = home.parent / f"{stop}-site"
        home.rename(site)
        child = os.fork()
        if child == 0:
            _stop_before(stop)
            swap_in(rendered, site, "new")
            os._exit(0)
        finished = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        if not site.exists():
            seen.append("gap")
        recover(site)
        assert len(contents(site)) == 3
        seen.append({path.read_text(encoding="utf-8") for path in site.rglob("*") if path.is_file()})
        swap_in(rendered, site, "new")  # the rerun
        assert {path.read_text(encoding="utf-8") for path in site.rglob("*") if path.is_file()} == new
        assert {path.name for path in tmp_path.glob(f"{stop}-site*")} == {site.name}
        if finished:
            break
    assert seen.count("gap") == 1
    assert seen == [old] * seen.index("gap") + ["gap", old] + [new] * (len(seen) - seen.index("gap") - 2)


def _stop_before(number: int) -> None:
    """End this process at once before its n-th change to a file or folder."""
    left = [number]

    def hook(event: str, arguments: tuple) -> None:
        changes = event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir") or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        left[0] -= changes
        if changes and left[0] == 0:
            os._exit(9)

    sys.addaudithook(hook)


def test_a_site_caught_between_two_renamings_comes_back(own: tuple[Copy, Path, Path]):
    project, params, out = own
    site = out / "_site" / params.stem
    good = contents(site)
    site.rename(site.with_name(f"{site.name}.old"))
    project.report("build", params, "--out", out, "--engine", "pandoc")
    assert contents(site) == good


def test_content_counts_and_no_clock(own: tuple[Copy, Path, Path]):
    project, params, out = own
    raw, before = raw_file(params), contents(out, MADE)
    kept = raw.read_bytes()
    rows = kept.decode().splitlines(keepends=True)
    raw.write_bytes("".join(rows[:-1]).encode())
    os.utime(raw, (0, 0))  # as unpacked or copied from elsewhere
    assert ran(project.report("build", params, "--out", out, "--engine", "pandoc")) >= STEPS
    assert contents(out, MADE) != before
    raw.write_bytes(kept)
    os.utime(raw, (0, 0))
    table = next(out.rglob("internal/expectation.parquet"))
    table.write_bytes(table.read_bytes()[:1000])
    project.report("build", params, "--out", out, "--engine", "pandoc")
    assert contents(out, MADE) == before
    table.write_bytes(table.read_bytes()[:1000])
    (out / "_site" / params.stem / "index.html").write_text("повреждена", encoding="utf-8")
    assert "03-expectation" in ran(project.report("build", params, "--out", out, "--engine", "pandoc"))
    assert contents(out, MADE) == before


def test_what_is_edited_during_a_build_is_told_and_not_attested(own: tuple[Copy, Path, Path]):
    project, params, out = own
    manifest = out / "_site" / params.stem / "manifest.json"
    first, last = (project.root / "notebooks" / "pages" / f"{name}.ipynb" for name in ("data", "results"))
    first.write_bytes(first.read_bytes() + b"\n")
    before, kept = json.loads(manifest.read_text(encoding="utf-8"))["inputs"]["notebooks"], last.read_bytes()
    process = project.popen("build", params, "--out", out, "--engine", "pandoc", env={"PYTHONUNBUFFERED": "1"})
    while not process.stdout.readline().startswith("✓"):  # the pages are done, the site is being made
        assert process.poll() is None
    last.write_bytes(kept + b"\n")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0 and "Изменено, пока шла сборка" in said and "pages/results.ipynb" in said
    name = "notebooks/pages/results.ipynb"
    assert json.loads(manifest.read_text(encoding="utf-8"))["inputs"]["notebooks"][name] == before[name]
    assert "results" in ran(project.report("build", params, "--out", out, "--engine", "pandoc"))
    assert json.loads(manifest.read_text(encoding="utf-8"))["inputs"]["notebooks"][name] != before[name]
