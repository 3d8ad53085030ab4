"""Editions side by side: a reader who has kept the earlier ones learns nothing more from a later one of the same year."""

from __future__ import annotations

import shutil

import polars as pl
import pytest
from test_protected import MEASURES, PARAMS, region, with_rules

from helpers import tables
from helpers.disclosure import disclose, refuse_public
from helpers.disclosure.groups import REGION
from helpers.disclosure.ledger import Published, add, frozen, frozen_numbers, read_ledger
from helpers.disclosure.protected import protected_tables
from helpers.disclosure.rounding import HIDDEN_WORD
from helpers.problems import BadInput
from helpers.publish.downloads import FOLDER, csv_bytes
from helpers.publish.publication import record
from helpers.report import PROJECT, Report

LATE = "e1"
"""The school whose passport came late: below expectation, eight of its twenty with the lowest mark."""
NUMBERS = {"measures": {}, "summary": {"below": {"named": 4}}, "model": {"years": [], "year_to_year": []}}


def late_passport(came: bool) -> dict[str, pl.DataFrame]:
    """The region by hand, with or without the passport, the conclusion and the results of one school in its last year."""
    made, last = region(), PARAMS.years[-1]
    ours = pl.col("school_id") == LATE
    results = made["results"].with_columns(share_low=pl.when(ours).then(8 / 20).otherwise("share_low"))
    if came:
        return made | {"results": results}
    away = ours & (pl.col("year") == last)
    return made | {
        **{name: made[name].filter(~away) for name in ("context", "wellbeing_index", "outcome", "expectation")},
        "results": results.filter(~away),
        "schools": made["schools"].with_columns(why_excluded=pl.when(away).then(pl.lit("no_passport"))),
        "effect": made["effect"].filter(~ours),
        "flags": made["flags"].with_columns(
            pl.when(~ours).then(column).alias(column) for column in ("direction", "context_class")
        ),
    }


def editions(*internal: dict[str, pl.DataFrame]) -> list[dict[str, pl.DataFrame]]:
    """Public editions of one year, each published before the next is made."""
    made: list[dict[str, pl.DataFrame]] = []
    for one in internal:
        ledger = [Published(f"{n}", "край-2021", PARAMS.years, before, NUMBERS) for n, before in enumerate(made)]
        made.append(protected_tables(one, with_rules(), "край-2021", ledger))
    return made


def told(public: dict[str, pl.DataFrame]) -> set[tuple]:
    """Every number and text that an edition shows, with the place where it stands; what all know of schools aside."""
    return {
        (name, *row)
        for name in (*tables.PROTECTED, *tables.ANONYMOUS)
        if name != "directory"
        for row in public[name].iter_rows()
    }


def test_without_the_ledger_two_editions_name_the_late_schools_verdict_and_its_low_marks():
    """So there is something to protect: region, class and twos differ by just this school."""
    first, second = (protected_tables(late_passport(came), with_rules(), "край-2021") for came in (False, True))
    below = [
        one["published_flags"].filter(direction="below").filter(pl.col("schools").is_not_null())
        for one in (first, second)
    ]
    more = below[1].join(below[0], on=["group_id", "context_class"], suffix="_before")
    grown = more.filter(pl.col("schools") == pl.col("schools_before") + 1)
    assert {(REGION, REGION), (REGION, "middle")} <= set(grown.select("group_id", "context_class").iter_rows())
    assert told(first) != told(second)


def test_a_reissue_after_a_late_passport_tells_no_number_that_the_first_has_not_told():
    first, second = editions(late_passport(False), late_passport(True))
    assert told(second) == told(first)
    kept = second["kept_blocks"]
    assert set(kept["edition"]) == {"0"}
    changed = set(kept.filter(pl.col("changed") > 0)["table"])
    assert {"published_flags", "published_results", "excluded"} <= changed
    assert kept.filter(pl.col("changed") == 0).height > 10
    assert first["kept_blocks"].is_empty()


def test_the_third_issue_is_held_against_the_first_and_the_next_year_against_all():
    *_, third = editions(late_passport(False), late_passport(True), late_passport(True))
    assert set(third["kept_blocks"]["edition"]) == {"0"}
    first = protected_tables(late_passport(False), with_rules(), "край-2021")
    ledger = [Published("1", "край-2021", PARAMS.years, first, NUMBERS)]
    shown, kept = frozen(protected_tables(late_passport(True), with_rules(), "край-2022"), ledger, PARAMS.years[-1] + 1)
    assert not set(kept["table"]) & {"published_flags", "groups", "specifications"}, "these speak of the new year"
    old = {row for row in told(shown) if row[0] in ("published_results", "excluded", "distributions")}
    assert old <= told(first)


def test_what_is_hidden_is_listed_as_it_is_shown():
    _, second = editions(late_passport(False), late_passport(True))
    flags = second["published_flags"].filter(pl.col("context_class") == REGION)
    listed = second["hidden_cells"].filter(table="published_flags")
    assert listed.height == flags.filter(pl.col("schools_text") == HIDDEN_WORD).height


def test_a_group_that_was_not_published_then_is_hidden_and_the_others_are_as_they_were():
    first = protected_tables(region(), with_rules(), "край-2021")
    merged = protected_tables(
        region(), with_rules(least_schools=5, districts={"Белый": "Юг", "Вишнёвый": "Юг"}), "край-2021"
    )
    shown, _ = frozen(merged, [Published("1", "край-2021", PARAMS.years, first, NUMBERS)], PARAMS.years[-1])
    assert set(shown["groups"]["group_id"]) == set(merged["groups"]["group_id"])
    for name in ("published_results", "published_context", "published_flags"):
        texts = [c for c in shown[name].columns if c.endswith("_text")]
        new = shown[name].filter(pl.col("group_id").str.contains("+", literal=True))
        assert new.height
        assert {text for column in texts for text in new[column]} == {HIDDEN_WORD}, name
        numbers = [c for c, kind in shown[name].schema.items() if kind.is_float() or c == "schools"]
        assert all(value is None for row in new.select(numbers).iter_rows() for value in row)
        of_region = shown[name].filter(pl.col("group_id") == REGION)
        assert set(of_region.iter_rows()) == set(first[name].filter(pl.col("group_id") == REGION).iter_rows())
    assert shown["groups"]["mean_effect"].to_list() == [None] * shown["groups"].height


def test_numbers_of_the_fits_are_as_published_year_by_year():
    def numbers(slope: float, *years: int) -> dict:
        return {"measures": {"m": slope}, "summary": {"s": slope},
                "model": {"pooled": slope, "years": [{"year": y, "slope": slope} for y in years], "year_to_year": []}}  # fmt: skip

    before = Published("1", "r", [2019, 2021], {}, numbers(0.1, 2019, 2021))
    again = frozen_numbers(numbers(0.2, 2019, 2021), [before], 2021)
    assert again == before.numbers
    later = frozen_numbers(numbers(0.2, 2019, 2021, 2022), [before], 2022)
    assert later["model"]["years"] == [
        {"year": 2019, "slope": 0.1},
        {"year": 2021, "slope": 0.1},
        {"year": 2022, "slope": 0.2},
    ]
    assert (later["summary"], later["model"]["pooled"]) == ({"s": 0.2}, 0.2)


# on disk


@pytest.fixture
def report(tmp_path) -> Report:
    """A region's params and tables beside each other, its data closed."""
    file = tmp_path / "край-2021.yml"
    shutil.copyfile(PROJECT / "params" / "kamchatka-2021.yml", file)
    return filled(Report(file, with_rules(), tmp_path), late_passport(False))


def filled(report: Report, internal: dict[str, pl.DataFrame]) -> Report:
    report.write(**{name: table for name, table in internal.items() if name not in tables.HIDDEN})
    fits = dict.fromkeys(("intercept", "slope", "slope_se", "intercept_se", "bend", "centre", "tau2", "r2"), 0.1)
    model = {"years": [{"year": 2021, "n_schools": 20, **fits}], "pooled": {}, "year_to_year": [], "specification": ""}
    report.write_numbers("model", model)
    report.write_numbers("measures", {name: {} for name in MEASURES})
    report.write_numbers("summary", {"schools": 20})
    return report


def with_site(report: Report) -> Report:
    folder = report.site("public") / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in tables.seen("protected"):
        if (frame := report.read(name, "public")).height:
            (folder / f"{name}.csv").write_bytes(csv_bytes(frame))
    return report


def public(report: Report) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in report.tables("public").iterdir()}


def test_the_published_edition_is_beside_the_raw_data_and_a_build_that_finds_it_makes_the_same(report):
    disclose(report)
    before = public(report)
    assert record(with_site(report)) == "001-край-2021"
    assert not [path for path in report.raw_files if "_published" in path.parts]
    disclose(report)
    assert public(report) == before
    assert record(with_site(report)) is None, "the same bytes twice are one edition"
    assert read_ledger(report.ledger)[0].tables["published_flags"].equals(report.read("published_flags", "public"))


def test_a_reissue_is_an_edition_of_its_own_only_if_it_shows_something_else(report):
    disclose(report)
    record(with_site(report))
    disclose(filled(report, late_passport(True)))
    assert report.read("kept_blocks").filter(pl.col("changed") > 0).height
    more = region()
    extra = more["results"].filter(subject="rus", procedure="OGE").with_columns(subject=pl.lit("math"))
    disclose(filled(report, late_passport(True) | {"results": pl.concat([late_passport(True)["results"], extra])}))
    assert record(with_site(report)) == "002-край-2021"
    assert [one.name for one in read_ledger(report.ledger)] == ["001-край-2021", "002-край-2021"]


def test_tables_that_the_site_does_not_show_are_not_recorded(report):
    disclose(report)
    with_site(report)
    disclose(filled(report, late_passport(True)))
    with pytest.raises(BadInput, match="не та, что на построенном сайте"):
        record(report)
    assert not report.ledger.exists()


def test_open_data_have_no_ledger(report):
    opened = Report(report.params_file, with_rules().model_copy(update={"open_data": "данные открыты"}), report.out)
    assert record(opened) is None


def test_a_spoiled_edition_is_told_and_refuses_the_public_edition_alone(report):
    disclose(report)
    record(with_site(report))
    (report.ledger / "001-край-2021" / "groups.parquet").write_bytes(b"rubbish")
    assert disclose(report).is_empty()
    assert report.read("published_flags", "public").is_empty()
    with pytest.raises(
        BadInput, match="Папка _published/001-край-2021 — найдено: выпуск, который не читается"
    ) as caught:
        refuse_public(report)
    assert "report publish --production" in str(caught.value)


def test_rules_that_the_public_edition_cannot_keep_do_not_stop_the_internal_one(report):
    wrong = Report(report.params_file, with_rules(named=["e1", "нет"]), report.out)
    disclose(wrong)
    assert wrong.read("refusals").height == 2
    with pytest.raises(BadInput) as caught:
        refuse_public(wrong)
    assert str(caught.value).count("disclosure.named") == 2
    disclose(report)
    refuse_public(report)
    assert report.read("refusals").is_empty()


def test_an_edition_written_halfway_is_no_edition(tmp_path):
    shown = {name: tables.empty(name) for name in tables.seen("protected")}
    (tmp_path / "001-x.new").mkdir()
    assert read_ledger(tmp_path) == []
    assert add(tmp_path, "x", [2021], shown, NUMBERS) == "001-x"
    assert [one.name for one in read_ledger(tmp_path)] == ["001-x"]
