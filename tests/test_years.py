"""The analyst's year, then another: the guide's own commands from 2021 to 2023, and what a reader of all editions can know.

Builds stop at the tables, both editions': pages and sites have tests of their own.
"""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import yaml
from copies import Copy, copy_project
from test_protected import Attack, attack_people

from helpers import tables
from helpers.disclosure.groups import REGION
from helpers.disclosure.ledger import BLOCKS, Published, read_ledger
from helpers.disclosure.rounding import HIDDEN_WORD
from helpers.disclosure.suppression import Code
from helpers.params import load
from helpers.report import LEDGER, METHOD, PROJECT, Report, open_report

pytestmark = pytest.mark.slow
GUIDE = PROJECT / "docs" / "ru" / "rukovodstvo-analitika.md"
CHAPTER = "## Новый год"
BEST_MARK = 5
FIRST = "kamchatka-2021"
NAMES = [FIRST, "kamchatka-2022", "kamchatka-2023"]
WIDTH = load(PROJECT / "params" / f"{FIRST}.yml", METHOD).disclosure.width

STEPS = """
import sys
from helpers.publish.steps import run_steps
from helpers.report import open_report
list(run_steps(open_report(sys.argv[1])))
"""
RECORD = """
import sys
from helpers import tables
from helpers.publish.downloads import FOLDER, csv_bytes
from helpers.publish.publication import record
from helpers.report import open_report
report = open_report(sys.argv[1])
shown = report.site("public") / FOLDER
shown.mkdir(parents=True)
for name in tables.seen("protected"):
    frame = report.read(name, "public")
    if frame.height:
        (shown / f"{name}.csv").write_bytes(csv_bytes(frame))
print(record(report))
"""
"""What `report publish --production` writes into the ledger, of a site that has no more than its tables."""


def commands() -> list[list[str]]:
    """The commands of the chapter, one after another."""
    text = GUIDE.read_text(encoding="utf-8")
    chapter = text[(start := text.index(f"\n{CHAPTER}\n")) : text.index("\n## ", start + 1)]
    blocks = re.findall(r"^```\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


@dataclass(frozen=True)
class Walk:
    """Where the years were walked, and what the command has said of each."""

    copy: Copy
    said: dict[str, str]

    def report(self, name: str) -> Report:
        found = open_report(str(self.copy.root / "params" / f"{name}.yml"), str(self.copy.root))
        assert found.name == name
        return found

    def published(self, name: str) -> list[Published]:
        """The ledger beside the raw data of the copy; here, outside of it, a report of the copy has other folders."""
        return read_ledger(self.copy.root / "data" / "raw" / name / LEDGER)


@pytest.fixture(scope="module")
def walk(dirty: Path, computed: Path, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The first year is that of the demonstration region."""
    copy = copy_project(tmp_path_factory.mktemp("years") / "project")
    shutil.copytree(computed, copy.root / "data")
    shutil.copytree(dirty.parent, copy.root / "data" / "raw" / FIRST)
    (copy.root / "data" / "raw" / FIRST / dirty.name).replace(copy.root / "params" / dirty.name)
    said = {}
    for report, *words in commands():
        assert report == "report"
        if words[0] == "build":
            assert words[2:] == ["--edition", "all"]
            said[" ".join(words)] = copy.python(STEPS, words[1]) if words[1] != FIRST else "computed"
        elif words[0] == "publish":
            assert words[2:] == ["--to", "../сайт", "--production"]
            said[" ".join(words[:2])] = copy.python(RECORD, words[1])
        else:
            said[" ".join(words)] = copy.report(*words)
    return Walk(copy, said)


def test_the_chapter_has_the_whole_way():
    verbs = [words[1] for words in commands()]
    assert verbs == ["build", "publish", *(["new", "demo", "check", "build", "publish"] * 2)]


def test_every_year_is_accepted_and_no_public_edition_is_refused(walk: Walk):
    for year in (2022, 2023):
        told = next(text for command, text in walk.said.items() if command.startswith(f"check kamchatka-{year}"))
        assert "Данные приняты" in told
    for name in NAMES:
        report = walk.report(name)
        assert report.read("refusals").is_empty()
        assert report.read("published_results", "public").height > 20


def test_what_lasts_of_the_planted_schools_is_found_in_every_year(walk: Walk):
    truth = PROJECT / "data" / "raw" / FIRST / "_truth" / "effects.csv"
    with truth.open(encoding="utf-8") as file:
        planted = {row["school_id"]: float(row["persistent"]) for row in csv.DictReader(file)}
    for name in NAMES:
        effect = dict(walk.report(name).read("effect").select("school_id", "effect").iter_rows())
        strong = {school_id: value for school_id, value in planted.items() if abs(value) >= 0.45}
        assert len(strong) == 8
        for school_id, value in strong.items():
            assert effect[school_id] * value > 0 and abs(effect[school_id]) > 0.1, (name, school_id)


def test_the_new_years_are_in_the_tables(walk: Walk):
    last = walk.report(NAMES[-1])
    results = last.read("results")
    used = results.filter(pl.col("set_aside").is_null())
    assert set(used["year"]) == {2018, 2019, 2021, 2022, 2023}
    assert used.filter(year=2022)["procedure"].unique().to_list() != ["VPR"]
    assert "VPR" not in set(used.filter(year=2022)["procedure"]) and "VPR" in set(used.filter(year=2023)["procedure"])
    assert set(results.filter(procedure="VPR", year=2022)["grade"]) == {"4", "5", "6", "7", "8"}
    members = last.read("membership").filter(programme="regional")
    assert dict(members.filter(year=2023).group_by("state").len().iter_rows()) == {"entered": 2, "left": 2, "stays": 24}
    schools = last.read("schools").filter(year=2021)
    assert schools.filter(why_excluded="before_merger").height >= 4


def test_the_ledger_has_what_was_published(walk: Walk):
    """Whole, in its order, the first editions as they were when they went out."""
    for number, name in enumerate(NAMES, start=1):
        report = walk.report(name)
        published = walk.published(name)
        assert [one.name for one in published] == [f"{n:03}-{one}" for n, one in enumerate(NAMES[:number], start=1)]
        newest = published[-1]
        assert newest.years == report.params.years
        for table, frame in newest.tables.items():
            assert frame.equals(report.read(table, "public")), (name, table)
        assert newest.numbers == {one: report.read_numbers(one, "public") for one in tables.NUMBERS}
        for before, after in zip(published, walk.published(NAMES[-1]), strict=False):
            assert all(frame.equals(after.tables[table]) for table, frame in before.tables.items())


def test_years_that_were_published_are_shown_as_they_were(walk: Walk):
    first, *later = walk.published(NAMES[-1])
    for table in (name for name, keys in BLOCKS.items() if "year" in keys):
        groups = [name for name in tables.CONTRACT[table].key if name == "group_id"]
        for edition in later:
            old, new = (one.tables[table].filter(pl.col("year") <= 2021) for one in (first, edition))
            if groups:
                both = set(old["group_id"]) & set(new["group_id"])
                old, new = (one.filter(pl.col("group_id").is_in(both)) for one in (old, new))
            assert old.sort(old.columns).equals(new.sort(old.columns)), table


def test_all_editions_side_by_side_tell_nothing_that_is_hidden(walk: Walk):
    """A linear programme over the three public editions at once, work by work: these have nothing in common."""
    work = ["year", "procedure", "subject", "grade"]
    editions = [
        report.read("published_results", "public")
        .filter(pl.col("group_id").n_unique().over(work) > 1)  # others are told of the region alone
        .with_columns(pl.when(pl.col("mean") <= BEST_MARK).then("mean"))  # scores of a hundred bound nothing
        .join(hidden(report, "published_results"), on=[*work, "group_id"], how="left")
        for report in map(walk.report, NAMES)
    ]
    tried = 0
    for _, of_work in pl.concat(editions).group_by(work, maintain_order=True):
        attack = side_by_side([one.join(of_work, on=work, how="semi") for one in editions], work)
        secrets = of_work.filter(code=Code.FEW.value).unique([*work, "group_id"])
        for row in secrets.iter_rows(named=True):
            at = (*(row[name] for name in work), row["group_id"])
            for form in ({("k", *at): 1}, {("n", *at): 1, ("k", *at): -1}):
                assert attack.width(form) >= min(WIDTH, row["n"]) - 1e-5, at
                tried += 1
    assert tried > 60


def hidden(report: Report, table: str) -> pl.DataFrame:
    """What the internal edition says of the cells that its public one hides."""
    found = report.read("hidden_cells").filter(table=table)
    keys = tables.CONTRACT[table].key
    values = [pl.col("cell").str.extract(rf"(?:^| · ){key}=(.*?)(?: · |$)").alias(key) for key in keys]
    public = report.read(table, "public")
    return found.select(*values, "n", "code").with_columns(
        pl.col(key).replace({"*": REGION}).cast(public.schema[key]) for key in keys
    )


def side_by_side(editions: list[pl.DataFrame], alike: list[str]) -> Attack:
    """All that the editions tell: each by itself, and that groups of one edition are made of the same municipalities."""
    attack = Attack()
    for public in (one for one in editions if one.height):
        alone = attack_people(public, alike)
        attack.at_most(dict.fromkeys(alone.names, 0), None)
        for form, most in alone.known:
            attack.at_most(form, most)
    for name in list(attack.names):
        if "+" in str(name[-1]):
            parts = {(*name[:-1], one): 1 for one in name[-1].split("+")}
            attack.between({name: -1} | parts, 0, 0)
    return attack


def test_hidden_cells_are_the_hidden_ones(walk: Walk):
    """So the attack is on all of them."""
    for name in NAMES:
        report = walk.report(name)
        shown = report.read("published_results", "public").filter(pl.col("share_text") == HIDDEN_WORD)
        listed = hidden(report, "published_results")
        assert shown.join(listed, on=["year", "procedure", "subject", "grade", "group_id"], how="anti").is_empty()


def test_the_new_params_say_where_they_come_from(walk: Walk):
    params = yaml.safe_load((walk.copy.root / "params" / "kamchatka-2023.yml").read_text(encoding="utf-8"))
    assert params["years"] == [2018, 2019, 2021, 2022, 2023]
    assert [one["report"] for one in params["earlier"]] == ["kamchatka-2022", FIRST]
    assert Path(walk.copy.root / "data" / "raw" / "kamchatka-2023" / "CHECKLIST.md").is_file()
