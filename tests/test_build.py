"""`report build`: same inputs, same bytes; nothing done twice; nothing half-done seen."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
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


def raw_file(params: Path) -> Path:
    return params.parent / yaml.safe_load(params.read_text(encoding="utf-8"))["data"]["school_table"]["file"]


@dataclass(frozen=True)
class Own:
    """A project, a report's params, the folder of its tables and site; the report as it was when the first build had made it."""

    project: Copy
    params: Path
    out: Path
    inputs: dict[Path, bytes]
    made: dict[str, str]

    def build(self, code: int = 0) -> str:
        """What a build says."""
        return self.project.report("build", self.params, "--out", self.out, "--engine", "pandoc", code=code)

    @property
    def site(self) -> Path:
        return self.out / "_site" / self.params.stem

    @property
    def raw(self) -> Path:
        return raw_file(self.params)

    def page(self, name: str) -> Path:
        return self.project.root / "notebooks" / "pages" / f"{name}.ipynb"

    def named(self) -> int:
        """How many schools have a conclusion."""
        flags = pl.read_parquet(self.out / "data" / "processed" / self.params.stem / "public" / "flags.parquet")
        return flags.filter(pl.col("tier").is_in(["persistent", "watch"])).height


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Own:
    """A report for the tests below to change; each leaves it built.

    Its data lie elsewhere: the params name them by an absolute path.
    """
    folder = tmp_path_factory.mktemp("own")
    project, params = copy_project(folder / "копия проекта"), small_report(folder / "отчёт за год")
    out = folder / "папка для сайта"
    (folder / "данные").mkdir()
    data = raw_file(params).rename(folder / "данные" / raw_file(params).name)
    edit(params, f"file: {data.name}", f"file: {data}")
    project.report("build", params, "--out", out, "--engine", "pandoc")
    changed = [params, data, *(project.root / "notebooks" / "pages").glob("*.ipynb")]
    return Own(project, params, out, {path: path.read_bytes() for path in changed}, contents(out, MADE))


@pytest.fixture(scope="module")
def stricter(own: Own) -> tuple[str, int]:
    """The report with another threshold: what its build says, and how many schools had a conclusion before."""
    before = own.named()
    settings = yaml.safe_load(own.params.read_text(encoding="utf-8"))
    settings["flag"] = {"delta": 0.5, "source": "проверка"}
    own.params.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return own.build(), before


def test_the_same_inputs_make_the_same_tables_in_any_folder(own: Own, built: Path):
    """The sites are compared by `report verify`."""
    made = {name: digest for name, digest in own.made.items() if name.startswith("data/")}
    assert made == contents(built, ["data"]) and made


def test_an_unchanged_report_is_left_alone(own: Own):
    before = times(own.out)
    assert ran(own.build()) == set()
    for path in (own.params, own.raw, own.page("data")):
        path.touch()
    assert ran(own.build()) == set()
    assert times(own.out) == before


def test_data_at_an_absolute_path_reach_the_readers(own: Own, tmp_path: Path):
    assert own.raw.is_absolute() and own.raw.parent != own.params.parent
    own.project.report("publish", own.params, "--out", own.out, "--to", tmp_path / "web", "--production")
    site = contents(own.site)
    assert contents(tmp_path / "web" / own.params.stem) == site and site


def test_a_page_that_changed_is_made_anew_and_only_that(own: Own):
    pages = own.out / "_build" / own.params.stem / "public" / "pages"
    untouched = {path: path.stat().st_mtime_ns for path in pages.rglob("*.ipynb") if path.stem != "results"}
    edit(own.page("results"), "## Процедуры", "## Какие процедуры")
    assert ran(own.build()) == {"results", "сайт"}
    assert {path: path.stat().st_mtime_ns for path in untouched} == untouched
    assert "Какие процедуры" in (own.site / "results.html").read_text(encoding="utf-8")


def test_conclusions_follow_a_threshold(own: Own, stricter: tuple[str, int]):
    """Every step may depend on it; cards of schools that are named no more are gone from the site."""
    said, before = stricter
    assert ran(said) >= STEPS
    assert own.named() < before
    executed = own.out / "_build" / own.params.stem / "public" / "pages" / "school"
    assert {path.stem for path in (own.site / "school").glob("*.html")} == {
        path.stem for path in executed.glob("*.ipynb")
    }


def test_a_broken_page_stops_the_build_and_leaves_the_last_good_site(own: Own):
    good = contents(own.out, ["_site"])
    for name, old, new, says in [
        ("results", "summaries.procedures(this, edition)", "summaries.procedure(this, edition)", "AttributeError"),
        ("index", "emit.figures(", "print(", "печатает текст"),
    ]:
        whole = own.page(name).read_text(encoding="utf-8")
        assert old in whole
        own.page(name).write_text(whole.replace(old, new, 1), encoding="utf-8")
        said = own.build(code=1)
        assert says in said and own.page(name).name in said
        assert contents(own.out, ["_site"]) == good
        own.page(name).write_text(whole, encoding="utf-8")
    own.build()
    assert contents(own.out, ["_site"]) == good


PROGRESS = [0, 1, 3, 0, 4, 3, 2]
"""After how many more steps and pages each attempt is killed: the next one goes on from there, up to the site."""


def test_a_build_killed_at_any_moment_leaves_a_whole_site_and_a_rerun_finishes(own: Own, stricter: tuple[str, int]):
    """It is on its way back to what the first build has made, a clean one; every step and every page has to be made anew."""
    last_good, part = contents(own.site), f"_site/{own.params.stem}/"
    wanted = {name.removeprefix(part): digest for name, digest in own.made.items() if name.startswith(part)}
    assert last_good != wanted
    for path, content in own.inputs.items():
        path.write_bytes(content)
    chance, killed = random.Random(20001999), 0
    for more in PROGRESS:
        process = own.project.popen("build", own.params, "--out", own.out, "--engine", "pandoc", start_new_session=True)
        for _ in range(more):
            process.stdout.readline()
        time.sleep(chance.uniform(0, 3))
        killed += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for table in own.out.glob("data/processed/*/*/*.parquet"):
            pl.read_parquet(table)
        if own.site.exists():
            assert contents(own.site) in (last_good, wanted)
        else:  # the one gap there is, between two renamings: both sites lie whole beside it
            assert contents(own.site.with_name(f"{own.site.name}.old")) == last_good
            assert contents(own.site.with_name(f"{own.site.name}.new")) == wanted
    assert killed >= 5, "most attempts were killed before they were through"
    own.build()
    assert contents(own.out, MADE) == own.made


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


def test_a_site_caught_between_two_renamings_comes_back(own: Own):
    good = contents(own.site)
    own.site.rename(own.site.with_name(f"{own.site.name}.old"))
    own.build()
    assert contents(own.site) == good


def test_content_counts_and_no_clock(own: Own):
    before, kept = contents(own.out, MADE), own.raw.read_bytes()

    # a result in the raw file: it is the number on the data's way to the site
    table = pl.read_csv(own.raw, infer_schema=False)
    school, old = table["cds"][0], table["api00"][0]
    new = str(int(old) + 7)  # no more than a school may change: the pupils' spread is estimated from such changes
    table.with_columns(api00=pl.when(pl.col("cds") == school).then(pl.lit(new)).otherwise("api00")).write_csv(own.raw)
    os.utime(own.raw, (0, 0))  # as unpacked or copied from elsewhere
    assert ran(own.build()) >= STEPS
    results = pl.read_csv(own.site / "data" / "results.csv", schema_overrides={"school_id": pl.String})
    assert results.filter(pl.col("school_id") == school, pl.col("year") == 2000)["mean"].to_list() == [float(new)]

    own.raw.write_bytes(kept)
    os.utime(own.raw, (0, 0))
    damaged = next(own.out.rglob("internal/expectation.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:1000])
    own.build()
    assert contents(own.out, MADE) == before

    damaged.write_bytes(damaged.read_bytes()[:1000])
    (own.site / "index.html").write_text("повреждена", encoding="utf-8")
    assert "03-expectation" in ran(own.build())
    assert contents(own.out, MADE) == before


def test_what_is_edited_during_a_build_is_told_and_not_attested(own: Own):
    def attested() -> dict[str, str]:
        return json.loads((own.site / "manifest.json").read_text(encoding="utf-8"))["inputs"]["notebooks"]

    first, last = own.page("data"), own.page("results")
    first.write_bytes(first.read_bytes() + b"\n")
    before, kept = attested(), last.read_bytes()
    process = own.project.popen("build", own.params, "--out", own.out, "--engine", "pandoc",
                                env={"PYTHONUNBUFFERED": "1"})  # fmt: skip
    while not process.stdout.readline().startswith("✓"):  # the pages are done, the site is being made
        assert process.poll() is None
    last.write_bytes(kept + b"\n")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0 and "Изменено, пока шла сборка" in said and "pages/results.ipynb" in said
    name = "notebooks/pages/results.ipynb"
    assert attested()[name] == before[name]
    assert "results" in ran(own.build())
    assert attested()[name] != before[name]
