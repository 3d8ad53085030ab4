"""Who is new among the named, who is gone and why: schools whose reason is known by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from cells import defined

from helpers import tables
from helpers.params import load
from helpers.problems import BadInput
from helpers.report import CONCLUSIONS, METHOD, PROJECT, Report
from helpers.show import changes
from helpers.support import Conclusions, changed_conclusions, keep, last_before, rules_of

NB = "\u00a0"
RULES = {"flag.delta": 0.1, "flag.watch": 0.9, "small_n.flag_each_year": 10}
NONE, WATCH, PERSISTENT = ("none", "within"), ("watch", "below"), ("persistent", "above")
SCHOOLS = {  # tier and direction, effect, its error: in the earlier report and now
    # P(effect < −0.1) = Φ((0.25 − 0.1)/0.1) = Φ(1.5) = 0.933; Φ(1) = 0.841; Φ(0.75) = 0.773; Φ(1.25) = 0.894
    "gone-effect": ((WATCH, -0.25, 0.1), (NONE, -0.2, 0.1)),
    "gone-error": ((WATCH, -0.25, 0.1), (NONE, -0.25, 0.2)),
    "gone-both": ((WATCH, -0.25, 0.1), (NONE, -0.2, 0.2)),  # either alone is enough
    "gone-other": ((WATCH, -0.25, 0.1), (("dependent", None), -0.25, 0.1)),
    "gone-closed": ((WATCH, -0.25, 0.1), None),
    "gone-unknown": ((WATCH, -0.25, 0.1), (("insufficient_data", None), None, None)),
    "new-effect": ((NONE, 0.2, 0.1), (PERSISTENT, 0.5, 0.1)),
    "new-error": ((NONE, 0.3, 0.2), (PERSISTENT, 0.3, 0.1)),
    "new-first": (None, (PERSISTENT, 0.5, 0.1)),
    "turned": ((WATCH, -0.25, 0.1), (PERSISTENT, 0.5, 0.1)),
    "stays": ((WATCH, -0.25, 0.1), (WATCH, -0.26, 0.1)),
    "nobody": ((NONE, 0.0, 0.1), (NONE, 0.0, 0.1)),
}  # fmt: skip
WHY = {
    "gone-effect": "effect", "gone-error": "precision", "gone-both": "effect,precision", "gone-other": "condition",
    "gone-closed": "closed", "gone-unknown": "unknown", "new-effect": "effect", "new-error": "precision",
    "new-first": "first", "turned": "effect", "stays": "",
}  # fmt: skip


def said(report: str, year: int, place: int, rules=RULES, schools=SCHOOLS) -> Conclusions:
    rows = [(school, *told[place]) for school, told in schools.items() if told[place]]
    flags = pl.DataFrame(
        [(school, *named) for school, named, _, _ in rows], schema=["school_id", "tier", "direction"], orient="row"
    )
    effect = pl.DataFrame(
        [(school, effect, error) for school, _, effect, error in rows if effect is not None],
        schema={"school_id": pl.String, "effect": pl.Float64, "effect_se": pl.Float64}, orient="row",
    )  # fmt: skip
    there = flags.select(
        "school_id", school_name=pl.format("СШ {}", "school_id"), group_name=pl.lit("Юг"), year=pl.lit(year)
    )
    frames = {"flags": flags, "effect": effect, "schools": there}
    return Conclusions(
        report, year, dict(rules), **{name: tables.conformed(name, frame) for name, frame in frames.items()}
    )


def reasons(before: Conclusions, now: Conclusions) -> dict[str, str]:
    return dict(changed_conclusions(before, now).select("school_id", "why").iter_rows())


def test_each_school_is_told_by_what_moved_it():
    table = changed_conclusions(said("край-2021", 2021, 0), said("край-2022", 2022, 1))
    assert dict(table.select("school_id", "why").iter_rows()) == WHY
    change = dict(table.select("school_id", "change").iter_rows())
    assert all(change[school] == school.partition("-")[0] for school in WHY)
    assert set(table["other_rules"]) == {""} and set(table["earlier_report"]) == {"край-2021"}
    closed = table.row(by_predicate=pl.col("school_id") == "gone-closed", named=True)
    assert closed["school_name"] == "СШ gone-closed" and closed["tier"] is None, (
        "its name is that of the earlier report"
    )


def test_a_changed_rule_is_a_reason_where_it_alone_names_or_drops_a_school():
    same = {"a": ((WATCH, -0.25, 0.1), (NONE, -0.25, 0.1)), "b": ((NONE, 0.3, 0.2), (NONE, 0.3, 0.2))}
    before, now = (
        said("край-2021", 2021, 0, schools=same),
        said("край-2022", 2022, 1, RULES | {"flag.watch": 0.95}, same),
    )
    table = changed_conclusions(before, now)
    assert table.select("school_id", "change", "why", "other_rules").rows() == [("a", "gone", "rules", "flag.watch")]
    assert (
        changes.rules_in_words("flag.watch, outcome.min_results") == "порог «зоны внимания», как складывается результат"
    )


def test_nothing_alone_is_all_together():
    # z of 0.9 is 1.282: now 0.2/0.14 = 1.43; with one value of before 0.19/0.14 = 1.36 or 0.2/0.15 = 1.33; with both 1.27
    slight = {"a": ((NONE, 0.29, 0.15), (PERSISTENT, 0.30, 0.14))}
    assert reasons(said("к-2021", 2021, 0, schools=slight), said("к-2022", 2022, 1, schools=slight)) == {
        "a": "together"
    }


def test_without_an_earlier_report_there_is_nothing_to_tell(tmp_path: Path):
    assert last_before(tmp_path / "nowhere", 2022) is None
    assert changed_conclusions(None, said("край-2022", 2022, 1)).is_empty()
    assert changes.in_brief(pl.DataFrame()) == ""


def test_what_was_published_is_read_back_and_the_latest_before_counts(tmp_path: Path):
    for name, year in (("край-2019", 2019), ("край-2021", 2021), ("край-2022", 2022)):
        keep(tmp_path, said(name, year, 0))
    keep(tmp_path, said("край-2021", 2021, 1))  # published again: what readers have seen last
    found, wanted = last_before(tmp_path, 2022), said("край-2021", 2021, 1)
    assert (found.report, found.year, found.rules) == ("край-2021", 2021, RULES)
    for name in ("flags", "effect", "schools"):
        assert (
            getattr(found, name).select(getattr(wanted, name).columns).equals(getattr(wanted, name).sort("school_id"))
        )
    (tmp_path / "край-2021" / "flags.parquet").write_bytes(b"")
    with pytest.raises(BadInput, match="которые не читаются целиком"):
        last_before(tmp_path, 2022)


def test_a_report_is_not_made_from_what_it_has_said_itself(tmp_path: Path):
    params = load(PROJECT / "params" / "california-2000.yml", METHOD)
    report = Report(tmp_path / "край-2022.yml", params, tmp_path)
    for name, year in (("край-2021", 2021), ("край-2022", 2022)):
        keep(tmp_path / CONCLUSIONS, said(name, year, 0))
    assert {path.parent.name for path in report.concluded_files} == {"край-2021"}
    assert rules_of(params)["flag.watch"] == params.flag.watch and not any(
        key.endswith("source") for key in rules_of(params)
    )


def test_the_first_page_names_who_is_new_and_who_is_gone():
    rows = pl.DataFrame(
        {"change": ["new", "gone", "stays"], "school_name": ["СШ *1*", "СШ 2", "СШ 3"], "reasons": ["отклонение стало другим"] * 3,
         "earlier_year": [2021] * 3}
    )  # fmt: skip
    told = changes.in_brief(rows)
    assert told == (
        r"**С прежнего отчёта**, за 2021 год. Впервые названы 1: СШ \*1\* (отклонение стало другим). "
        "Больше не названы 1: СШ 2 (отклонение стало другим)."
    )
    many = changes.in_brief(pl.concat([rows.filter(change="new")] * 10))
    assert "Впервые названы 10:" in many and many.endswith("; и ещё 2.")
    assert changes.in_brief(rows.filter(change="stays")).endswith("Никто не назван впервые, и никто не выбыл.")


def test_the_page_counts_as_its_table():
    rows = changed_conclusions(said("kray-2021", 2021, 0), said("kray-2022", 2022, 1))
    told = defined("changes").told(rows)
    assert f"названы и тогда, и теперь 1{NB}школа, впервые — 3, больше не названы 6; сменили" in " ".join(
        told.split(" ")
    )
