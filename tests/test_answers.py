"""Questions to the senders of the data, there and back: workbook, answers, proposed corrections, accepted data."""

import datetime
import re
import zipfile
from xml.sax.saxutils import escape

import pytest
import yaml
from polars.testing import assert_frame_equal
from test_region_bad_inputs import MARKS, OGE, PASSPORT, STAFF, Region, cell, region, sound  # noqa: F401
from typer.testing import CliRunner

from helpers.cli import app
from helpers.intake.answers import QUESTIONS, read_answers
from helpers.intake.checks import ASKED, TITLES
from helpers.intake.sheets import read_cells
from helpers.problems import BadInput

LAKE, NORTH = "Озёрный район", "Северный округ"
SHEET = "Лист1"


@pytest.fixture
def asked(region, tmp_path):  # noqa: F811
    """A region with planted faults, and a function that writes its workbooks and fills one of them."""
    for spoil in (
        cell(MARKS, 8, "Распределение групп баллов в %", "1"),  # 2 … 5: 1; 40; 30; 20 instead of 10; 40; 30; 20
        cell(PASSPORT, 4, "Из неполных семей", "шестьдесят"),
        cell(PASSPORT, 5, "Из неполных семей", "650"),
        cell(OGE, 4, "КОЛ_ВО", "15.май"),
    ):
        spoil(region)
    region.rows[STAFF].append(list(region.rows[STAFF][1]))
    region.save(STAFF)

    def filled(name, answers):
        """The workbook of a municipality; `answers` by the start of what is found: an answer and a remark."""
        run("check", region.path / "region.yml", "--protocol", tmp_path / "books", code=1)
        path = next(path for path in (tmp_path / "books").rglob("*.xlsx") if titled(path) == name)
        rows = read_cells(path, QUESTIONS).sheets[0].rows
        column = rows[0][1].index("Что не так")
        put = {}
        for found, texts in answers.items():
            (row,) = (
                number for number, texts_of_row in rows if found in texts_of_row[column] + texts_of_row[column - 1]
            )
            put |= {f"G{row}": texts[0], f"H{row}": texts[1] if len(texts) > 1 else ""}
        fill(path, {2: put, 1: {"B12": "заместитель директора"}})
        return path

    region.filled = filled
    return region


def titled(path):
    """Whose workbook it is, as its cover says; nothing of the analyst's own."""
    try:
        return read_cells(path, "Что нужно сделать").sheets[0].rows[0][1][0].removeprefix("Вопросы к данным: ")
    except BadInput:
        return ""


def fill(path, sheets):
    """Write texts into cells of a workbook, as whoever answers does; by the number of the sheet."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for number, cells in sheets.items():
        name = f"xl/worksheets/sheet{number}.xml"
        text = parts[name].decode()
        for place, value in cells.items():
            inline = f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
            text, done = re.subn(rf'<c r="{place}"[^>]*?(/>|>.*?</c>)', inline, text, count=1)
            assert done, place
        parts[name] = text.encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


def run(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_only_faults_of_known_checks_are_asked_about():
    assert ASKED.keys() < TITLES.keys()
    assert not ASKED.keys() & {"unknown_school", "layout", "corrections", "expected_files", "subject", "mended_codes"}


def test_a_fault_goes_out_and_comes_back_as_corrections_that_are_accepted(asked, sound):  # noqa: F811
    book = asked.filled(LAKE, {
        "сумма": ("10; 40; 30; 20", "опечатка при переносе"),
        "шестьдесят": ("60",),
        "650": ("65", "лишний ноль"),
        "та же школа": ("удалить строку",),
    })  # fmt: skip
    report = asked.path / "region.yml"
    said = run("corrections", book, report)
    proposed = asked.path / "corrections.proposed.yml"
    assert str(proposed) in said and "Предложено исправлений — 4" in said
    records = yaml.safe_load(proposed.read_text(encoding="utf-8"))["corrections"]
    assert [(one["file"], one["row"], one.get("column"), one["expect"], one.get("value")) for one in records] == [
        (PASSPORT, 4, "Из неполных семей", "шестьдесят", 60),
        (PASSPORT, 5, "Из неполных семей", "650", 65),
        (MARKS, 8, "Распределение групп баллов в % / 2", "1", 10),
        (STAFF, 5, None, "4100000001", None),
    ]
    assert {one["author"] for one in records} == {"заместитель директора"}
    assert records[2]["reason"] == "опечатка при переносе" and book.name in records[2]["source"]

    north = run("corrections", asked.filled(NORTH, {"15.май": ("15",)}), report)
    second = asked.path / "corrections.proposed-2.yml"
    assert str(second) in north
    records += yaml.safe_load(second.read_text(encoding="utf-8"))["corrections"]
    (asked.path / "corrections.yml").write_text(yaml.safe_dump({"corrections": records}, allow_unicode=True), "utf-8")
    assert asked.examine().findings.fails == []
    wanted, made = sound.examine().tables, asked.examine().tables
    for name in wanted.keys() - {"protocol", "acceptance", "corrections"}:
        assert_frame_equal(made[name], wanted[name])


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"сумма": ("10; 40",)}, "значений 4, через точку с запятой"),
        ({"сумма": ("1; 40; 30; 20",)}, "в файле уже это"),
        ({"шестьдесят": ("около 60",)}, "одно число"),
        ({"шестьдесят": ("60 или 65",)}, "одно число"),
        ({"шестьдесят": ("нет",)}, "одно число"),
        ({"шестьдесят": ("2021-06-28 00:00:00",)}, "одно число"),
        ({"та же школа": ("вторая верна",)}, "решите сами"),
        ({"650": ("", "посмотрим")}, "есть пояснение «посмотрим»"),
    ],
)
def test_an_answer_in_doubt_is_told_and_proposes_nothing(asked, answers, told):
    read = read_answers(asked.filled(LAKE, answers))
    assert read.proposed == []
    (problem,) = read.unread
    assert told in str(problem) and problem.sheet == QUESTIONS and problem.row >= 2


def test_what_is_right_or_will_be_sent_is_listed_and_what_is_empty_counted(asked):
    read = read_answers(asked.filled(LAKE, {"650": ("Верно.", "так и есть"), "та же школа": ("пришлём файл",)}))
    assert read.proposed == [] and read.unread == [] and read.empty == 2
    assert sorted(text.partition(": ")[2] for text in read.kept) == ["Верно. — так и есть", "пришлём файл"]


def test_a_missing_value_empties_the_cell(asked):
    (one,) = read_answers(asked.filled(LAKE, {"шестьдесят": ("данных нет",)})).proposed
    assert (one.action, one.expect, one.value) == ("blank", "шестьдесят", None)


def test_what_a_correction_mends_already_is_not_proposed_again(asked):
    book = asked.filled(LAKE, {"650": ("65",)})
    (one,) = read_answers(book).proposed
    again = read_answers(book, [one])
    assert again.proposed == [] and "запись 1 в corrections.yml" in str(again.unread[0])


def test_answers_that_contradict_each_other_are_told(asked):
    cell(STAFF, 5, "Вакантных ставок", "две")(asked)
    book = asked.filled(LAKE, {"650": ("65",)})
    rows = read_cells(book, QUESTIONS).sheets[0].rows
    of_row = [number for number, row in rows if "staff.xlsx" in row[2] and "строка 5" in row[2]]
    assert len(of_row) > 1
    fill(book, {2: {f"G{of_row[0]}": "удалить строку", f"G{of_row[1]}": "верно"}})
    read = read_answers(book)
    assert [one.value for one in read.proposed] == [65]
    assert sorted(one.row for one in read.unread) == of_row
    assert all("о том же месте другое" in str(one) for one in read.unread)


def test_a_number_that_is_no_questions_is_refused(asked):
    book = asked.filled(LAKE, {"650": ("65",)})
    row = next(number for number, row in read_cells(book, QUESTIONS).sheets[0].rows if "650" in row[3])
    fill(book, {2: {f"A{row}": "99"}})
    with pytest.raises(BadInput, match="восстановите номер"):
        read_answers(book)


def test_another_workbook_is_refused(asked):
    for path, told in (
        (STAFF, "report check --protocol"),
        (OGE, "report check --protocol"),
        ("нет.xlsx", "такого файла нет"),
    ):
        with pytest.raises(BadInput, match=told):
            read_answers(asked.path / path)


def test_a_workbook_holds_what_its_receiver_can_mend_and_no_more(asked, tmp_path):
    asked.rows["registry.csv"].pop(3)  # s03 is in no registry: only the analyst can mend that
    asked.save("registry.csv")
    run("check", asked.path / "region.yml", "--protocol", tmp_path / "out", code=1)
    books = {titled(path): path for path in (tmp_path / "out").rglob("*.xlsx")}
    assert LAKE in books and "СОШ № 3" in books
    texts = [" ".join(" ".join(row) for _, row in read_cells(path, QUESTIONS).sheets[0].rows)
             for name, path in books.items() if name]  # fmt: skip
    assert not any("registry" in text or "Луговская" in text for text in texts)
    own = read_cells(tmp_path / "out" / "protocol.xlsx").sheets
    assert "Луговская" in str(own[0].rows) and "650" not in str(own[0].rows) and "650" in str(own[1].rows)


def test_the_cover_says_whom_to_answer_and_until_when(asked, tmp_path):
    def cover():
        run("check", asked.path / "region.yml", "--protocol", tmp_path / "out", code=1)
        path = next(path for path in (tmp_path / "out").rglob("*.xlsx") if titled(path) == LAKE)
        return {row[0]: row[1] for _, row in read_cells(path, "Что нужно сделать").sheets[0].rows}

    said = cover()
    assert said["Кому ответить"] == "тому, кто прислал вам эту книгу" and "в письме" in said["До какого дня"]
    asked.params(questions={"contact": "центр оценки, data@example.org", "deadline": datetime.date(2019, 10, 4)})
    said = cover()
    assert said["Кому ответить"] == "центр оценки, data@example.org" and said["До какого дня"] == "04.10.2019"
