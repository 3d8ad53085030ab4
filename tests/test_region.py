"""A region's files: the clean ones are accepted, every piece of planted dirt is found, what can be recovered is."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from copies import contents
from polars.testing import assert_frame_equal

from helpers import tables
from helpers.intake import accept, examine, layouts
from helpers.intake.checks import TITLES
from helpers.problems import BadInput
from helpers.report import PROJECT, open_report

NOT_OF_FILES = ("acceptance", "protocol", "corrections", "calendar")
DATA = [
    name for name in tables.FROM_INTAKE if name not in (*NOT_OF_FILES, "explanations")
]  # no invented school has answered
# kind of dirt: the check that has to notice it; where the check only counts, how often is compared
TOLD = {
    "hidden_sheet": "hidden_sheet", "hidden_row": "hidden_rows", "lock_file": "stray_file", "thumbs": "stray_file",
    "latin_look_alike": "look_alikes", "lost_leading_zero": "mended_codes",
    "share_as_fraction": "fractions", "duplicate_identical": "duplicates", "duplicate_differs": "duplicates",
    "excel_date": "excel_dates", "share_sum_wrong": "share_sums", "n_zero_with_shares": "nobody",
    "n_above_enrolled": "enrolled", "part_above_whole": "whole", "unknown_school": "unknown_school",
    "union_above_sum": "union", "union_as_sum": "union", "copied_passport": "copied", "zero_for_missing": "zeros",
    "both_he_overreported": "both_higher", "heaping": "heaping", "jump": "jumps", "passport_date": "passport_date",
    "missing_school": "absent_school", "total_mismatch": "totals_agree", "low_response": "low_response",
    "lost_comma": "numbers", "participants_differ": "tasks_agree",
}  # fmt: skip
COUNTED = {
    "percent_sign_text": "text_numbers", "decimal_comma_text": "text_numbers", "less_than_5": "hidden_by_source",
    "colloquial_name": "matched_confirmed", "old_name": "matched_name", "odd_quotes": "matched_name",
    "totals_rows": "totals", "footnote": "notes", "other_attempts": "other_attempts",
}  # fmt: skip
READ_ALL_THE_SAME = {
    "nbsp_thousands", "no_data_token", "cp1251_csv", "utf8_sig_csv", "semicolon_csv", "comma_csv", "tab_csv",
    "numeric_code", "xls_file", "ods_file", "empty_rows", "trailing_spaces", "rounding_sum", "merged_cells_in_data", "merged_header",
}  # fmt: skip
MADE_OF = {
    "passport": ["passports", "context", "schools"], "vpr": ["results", "primary_scores", "journal", "tasks", "schools"],
    "questionnaire": ["questionnaires"],
}  # fmt: skip
FORBIDDING = {
    "excel_date", "share_sum_wrong", "n_zero_with_shares", "n_above_enrolled", "part_above_whole", "duplicate_differs",
    "unknown_school", "union_above_sum", "lost_comma",
}  # fmt: skip


@pytest.fixture(scope="session")
def uncorrected(dirty, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("uncorrected") / "region"
    shutil.copytree(dirty.parent, folder)
    (folder / "corrections.yml").unlink()
    return folder / dirty.name


@pytest.fixture(scope="session")
def from_uncorrected(uncorrected):
    return examine(open_report(str(uncorrected)))


@pytest.fixture(scope="session")
def dirt(dirty) -> pl.DataFrame:
    return pl.read_csv(dirty.parent / "_truth" / "dirt.csv", infer_schema=False)


def test_the_clean_region_is_accepted_without_a_fault(from_clean):
    assert from_clean.findings.fails == []
    assert from_clean.unknown == {}


def test_the_clean_region_gives_little_to_look_at(from_clean):
    advice = Counter(one.check for one in from_clean.findings.found)
    assert sum(advice.values()) <= 5, advice


def test_every_kind_of_dirt_is_known_here(dirt):
    assert set(dirt["kind"]) <= {*TOLD, *COUNTED, *READ_ALL_THE_SAME}


@pytest.mark.parametrize("kind", sorted(TOLD))
def test_planted_dirt_is_told_where_it_lies(kind, dirt, from_uncorrected):
    planted = dirt.filter(kind=kind)
    assert planted.height
    found = [one for one in from_uncorrected.findings.found if one.check == TOLD[kind]]
    files = {one.problem.file for one in found}
    for file, row, school_id in planted.select("file", "row", "school_id").unique().iter_rows():
        if kind in ("missing_school",):
            assert school_id in {one.school_id for one in found}
            continue
        assert file in files
        rows = {one.problem.row for one in found if one.problem.file == file}
        cut_short = any("ниже ещё" in one.problem.found for one in found if one.problem.file == file)
        assert (
            row is None
            or rows == {None}
            or cut_short
            or rows & {int(row), None}
            or _same_school(found, file, school_id)
        )


def _same_school(found, file, school_id) -> bool:
    """Of two rows of one school either may be named as the second."""
    return any(one.problem.file == file and one.school_id == school_id for one in found)


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_planted_dirt_that_is_read_is_counted(kind, dirt, from_dirty, from_clean):
    same = [other for other, check in COUNTED.items() if check == COUNTED[kind]]
    planted = dirt.filter(pl.col("kind").is_in(same)).height
    assert planted
    more = from_dirty.findings.counted[COUNTED[kind]] - from_clean.findings.counted[COUNTED[kind]]
    if COUNTED[kind] == "matched_name":  # an old name or an odd one is found as any other is
        assert not from_dirty.findings.fails
    else:
        assert more == planted


@pytest.mark.slow
@pytest.mark.parametrize("name", ["from_clean", "from_dirty", "from_uncorrected"])
def test_every_row_below_a_header_is_counted_once(name, request):
    counted = request.getfixturevalue(name).findings.counted
    of_schools = ["rows_read", "rows_unknown"]
    set_aside = ["totals", "notes", "header_again", "signatures", "other_attempts", "maxima", "rows_dropped"]
    assert counted["rows_all"] == sum(counted[check] for check in of_schools + set_aside)
    assert counted["rows_read"] == sum(number for check, number in counted.items() if check.startswith("matched_"))


@pytest.mark.parametrize("kind", sorted(FORBIDDING))
def test_what_cannot_be_recovered_forbids_the_report(kind, dirt, from_uncorrected):
    files = {p.file for p in (one.problem for one in from_uncorrected.findings.found if one.status == "FAIL"
                              and one.check == TOLD[kind])}  # fmt: skip
    assert set(dirt.filter(kind=kind)["file"]) <= files


def test_nothing_else_forbids_it(from_uncorrected):
    faults = {one.check for one in from_uncorrected.findings.found if one.status == "FAIL"}
    assert faults <= {TOLD[kind] for kind in FORBIDDING}


def test_without_the_corrections_the_report_is_refused(uncorrected):
    with pytest.raises(BadInput, match="ожидалось"):
        accept(open_report(str(uncorrected)))


def test_with_the_corrections_it_is_accepted(from_dirty, dirt):
    assert from_dirty.findings.fails == []
    forbidding = dirt.filter(pl.col("kind").is_in(list(FORBIDDING))).select("file", "row", "school_id").n_unique()
    assert from_dirty.findings.counted["corrections"] == from_dirty.tables["corrections"].height > forbidding


@pytest.mark.parametrize("name", DATA)
def test_round_trip(name, from_clean, from_dirty, dirt):
    """Tables of dirty files equal those of clean ones but for the schools whose passports only ask for a look."""
    key = tables.CONTRACT[name].key
    stays = dirt.filter(pl.col("recoverable") == "no", ~pl.col("kind").is_in(list(FORBIDDING)))
    # what stays wrong in a file touches its school's rows of that year in the tables made of such files
    touched = {(int(file[:4]), school_id) for file, school_id in stays.select("file", "school_id").iter_rows()
               if file[:4].isdigit() and school_id and name in MADE_OF[file.split("/")[1]]}  # fmt: skip

    def comparable(made: dict) -> pl.DataFrame:
        frame = made[name].drop("source_file", "source_sheet", "source_row", "as_of_date", strict=False).sort(key)
        if "year" not in frame.columns:
            return frame
        rows = pl.DataFrame(sorted(touched), schema={"year": pl.Int64, "school_id": pl.String}, orient="row")
        return frame.join(rows, on=["year", "school_id"], how="anti").sort(key)

    clean, dirty = comparable(from_clean.tables), comparable(from_dirty.tables)
    assert clean.height
    assert clean.height >= 0.95 * from_clean.tables[name].height
    assert_frame_equal(dirty.select(clean.columns), clean, check_exact=False, rel_tol=1e-9)


def test_every_record_leads_home(from_dirty, dirty):
    """Names and numbers stand in the file, sheet and row that the record says."""
    passports = from_dirty.tables["passports"].filter(pl.col("source_file").str.ends_with(".xlsx"))
    for row in passports.gather_every(40).iter_rows(named=True):
        book = fastexcel.read_excel(dirty.parent / row["source_file"])
        sheet = book.load_sheet(row["source_sheet"], header_row=None, dtypes="string", skip_rows=0)
        cells = sheet.to_polars().row(row["source_row"] - 1)
        assert f"{row['n_pupils']:.0f}" in cells
    for name in ("results", "journal", "staff", "knowledge", "diagnostics", "programme", "roadmaps"):
        made = from_dirty.tables[name]
        assert made.select("source_file", "source_row").null_count().row(0) == (0, 0)
        assert all((dirty.parent / file).is_file() for file in made["source_file"].unique())


def test_every_check_has_a_title_and_every_finding_a_check(from_uncorrected):
    assert {one.check for one in from_uncorrected.findings.found} <= set(TITLES)
    assert set(from_uncorrected.findings.counted) <= set(TITLES)


def test_the_committed_region_is_what_the_command_writes_and_examining_leaves_it(dirty, from_dirty):
    committed = PROJECT / "data" / "raw" / "kamchatka-2021"
    written = contents(dirty.parent)
    del written[dirty.name]  # the params beside the files
    assert written == contents(committed)


def test_the_planted_truth_is_not_read(clean, from_clean, tmp_path):
    folder = tmp_path / "region"
    shutil.copytree(clean.parent, folder, ignore=shutil.ignore_patterns("_truth"))
    without = examine(open_report(str(folder / clean.name)))
    for name in DATA:
        assert_frame_equal(without.tables[name], from_clean.tables[name])
    assert not any("_truth" in path.as_posix() for path in open_report(str(clean)).raw_files)


# What happens to schools over the years


def test_a_merged_school_starts_anew(from_clean, clean):
    registry = pl.read_csv(clean.parent / "registry.csv", separator=";", infer_schema=False)
    merged = registry.drop_nulls("Преемник")
    assert merged.height == 4  # A and B into C, and twice A into B
    schools = from_clean.tables["schools"]
    for school_id, last, successor in merged.select("Код школы", "Действует по", "Преемник").iter_rows():
        closed = int(last[-4:] if "." in last else last[:4])
        of_both = schools.filter(pl.col("school_id").is_in([school_id, successor]), pl.col("year") <= closed)
        assert set(of_both.filter(pl.col("year") != 2020)["why_excluded"]) <= {"before_merger", "type"}
        assert schools.filter(pl.col("school_id") == school_id, pl.col("year") > closed).is_empty()
        after = schools.filter(pl.col("school_id") == successor, pl.col("year") == 2021)
        assert after["why_excluded"].to_list() != ["before_merger"]


def test_a_renamed_school_keeps_its_id(from_clean, clean):
    schools = from_clean.tables["schools"]
    named = schools.group_by("school_id").agg(pl.col("school_name").n_unique())
    assert named.filter(pl.col("school_name") > 1).height == 5


def test_biased_results_are_set_aside(from_clean):
    results = from_clean.tables["results"]
    listed = from_clean.tables["biased"].select("year", "school_id").unique()
    assert listed["school_id"].n_unique() == 2
    theirs = results.join(listed, on=["year", "school_id"]).filter(procedure="VPR")
    assert theirs.height and set(theirs["set_aside"]) == {"biased"}
    others = results.join(listed, on=["year", "school_id"], how="anti").filter(pl.col("set_aside") == "biased")
    assert others.is_empty()


def test_what_was_cancelled_is_absent_not_missing(from_clean):
    calendar = from_clean.tables["calendar"]
    cancelled = calendar.filter(procedure="OGE", year=2020).row(0, named=True)
    assert not cancelled["held"] and "отменён" in cancelled["reason"]
    results = from_clean.tables["results"]
    assert set(results.filter(year=2020, procedure="VPR")["set_aside"]) == {"not_compared"}
    assert results.filter(year=2020, procedure="OGE").is_empty()


def test_the_two_mathematics_of_the_final_exam_stay_apart(from_clean):
    exam = from_clean.tables["results"].filter(procedure="EGE")
    assert {"math_profile", "math_basic"} <= set(exam["subject"]) and "math" not in set(exam["subject"])
    assert exam.filter(subject="math_basic")["mean"].max() <= 5 < exam.filter(subject="math_profile")["mean"].min()
    assert exam.filter(pl.col("year").is_in([2020, 2021]), subject="math_basic").is_empty()


# A new year


NEW_TITLES = {
    "group": "Участники", "n_schools": "-", "n_participants": "Писали работу, чел.",
    **{f"share_{mark}": f"Получили отметку, % / «{mark}»" for mark in (2, 3, 4, 5)},
}  # fmt: skip


def test_a_year_with_moved_columns_needs_a_column_of_the_layout_and_no_code(clean, tmp_path, monkeypatch):
    import xlsxwriter

    folder = tmp_path / "region"
    shutil.copytree(clean.parent, folder)
    (folder / "2022" / "vpr").mkdir(parents=True)
    with xlsxwriter.Workbook(folder / "2022" / "vpr" / "marks.xlsx") as book:
        sheet = book.add_worksheet("Лист1")
        sheet.write_column(0, 0, ["ВПР 2022. 5 класс", "Предмет: Русский язык", ""])
        sheet.write_row(3, 0, ["№", "Получили отметку, %", "", "", "", "Писали работу, чел.", "Участники"])
        sheet.write_row(4, 0, ["", "«5»", "«4»", "«3»", "«2»"])
        sheet.write_row(5, 0, [1, 20, 30, 40, 10, 50, "Петропавловск-Камчатский городской округ"])
        sheet.write_row(6, 0, [2, 20, 30, 40, 10, 50, "sch410101"])
    params = folder / clean.name
    with pytest.raises(
        BadInput, match=r"такого столбца нет.*впишите новое в layouts/vpr_marks.csv, строка group, столбец all"
    ):
        accept(open_report(str(params)))

    changed = tmp_path / "layouts"
    shutil.copytree(layouts.FOLDER, changed)
    for name in ("vpr_marks", "vpr_journal", "vpr_scores", "vpr_tasks"):
        table = pl.read_csv(changed / f"{name}.csv", separator=";", infer_schema=False)
        new = pl.col("field").replace_strict(
            {"sheet": "*", "header_rows": "2" if name == "vpr_marks" else "-", **NEW_TITLES}, default=pl.col("all")
        )
        table.with_columns(new.alias("2022")).write_csv(changed / f"{name}.csv", separator=";")
    monkeypatch.setattr(layouts, "FOLDER", changed)
    layouts._described.cache_clear()
    layouts.layout.cache_clear()
    try:
        made = accept(open_report(str(params)))
    finally:
        layouts._described.cache_clear()
        layouts.layout.cache_clear()
    (row,) = made["results"].filter(year=2022).iter_rows(named=True)
    assert (row["school_id"], row["grade"], row["subject"], row["n_participants"]) == ("k001", "5", "rus", 50)
    assert (row["mean"], row["share_low"]) == (pytest.approx(3.6), pytest.approx(0.1))
    assert row["source_row"] == 7
