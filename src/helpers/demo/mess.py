"""The mess of real files: rows, sheets and files that are where nobody expects them, and all dirt together.

Of three depths: what a reader recovers; what only a person can mend, each piece with its item in
`corrections.yml`; what stays as it is but must be noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain, groupby

from helpers.demo.books import Book, Mark, Mend, Row, Sheet
from helpers.demo.dirt import (
    BROKEN,
    DIAGNOSTICS,
    FRACTIONS,
    MARK_SHARES,
    NOTICED,
    PHONE,
    QUESTIONNAIRE,
    RECOVERED,
    TASKS_BROKEN,
    TASKS_NOTICED,
    TASKS_RECOVERED,
    TOTAL,
    of_year,
)
from helpers.demo.planting import Dirt, Planter, insert, repeat, school_of
from helpers.demo.region import Region
from helpers.demo.results import VPR
from helpers.demo.schools import REGION_NAME
from helpers.demo.strange_names import (
    NOT_SCHOOLS,
    colloquial_names,
    confirmed,
    old_name,
    old_names,
    unknown_school,
    unknown_schools,
)


def plant(planter: Planter, region: Region) -> list[Book]:
    """Plant every kind of dirt into the planter's books; all files that then lie in the folder."""
    # totals first: they sum clean numbers; then the deep pieces, which are choosier about schools
    _totals(planter)
    for dirt in chain(BROKEN, NOTICED, [TOTAL]):
        planter.plant(dirt)
    for step in _DEEP_STEPS:
        step(planter, region)
    for dirt in RECOVERED:
        planter.plant(dirt)
    for step in _STEPS:
        step(planter, region)
    return [*planter.books, confirmed(planter), *_strays()]


def plant_in_tasks(planter: Planter) -> None:
    """Plant dirt into the reports of tasks; `planter` has a stream of its own, so that all other dirt stays where it is."""
    for dirt in chain(TASKS_BROKEN, TASKS_NOTICED, TASKS_RECOVERED):
        planter.plant(dirt)
    sheet = planter.sheet("2021/vpr/tasks_rus_5.xlsx")
    for row in planter.choose(sheet, 1):
        repeat(sheet, row, Mark("duplicate_identical"), {})
    sheet = planter.sheet("2019/vpr/tasks_math_8.xlsx")
    label = "Итого по краю"
    region = sheet.record(sheet.find(REGION_NAME))
    insert(sheet, sheet.rows[-1], region | {"group": label}, Mark("totals_rows", dirty=label))
    sheet = planter.sheet("2020/vpr/tasks_rus_8.xlsx")
    text = "Примечание. Выполнение указано в процентах от максимального балла за задание."
    insert(sheet, sheet.rows[-1], {"group": text}, Mark("footnote", dirty=text))


def plant_in_year(planter: Planter, region: Region, year: int) -> list[Book]:
    """Plant dirt into the files of a year after the first report, which are the planter's last books; all books."""
    passports = list(_passports(planter, f"{year}/"))
    dirt = of_year(year)
    _passport_totals(passports)
    for one in chain(dirt.broken, dirt.noticed):
        planter.plant(one)
    _copied_passport(planter, year, "petropavlovsk")
    _missing_school(planter, f"{year}/passport/ust_kamchatsk.xlsx")
    _wrong_duplicate(planter, f"{year}/staff/staff.xlsx", "n_teachers")
    unknown_school(planter, dirt.diagnostics, NOT_SCHOOLS[DIAGNOSTICS])
    _one_answer(planter, dirt.questionnaire)
    for one in dirt.recovered:
        planter.plant(one)
    ege, oge, staff = f"{year}/ege/ege_{year}.xlsx", f"{year}/oge/oge_{year}.xlsx", f"{year}/staff/staff.xlsx"
    old_name(planter, region, [ege, staff, dirt.questionnaire])
    _hidden_row(planter, f"{year}/passport/yelizovo.xlsx")
    _duplicate(planter, oge)
    for path in (oge, ege):
        _other_attempts_of(planter, planter.sheet(path))
    _footnotes_of(passports)
    _empty_rows_of(planter, staff, 2)
    _other_passport_date(planter, year, "karaginsky")
    planter.book("registry.csv").marks.append(Mark("utf8_sig_csv"))
    return planter.books


def _passports(planter: Planter, under: str = "") -> Iterable[Book]:
    return (book for book in planter.books if "/passport/" in book.path and book.path.startswith(under))


def _passport_totals(passports: Iterable[Book]) -> None:
    for book in passports:
        sheet = book.sheet
        counts = [name for name in sheet.titles if name.startswith("n_")]
        records = [sheet.record(row) for row in sheet.rows]
        sums = {name: sum(record[name] or 0 for record in records) for name in counts}
        insert(sheet, sheet.rows[-1], {"name": "Итого"} | sums, Mark("totals_rows", dirty="Итого"))


def _totals(planter: Planter) -> None:
    _passport_totals(_passports(planter))
    label = "Всего по муниципалитету"
    for path in ("2018/oge/oge_2018.xlsx", "2021/ege/ege_2021.xlsx"):
        sheet = planter.sheet(path)
        for municipality, rows in groupby(list(sheet.rows), key=lambda row: sheet.record(row)["municipality"]):
            several = [row for row in rows if row.key[1] == "rus"]
            total = {
                "municipality": municipality,
                "name": label,
                "subject": sheet.record(several[0])["subject"],
                "n_participants": sum(sheet.record(row)["n_participants"] for row in several),
            }
            last = [row for row in sheet.rows if sheet.record(row)["municipality"] == municipality][-1]
            insert(sheet, last, total, Mark("totals_rows", dirty=label))


def _heaping(planter: Planter, region: Region) -> None:
    """Pile scores up just above the thresholds of the marks, each within its own mark."""
    school_id = region.schools[region.biased[0]].school_id
    for subject, grade in (("rus", 5), ("math", 6)):
        sheet = planter.sheet(f"2018/vpr/scores_{subject}_{grade}.xlsx")
        row = sheet.find(school_id)
        record = sheet.record(row)
        changes = {}
        for floor in VPR[subject, grade].floors:
            at, *above = [f"share_score_{floor + step}" for step in range(3)]
            kept = {name: round(0.3 * record[name], 1) for name in above}
            changes |= kept | {at: round(record[at] + sum(record[name] - kept[name] for name in above), 1)}
        fixed = {name: (lambda _, value=value: value) for name, value in changes.items()}
        planter.soil(sheet, row, Dirt("heaping", "", fixed, deep=True))


_HIGH = {"share_2": 0.0, "share_3": 4.0, "share_4": 22.0, "share_5": 74.0}
"""Marks that lie more than one above those of an ordinary school."""


def _jump(planter: Planter, _: Region) -> None:
    """Lift the marks of a test far above those of the year before."""
    for report in ("marks_rus_6", "marks_math_5"):
        before = planter.sheet(f"2020/vpr/{report}.xlsx")
        ordinary = {
            row.key[0]
            for row in before.rows
            if (record := before.record(row))["n_participants"] >= 20
            and sum(mark * record[f"share_{mark}"] for mark in range(2, 6)) < 355
        }
        lifted = {name: (lambda _, value=value: value) for name, value in _HIGH.items()}
        dirt = Dirt("jump", f"2021/vpr/{report}.xlsx", lifted, 1, lambda row: row["n_participants"] >= 20, deep=True)
        planter.plant(dirt, ordinary)


def _copied_passports(planter: Planter, _: Region) -> None:
    for slug in ("petropavlovsk", "tigilsky"):
        _copied_passport(planter, 2021, slug)


def _copied_passport(planter: Planter, year: int, slug: str) -> None:
    before, sheet = (planter.sheet(f"{one}/passport/{slug}.xlsx") for one in (year - 1, year))
    able = {row.key[0] for row in before.rows if row.key and not row.marks}
    for row in planter.choose(sheet, 1, deep=True, among=able):
        old = before.record(before.find(*row.key))
        copied = {name: (lambda _, value=old[name]: value) for name in sheet.titles if name.startswith("n_")}
        planter.soil(sheet, row, Dirt("copied_passport", "", copied, deep=True))


def _missing_schools(planter: Planter, _: Region) -> None:
    for path in ("2020/passport/ust_kamchatsk.xlsx", "2019/passport/petropavlovsk.xlsx"):
        _missing_school(planter, path)


def _missing_school(planter: Planter, path: str) -> None:
    sheet = planter.sheet(path)
    for row in planter.choose(sheet, 1, deep=True):
        sheet.rows.remove(row)
        sheet.marks.append(Mark("missing_school", False, school_id=school_of(row)))


def _wrong_duplicates(planter: Planter, _: Region) -> None:
    for path, name in (("2020/staff/staff.xlsx", "n_teachers"), ("2020/passport/petropavlovsk.xlsx", "n_pupils")):
        _wrong_duplicate(planter, path, name)


def _wrong_duplicate(planter: Planter, path: str, name: str) -> None:
    sheet, mend = planter.sheet(path), Mend("drop", "школа записана дважды, верна первая строка", PHONE)
    for row in planter.choose(sheet, 1, deep=True):
        old = sheet.record(row)[name]
        mark = Mark("duplicate_differs", False, sheet.titles[name], clean=old, dirty=old + 9, mend=mend)
        repeat(sheet, row, mark, {name: old + 9})


def _low_response(planter: Planter, _: Region) -> None:
    _one_answer(planter, QUESTIONNAIRE)


def _one_answer(planter: Planter, path: str) -> None:
    """Leave one parent of all that answered."""
    sheet = planter.sheet(path)
    (chosen,) = planter.choose(sheet, 1, lambda row: row["role"] == "родители", deep=True)
    answers = [name for name in sheet.titles if name.startswith("n_answers_")]
    for row in [row for row in sheet.rows if row.key[:2] == chosen.key[:2]]:
        record = sheet.record(row)
        most = max(answers, key=lambda name: record[name])
        one = {name: (lambda _, value=int(name == most): value) for name in answers}
        planter.soil(sheet, row, Dirt("low_response", "", one, deep=True))


def _fraction_file(planter: Planter, _: Region) -> None:
    book = planter.book("2020/vpr/marks_math_8.xlsx")
    for row in book.sheet.rows:
        record = book.sheet.record(row)
        for name, change in FRACTIONS.items():
            row.cells[book.sheet.column(name)] = change(record)
    book.marks.append(Mark("share_as_fraction", clean="проценты", dirty="доли единицы"))


def _rounding(planter: Planter, _: Region) -> None:
    """Note rows whose shares, as they were rounded, do not make 100."""
    sheet = planter.sheet("2018/vpr/marks_rus_6.xlsx")

    def total(record: Mapping) -> float:
        return round(sum(record[name] for name in MARK_SHARES), 1)

    for row in planter.choose(sheet, 3, lambda record: total(record) != 100):
        value = total(sheet.record(row))
        row.marks.append(Mark("rounding_sum", school_id=school_of(row), clean=value, dirty=value))


def _hidden(planter: Planter, _: Region) -> None:
    """Hide an old draft before or after the sheet that counts, and rows of real schools."""
    for path, place in (("2019/staff/staff.xlsx", 0), ("2021/passport/yelizovo.xlsx", 1)):
        book = planter.book(path)
        drafts = [
            Row([value + 3 if isinstance(value, int) else value for value in row.cells]) for row in book.sheet.rows
        ]
        draft = replace(book.sheet, name="Черновик", rows=drafts, hidden=True, marks=[Mark("hidden_sheet")])
        book.sheets.insert(place, draft)
    for path in ("2020/passport/karaginsky.xlsx", "2021/staff/staff.xlsx", "2021/passport/yelizovo.xlsx"):
        _hidden_row(planter, path)


def _hidden_row(planter: Planter, path: str) -> None:
    for row in planter.choose(planter.sheet(path), 1):
        row.hidden = True
        row.marks.append(Mark("hidden_row", school_id=school_of(row)))


def _duplicate(planter: Planter, path: str) -> None:
    sheet = planter.sheet(path)
    for row in planter.choose(sheet, 1):
        repeat(sheet, row, Mark("duplicate_identical"), {})


def _duplicates(planter: Planter, _: Region) -> None:
    for path in ("2018/staff/staff.xlsx", "2018/oge/oge_2018.xlsx", "2019/ege/ege_2019.csv"):
        _duplicate(planter, path)
    mark = Mark("duplicate_identical")
    book = planter.book("2021/passport/milkovo.xlsx")
    again = [
        Row(list(row.cells), marks=[replace(mark, school_id=school_of(row))]) for row in planter.choose(book.sheet, 2)
    ]
    book.sheets.append(replace(book.sheet, name="Лист2", rows=again, marks=[]))


_OTHER_OGE = ({"form": "ГВЭ-9"}, {"period": "резервные дни"}, {"period": "дополнительный (сентябрь)"})
_OTHER_EGE = (
    {"form": "ГВЭ-11"},
    {"category": "ВПЛ"},
    {"category": "СПО"},
    {"period": "резервные дни"},
    {"period": "дополнительный (сентябрь)"},
)


def _other_attempts(planter: Planter, _: Region) -> None:
    for year, exam in ((2018, "oge"), (2019, "oge"), (2021, "oge"), *((year, "ege") for year in range(2018, 2022))):
        _other_attempts_of(planter, next(b.sheet for b in planter.books if b.path.startswith(f"{year}/{exam}/")))


def _other_attempts_of(planter: Planter, sheet: Sheet) -> None:
    """Add rows of other forms, categories and periods: one or two people who fare worse."""
    few_marks = {"n_participants": 2, "mean_primary": 11.0, "mean_mark": 2.5}
    few_marks |= {"share_2": 50.0, "share_3": 50.0, "share_4": 0.0, "share_5": 0.0}
    few_scores = {"n_participants": 2, "mean_score": 41.5, "n_below_min": 1, "n_high": 0}
    few, others = (few_scores, _OTHER_EGE) if "category" in sheet.titles else (few_marks, _OTHER_OGE)
    for other in others:
        for row in planter.choose(sheet, 4, lambda record: record["n_participants"] >= 5):
            repeat(sheet, row, Mark("other_attempts", dirty="; ".join(other.values())), few | other)


def _footnotes(planter: Planter, _: Region) -> None:
    _footnotes_of(_passports(planter))


def _footnotes_of(passports: Iterable[Book]) -> None:
    text = "Примечание. Сведения предоставлены муниципалитетом, дети указаны по месту учёбы."
    for book in passports:
        sheet = book.sheet
        first = next(iter(sheet.titles))
        insert(sheet, sheet.rows[-1], {first: text}, Mark("footnote", dirty=text))


def _empty_rows(planter: Planter, _: Region) -> None:
    for path, count in (("2020/staff/staff.xlsx", 2), ("2021/passport/petropavlovsk.xlsx", 2)):
        _empty_rows_of(planter, path, count)


def _empty_rows_of(planter: Planter, path: str, count: int) -> None:
    sheet = planter.sheet(path)
    for row in planter.choose(sheet, count):
        insert(sheet, row, {}, Mark("empty_rows"))


def _passport_date(planter: Planter, _: Region) -> None:
    for year, slug in ((2021, "olyutorsky"), (2018, "karaginsky")):
        _other_passport_date(planter, year, slug)


def _other_passport_date(planter: Planter, year: int, slug: str) -> None:
    sheet = planter.sheet(f"{year}/passport/{slug}.xlsx")
    *before, line = sheet.preamble
    changed = f"По состоянию на 01.01.{year}"
    sheet.preamble = [*before, changed]
    sheet.marks.append(Mark("passport_date", False, clean=line, dirty=changed))


def _merged_cells(planter: Planter, _: Region) -> None:
    sheet = planter.sheet("2021/oge/oge_2021.xlsx")
    name = sheet.merged = "municipality"
    for value, rows in groupby(sheet.rows, key=lambda row: sheet.record(row)[name]):
        for row in list(rows)[1:2]:
            row.marks.append(
                Mark("merged_cells_in_data", column=sheet.titles[name], school_id=school_of(row), clean=value)
            )


def _formats(planter: Planter, _: Region) -> None:
    """Save some files in other formats; last, for a file's name changes with its format."""
    planter.book("registry.csv").marks.append(Mark("utf8_sig_csv"))
    for path in ("2019/oge/oge_2019.csv", "2019/ege/ege_2019.csv"):
        book = planter.book(path)
        book.encoding = "cp1251"
        book.marks.append(Mark("cp1251_csv"))
    for path, suffix, kind, delimiter in (
        ("2020/ege/ege_2020.xlsx", ".csv", "tab_csv", "\t"),
        ("2021/knowledge/knowledge_2021.xlsx", ".csv", "comma_csv", ","),
        ("2018/passport/sobolevo.xlsx", ".xls", "xls_file", ""),
        ("2019/passport/bystrinsky.xlsx", ".ods", "ods_file", ""),
    ):
        book = planter.book(path)
        book.path = path.removesuffix(".xlsx") + suffix
        book.delimiter = delimiter
        book.marks.append(Mark(kind))
        if delimiter:
            book.encoding = "utf-8"
            book.sheet.preamble = []


def _strays() -> list[Book]:
    """Make files that programs leave behind."""
    lock = bytes([6]) + "analyst".encode("utf-16-le").ljust(164, b"\x00")
    thumbs = bytes.fromhex("d0cf11e0a1b11ae1").ljust(512, b"\x00")
    return [
        Book("2020/staff/~$staff.xlsx", [], content=lock, marks=[Mark("lock_file")]),
        Book("2019/passport/Thumbs.db", [], content=thumbs, marks=[Mark("thumbs")]),
    ]


Step = Callable[[Planter, Region], None]
_DEEP_STEPS: list[Step] = [
    _heaping, _jump, _copied_passports, _missing_schools, _wrong_duplicates, unknown_schools, _low_response,
]  # fmt: skip
_STEPS: list[Step] = [
    old_names, colloquial_names, _fraction_file, _rounding, _hidden, _duplicates, _other_attempts, _footnotes,
    _empty_rows, _passport_date, _merged_cells, _formats,
]  # fmt: skip
