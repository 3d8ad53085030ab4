"""The invented region: same bytes for a seed, the dirt where the ledger says, headers as the layouts say."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fastexcel
import numpy as np
import pytest
import yaml
from copies import contents, region_report

from helpers import demo
from helpers.demo import context, tasks, write_region
from helpers.demo.region import YEARS, build_region
from helpers.demo.results import oge_results, vpr_results
from helpers.problems import BadInput
from helpers.report import PROJECT

SEED = 2021
LAYOUTS = PROJECT / "src" / "helpers" / "intake" / "layouts"
RECOVERABLE = {
    "percent_sign_text", "decimal_comma_text", "nbsp_thousands", "no_data_token", "less_than_5", "lost_leading_zero",
    "numeric_code", "share_as_fraction", "latin_look_alike", "old_name", "odd_quotes", "colloquial_name", "cp1251_csv",
    "utf8_sig_csv", "semicolon_csv", "comma_csv", "tab_csv", "xls_file", "ods_file", "hidden_sheet", "hidden_row",
    "totals_rows", "footnote", "duplicate_identical", "empty_rows", "trailing_spaces", "other_attempts", "rounding_sum",
    "merged_cells_in_data", "lock_file", "thumbs",
}  # fmt: skip
MENDED = {
    "excel_date", "share_sum_wrong", "n_zero_with_shares", "n_above_enrolled", "part_above_whole", "duplicate_differs",
    "unknown_school", "union_above_sum", "lost_comma",
}  # fmt: skip
NOTICED = {
    "copied_passport", "zero_for_missing", "both_he_overreported", "union_as_sum", "heaping", "jump", "passport_date",
    "low_response", "missing_school", "total_mismatch", "participants_differ",
}  # fmt: skip


@dataclass(frozen=True)
class Regions:
    clean: Path
    dirty: Path


@pytest.fixture(scope="module")
def regions(clean: Path, dirty: Path) -> Regions:
    return Regions(clean.parent, dirty.parent)


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))


@cache
def grid(path: Path, sheet: str = "") -> list[list[str]]:
    """All cells as text, the first row first."""
    if path.suffix == ".csv":
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1251")
        delimiter = max(";,\t", key=text.splitlines()[0].count)
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    book = fastexcel.read_excel(path)
    frame = book.load_sheet(sheet or book.sheet_names[0], header_row=None, dtypes="string").to_polars()
    return [["" if cell is None else cell for cell in row] for row in frame.iter_rows()]


def joined(rows: list[list[str]]) -> list[str]:
    """Titles of a header of one or two rows, as layouts write them."""
    if len(rows) == 1:
        return rows[0]
    found, over = [], ""
    for upper, lower in zip(*rows, strict=True):
        over = upper or over
        found.append(f"{over} / {lower}" if lower else over)
    return found


def column(rows: list[list[str]], title: str) -> int:
    """Where the column stands whose title is given."""
    for place in range(8):
        for height in (1, 2):
            titles = joined(rows[place : place + height])
            if title in titles:
                return titles.index(title)
    raise AssertionError(title)


def layout_names(path: str) -> tuple[list[str], str]:
    """Which layouts a file may have, and of which year."""
    *folders, name = path.split("/")
    if path == "registry.csv":
        return ["registry"], "all"
    kind = folders[-1]
    year = folders[0] if folders[0].isdigit() else "all"
    return ([f"vpr_{name.split('_')[0]}"] if kind == "vpr" else [kind]), year


def data_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and "_truth" not in path.parts
        and not path.name.startswith("~$")
        and path.suffix in {".xlsx", ".xls", ".ods", ".csv"}
        and path.name != "confirmed_names.csv"
    ]


def test_same_seed_same_bytes(regions: Regions, tmp_path: Path):
    region_report(tmp_path / "again", SEED)
    assert contents(tmp_path / "again") == contents(regions.dirty)


def test_another_seed_differs(regions: Regions, tmp_path: Path):
    write_region(SEED + 1, tmp_path / "other")
    other, own = contents(tmp_path / "other"), contents(regions.dirty)
    assert other["registry.csv"] != own["registry.csv"]
    assert {row["kind"] for row in table(tmp_path / "other" / "_truth" / "dirt.csv")} == RECOVERABLE | MENDED | NOTICED


def test_a_folder_with_files_is_refused(tmp_path: Path):
    (tmp_path / "file.txt").write_text("занято", encoding="utf-8")
    with pytest.raises(BadInput, match="не пустая папка"):
        write_region(SEED, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_small_enough(regions: Regions):
    assert sum(path.stat().st_size for path in regions.dirty.rglob("*") if path.is_file()) < 12_000_000


def test_clean_and_dirty_have_the_same_truth(regions: Regions):
    clean, dirty = ((folder / "_truth" / "effects.csv").read_bytes() for folder in (regions.clean, regions.dirty))
    assert clean == dirty
    assert table(regions.clean / "_truth" / "dirt.csv") == []
    assert not (regions.clean / "corrections.yml").exists()


def test_clean_and_dirty_differ_only_where_the_ledger_says(regions: Regions):
    """Every cell of a row that both have is the same unless it is in the ledger."""
    told = {
        (row["file"], row["row"]) for row in table(regions.dirty / "_truth" / "dirt.csv") if row["row"] or row["column"]
    }
    moved = {row["file"] for row in table(regions.dirty / "_truth" / "dirt.csv") if not row["row"]}
    for path in data_files(regions.clean):
        name = path.relative_to(regions.clean).as_posix()
        if name in moved or not (regions.dirty / name).exists() or name == "2021/oge/oge_2021.xlsx":
            continue
        clean = {tuple(row) for row in grid(path)}
        for number, row in enumerate(grid(regions.dirty / name), start=1):
            assert tuple(row) in clean or (name, str(number)) in told, (name, number)


def test_every_kind_of_dirt_is_there(regions: Regions):
    rows = table(regions.dirty / "_truth" / "dirt.csv")
    assert {row["kind"] for row in rows} == RECOVERABLE | MENDED | NOTICED
    assert {row["kind"] for row in rows if row["recoverable"] == "yes"} == RECOVERABLE


def test_dirty_cells_hold_what_the_ledger_says(regions: Regions):
    for row in table(regions.dirty / "_truth" / "dirt.csv"):
        path = regions.dirty / row["file"]
        assert path.is_file(), row
        if row["column"]:
            rows = grid(path, row["sheet"])
            assert rows[int(row["row"]) - 1][column(rows, row["column"])] == row["value_dirty"], row


def test_rows_sheets_and_files_are_as_the_ledger_says(regions: Regions):
    ledger = table(regions.dirty / "_truth" / "dirt.csv")
    for row in ledger:
        path = regions.dirty / row["file"]
        if row["kind"] in {"totals_rows", "footnote"}:
            assert row["value_dirty"] in grid(path, row["sheet"])[int(row["row"]) - 1], row
        elif row["kind"] == "empty_rows":
            assert not any(grid(path, row["sheet"])[int(row["row"]) - 1]), row
        elif row["kind"] == "hidden_row":
            assert int(row["row"]) in hidden_rows(path), row
        elif row["kind"] == "hidden_sheet":
            assert f'<sheet name="{row["sheet"]}"' in part(path, "xl/workbook.xml")
            assert 'state="hidden"' in part(path, "xl/workbook.xml")
        elif row["kind"] == "cp1251_csv":
            with pytest.raises(UnicodeDecodeError):
                path.read_text(encoding="utf-8")
        elif row["kind"] == "utf8_sig_csv":
            assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    suffixes = {Path(row["file"]).suffix for row in ledger if row["kind"] in {"xls_file", "ods_file"}}
    assert suffixes == {".xls", ".ods"}


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as packed:
        return packed.read(name).decode("utf-8")


def hidden_rows(path: Path) -> set[int]:
    return {
        int(number) for number in re.findall(r'<row r="(\d+)"[^>]*hidden="1"', part(path, "xl/worksheets/sheet1.xml"))
    }


def test_corrections_mend_what_only_a_person_can(regions: Regions):
    ledger = [row for row in table(regions.dirty / "_truth" / "dirt.csv") if row["kind"] in MENDED]
    items = yaml.safe_load((regions.dirty / "corrections.yml").read_text(encoding="utf-8"))["corrections"]
    mending = [item for item in items if item["action"] != "blank"]
    assert Counter(item["file"] for item in mending) == Counter(row["file"] for row in ledger)
    for item in mending:
        (row,) = (
            row
            for row in ledger
            if row["file"] == item["file"]
            and (row["row"] == str(item.get("row")) or row["school_id"] == item.get("school"))
        )
        assert item["expect"] == row["value_dirty"]
        assert item["action"] == ("drop" if row["kind"] in {"duplicate_differs", "unknown_school"} else "override")
        if item["action"] == "override":
            assert item["column"] == row["column"]
            assert float(item["value"]) == float(row["value_clean"])
        assert item["reason"]
        assert item["source"]


def test_deep_dirt_spares_schools_with_a_planted_effect(regions: Regions):
    truth = table(regions.dirty / "_truth" / "effects.csv")
    planted = {row["school_id"] for row in truth if abs(float(row["persistent"])) >= 0.45 or row["biased"] == "1"}
    ledger = table(regions.dirty / "_truth" / "dirt.csv")
    deep = [row for row in ledger if row["recoverable"] == "no"]
    assert not planted & {row["school_id"] for row in deep if row["kind"] != "heaping"}
    lacking = {row["school_id"] for row in table(regions.dirty / "_truth" / "skills.csv")}
    in_tasks = [row["school_id"] for row in deep if "/tasks_" in row["file"]]
    assert len(in_tasks) == 2
    assert not (planted | lacking) & set(in_tasks)


@pytest.mark.parametrize("name", ["clean", "dirty"])
def test_headers_are_those_of_the_layouts(regions: Regions, name: str):
    folder = getattr(regions, name)
    for path in data_files(folder):
        (layout,), year = layout_names(path.relative_to(folder).as_posix())
        described = table(LAYOUTS / f"{layout}.csv")
        year = year if year in described[0] else "all"
        heights = next(row[year] for row in described if row["field"] == "header_rows").split("|")
        fields = {
            row["field"]: {title.strip() for title in row[year].split("|")}
            for row in described
            if row["field"] not in {"sheet", "header_rows", "heading", "maxima"} and row[year] != "-"
        }
        needed = {row["field"] for row in described if row["needed"] == "да"} & set(fields)
        rows = grid(path, next((sheet for sheet in sheet_names(path) if sheet != "Черновик"), ""))
        headers = [
            joined(rows[place : place + int(height)])
            for height in heights
            for place in range(8)
            if len(rows) >= place + int(height)
        ]
        best = max(headers, key=lambda titles: len({known(title, fields) for title in titles} - {""}))
        assert needed <= {known(title, fields) for title in best}, path
        assert all(known(title, fields) for title in best), (path, best)


def sheet_names(path: Path) -> list[str]:
    return [] if path.suffix == ".csv" else fastexcel.read_excel(path).sheet_names


def known(title: str, fields: dict[str, set[str]]) -> str:
    """The field that a title names; `*` in a title of the layout stands for a number or the label of a task."""
    for field, titles in fields.items():
        if any(re.fullmatch(re.escape(one).replace(r"\*", r"\d+([.(KК]\d\)?)?"), title) for one in titles):
            return field
    return ""


def test_the_region_has_kamchatkas_shape(regions: Regions):
    registry = table(regions.clean / "registry.csv")
    schools = {row["Код школы"]: row for row in registry}
    assert len({row["Муниципалитет"] for row in registry}) == 14
    assert 110 <= len(schools) <= 120
    rural = [row for row in schools.values() if row["Местность"] == "село"]
    assert len(rural) > len(schools) / 2
    assert 0.40 <= sum(row["Малокомплектная"] == "да" for row in rural) / len(rural) <= 0.50
    assert all(row["Малокомплектная"] == "нет" for row in schools.values() if row["Местность"] != "село")
    kinds = Counter(row["Вид школы"] for row in schools.values())
    assert kinds["вечерняя"] == 6
    assert 1 <= kinds["интернат"] <= 2
    assert 1 <= kinds["коррекционная"] <= 2
    assert sum(bool(row["Филиал школы"]) for row in schools.values()) == 2
    assert Counter(Counter(row["Преемник"] for row in registry if row["Преемник"]).values()) == {1: 2, 2: 1}
    assert sum(count == 2 for count in Counter(row["Код школы"] for row in registry).values()) == 5
    programme = Counter(row[2] for row in grid(regions.clean / "programme" / "programme.xlsx")[1:])
    assert programme == {"региональный проект": 26, "Проект 500+": 7}


def test_names_are_marked_as_invented_and_codes_are_sound(regions: Regions):
    registry = table(regions.clean / "registry.csv")
    for row in registry:
        assert "(вымышл.)" in row["Полное наименование"]
        assert "(вымышл.)" in row["Краткое наименование"]
        weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
        digits = [int(digit) for digit in row["ИНН"]]
        assert len(digits) == 10
        assert row["ИНН"].startswith("41")
        assert digits[9] == sum(a * b for a, b in zip(digits, weights, strict=False)) % 11 % 10
        assert int(row["ОГРН"][:12]) % 11 % 10 == int(row["ОГРН"][12])
        assert re.fullmatch(r"sch41\d{4}", row["Логин ФИС ОКО"])
        assert re.fullmatch(r"\d{6}", row["Код РЦОИ"])
    for code in (["ИНН", "КПП"], ["Логин ФИС ОКО"], ["Код РЦОИ"]):
        assert len({tuple(row[name] for name in code) for row in registry}) == len(
            {row["Код школы"] for row in registry}
        )
    assert len({row["Краткое наименование"] for row in registry}) == len(registry)


def test_the_planted_effects(regions: Regions):
    truth = {row["school_id"]: row for row in table(regions.clean / "_truth" / "effects.csv")}
    effects = {school: float(row["persistent"]) for school, row in truth.items()}
    assert sum(effect <= -0.45 for effect in effects.values()) == 4
    resilient = [school for school, effect in effects.items() if effect >= 0.45]
    assert len(resilient) == 4
    assert all(float(truth[school]["ctx"]) < -0.3 for school in resilient)
    biased = [row for row in table(regions.clean / "_truth" / "effects.csv") if row["biased"] == "1"]
    assert Counter(row["year"] for row in biased) == {"2018": 2, "2019": 2}


def test_diagnostics_come_to_the_known_totals(regions: Regions):
    rows = grid(regions.clean / "2021" / "diagnostics" / "diagnostics_2021.xlsx")
    totals = {
        title: sum(int(row[column(rows, title)]) for row in rows[2:] if row[3] == "все")
        for title in ("Диагностика / начали", "Курсы / рекомендованы", "Уровень / высокий", "Курсы / завершили")
    }
    assert list(totals.values()) == [277, 276, 1, 256]


# Tasks of the tests, read back from the files


WORKS = [(subject, grade) for subject in ("rus", "math") for grade in range(5, 9)]
SKILLS = yaml.safe_load((PROJECT / "params" / "skills.yml").read_text(encoding="utf-8"))["works"][0]["skills"]


@dataclass(frozen=True)
class Work:
    """One file of tasks: labels as params/skills.yml writes them, most points, and by login participants and points won."""

    labels: list[str]
    maxima: np.ndarray
    highest: int
    schools: dict[str, tuple[int, np.ndarray]]

    def of_skill(self, skill: str, grade: int) -> np.ndarray:
        """Which tasks ask for a skill."""
        (labels,) = (one["tasks"].get(grade, []) for one in SKILLS if one["skill"] == skill)
        return np.array([label in labels for label in self.labels])


@cache
def work(folder: Path, year: int, subject: str, grade: int) -> Work:
    rows = grid(folder / str(year) / "vpr" / f"tasks_{subject}_{grade}.xlsx")
    (start,) = (place for place, row in enumerate(rows) if row[0] == "Группы участников")
    below = start + (2 if year in (2019, 2021) else 1)
    first = 2 if year == 2018 else 3
    labels = [label.replace("K", "К").replace("(", ".").rstrip(")") for label in rows[below - 1][first:]]
    maxima = np.array([int(cell) for cell in rows[below][first:]])
    schools = {}
    for row in rows[below + 1 :]:
        if row[0].startswith("sch"):
            n = int(row[first - 1])
            shares = np.array([float(cell or 0) for cell in row[first:]])
            schools[row[0][:9]] = n, (shares / 100 * n * maxima).round().astype(int)
    (highest,) = (re.search(r"Максимальный первичный балл: (\d+)", row[0]) for row in rows[:start] if "балл" in row[0])
    return Work(labels, maxima, int(highest[1]), schools)


@pytest.mark.parametrize(
    ("year", "header", "maxima"),
    [
        (2018, ["Группы участников", "Кол-во уч.", "1K1", "4(1)"], ["", "Макс балл", "4", "3"]),
        (2019, ["Группы участников", "Кол-во ОО", "Кол-во участников", "Выполнение заданий, % / 1K1",
                "Выполнение заданий, % / 4.1"], ["Макс. балл", "", "", "4", "3"]),
        (2020, ["Группы участников", "Кол-во ОО", "Кол-во участников", "1К1", "4.1"],
         ["Максимальный балл", "", "", "4", "3"]),
        (2021, ["Группы участников", "Кол-во ОО", "Кол-во участников", "Задания, % от максимального балла / 1K1",
                "Задания, % от максимального балла / 4(1)"], ["", "", "Макс балл", "4", "3"]),
    ],
)  # fmt: skip
def test_every_year_heads_its_tasks_in_its_own_way(regions: Regions, year: int, header: list[str], maxima: list[str]):
    rows = grid(regions.clean / str(year) / "vpr" / "tasks_rus_5.xlsx")
    assert rows[1][0] == "Выполнение заданий"
    start, height = (5 if year > 2018 else 4), (2 if year in (2019, 2021) else 1)
    titles = joined(rows[start : start + height])
    places = [titles.index(title) for title in header]
    assert places == [*range(len(header) - 1), len(header) + 6]
    assert [rows[start + height][place] for place in places] == maxima
    groups = [row[0] for row in rows[start + height + 1 :]]
    assert groups[:3] == ["Вся выборка", "Камчатский край", "Петропавловск-Камчатский городской округ"]


@pytest.mark.parametrize(("subject", "grade"), WORKS)
def test_tasks_are_those_whose_skills_are_described(regions: Regions, subject: str, grade: int):
    described = {
        label: one["skill"] for one in SKILLS if one["subject"] == subject for label in one["tasks"].get(grade, [])
    }
    assert {task.label: task.skill for task in tasks.WORKS[subject, grade] if task.skill} == described
    assert [task.label for task in tasks.WORKS[subject, grade] if not task.skill] == ["1К3"] * (subject == "rus")
    for year in YEARS:
        read = work(regions.clean, year, subject, grade)
        assert read.labels == [task.label for task in tasks.WORKS[subject, grade]]
        assert read.maxima.sum() == read.highest


@pytest.mark.parametrize(("subject", "grade"), WORKS)
@pytest.mark.parametrize("year", YEARS)
def test_pupils_win_as_many_points_in_the_tasks_as_their_scores_say(
    regions: Regions, year: int, subject: str, grade: int
):
    """Both reports rounded their percents; the whole numbers of points and of papers behind them are found again."""
    rows = grid(regions.clean / str(year) / "vpr" / f"scores_{subject}_{grade}.xlsx")
    scored = {}
    for row in rows:
        if row[0].startswith("sch"):
            n = int(row[1])
            papers = [round(n * float(cell) / 100) for cell in row[2:]]
            assert sum(papers) == n
            scored[row[0][:9]] = n, sum(score * count for score, count in enumerate(papers))
    read = work(regions.clean, year, subject, grade)
    assert {login: (n, points.sum()) for login, (n, points) in read.schools.items()} == scored


@pytest.mark.parametrize("year", YEARS)
def test_the_planted_skills_are_lacking_and_no_others(regions: Regions, year: int):
    """Against what the region's schools win in the skill at the same share of all points (a line, weighted by pupils)."""
    ids = {row["Логин ФИС ОКО"]: row["Код школы"] for row in table(regions.clean / "registry.csv")}
    truth = {(row["school_id"], row["skill"]) for row in table(regions.clean / "_truth" / "skills.csv")}
    assert len({school_id for school_id, _ in truth}) == 6
    beyond, possible = Counter(), Counter()
    for subject, grade in WORKS:
        read = work(regions.clean, year, subject, grade)
        n = np.array([n for n, _ in read.schools.values()])
        won = np.array([points for _, points in read.schools.values()])
        for skill in {one["skill"] for one in SKILLS if one["subject"] == subject}:
            asked = read.of_skill(skill, grade)
            share = won[:, asked].sum(1) / n / read.maxima[asked].sum()
            level = won.sum(1) / n / read.maxima.sum()
            expected = np.polyval(np.polyfit(level, share, 1, w=np.sqrt(n)), level)
            for place, login in enumerate(read.schools):
                points = int(n[place] * read.maxima[asked].sum())
                beyond[ids[login], skill] += points * (share[place] - expected[place])
                possible[ids[login], skill] += points
    gaps = {key: beyond[key] / possible[key] for key in beyond}
    assert all(-0.30 < gaps[key] < -0.11 for key in truth), {key: gaps[key] for key in truth}
    others = {key: gap for key, gap in gaps.items() if key not in truth and possible[key] >= 200}
    assert len(others) > 700
    assert min(others.values()) > -0.11


def test_pupils_with_disabilities_are_many_where_they_are_meant_to_be(regions: Regions):
    kinds = {row["ИНН"]: (row["Код школы"], row["Вид школы"]) for row in table(regions.clean / "registry.csv")}
    registry = table(regions.clean / "registry.csv")
    members = {row[1] for row in grid(regions.clean / "programme" / "programme.xlsx")}
    project = {row["Код школы"] for row in registry if row["Краткое наименование"] in members}
    many = Counter()
    for path in sorted(regions.clean.glob("*/passport/*.xlsx")):
        for row in grid(path):
            if row[0] not in kinds:
                continue
            school_id, kind = kinds[row[0]]
            pupils, disabled = int(row[3]), int(row[-1])
            if kind == "коррекционная":
                assert disabled == pupils
            elif disabled > 0.2 * pupils:
                many[school_id] += 1
            else:
                assert abs(disabled - 0.055 * pupils) <= 0.04 * pupils + 0.5, (path, row)
    assert set(many.values()) == {4}
    assert len(many) == 3
    assert set(many) <= project


@pytest.mark.parametrize("seed", [SEED, 7])
def test_context_explains_half_of_the_schools_means(seed: int):
    streams = np.random.default_rng(seed).spawn(3)
    region = build_region(streams[0])
    results = [*vpr_results(region, streams[1]), *oge_results(region, streams[2])]
    explained = []
    for t, year in enumerate((2018, 2019, 2020, 2021)):
        sums = np.zeros((len(region.schools), 2))
        for one in results:
            if one.year == year and one.subject in {"rus", "math"} and one.school.ordinary:
                sums[one.school.index] += one.marks.sum(), one.marks @ np.arange(2, 6)
        enough = [j for j in range(len(sums)) if sums[j, 0] >= 60 and j not in region.biased]
        means = sums[enough, 1] / sums[enough, 0]
        explained.append(np.corrcoef(means, region.context[enough, t])[0, 1] ** 2)
    assert 0.38 < np.mean(explained) < 0.65


@pytest.mark.parametrize("seed", [*range(2021, 2031), 2043])
def test_no_passport_contradicts_itself(seed):
    streams = demo._streams(seed)
    invented = build_region(streams["region"])
    lasting = context.lasting_families(invented, streams["passport"])
    for records in context.passport_records(invented, lasting, streams["passport"]).values():
        for record in records.values():
            assert record["n_both_higher"] + record["n_one_higher"] <= record["n_pupils"]
            assert record["n_supervised_or_at_risk"] <= min(
                record["n_pupils"], record["n_supervised"] + record["n_at_risk"]
            )
