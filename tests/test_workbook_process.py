"""Workbooks are read in a process of their own: what ends it ends no program, and is told in a sentence."""

import os
import zipfile

import psutil
import pytest
import xlsxwriter
import xlwt

from helpers.intake import workbook, workbook_process
from helpers.intake.sheets import read_cells, read_sheet
from helpers.intake.workbook_process import ReaderDied, WorkbookProcess
from helpers.problems import BadInput


def book(path, cells, style=None):
    with xlsxwriter.Workbook(path) as made:
        page = made.add_worksheet("Лист1")
        percent = made.add_format({"num_format": style or "0.0%"})
        for (row, column), value in cells.items():
            if isinstance(value, tuple):
                page.write(row, column, value[0], percent)
            else:
                page.write(row, column, value)
    return path


def ods(path, rows):
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("META-INF/manifest.xml", "<manifest/>")
        parts.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='Лист1'>"
            f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>",
        )


def refused(path):
    with pytest.raises(BadInput) as told:
        read_cells(path)
    (problem,) = told.value.problems
    return problem.found


@pytest.mark.parametrize(
    ("cell", "name"), [((1048575, 16383), "XFD1048576"), ((1048575, 100), "CW1048576"), ((40_000, 16383), "XFD40001")]
)
def test_a_cell_far_off_the_table_is_named(tmp_path, cell, name):
    path = book(tmp_path / "far.xlsx", {(0, 0): "код", (1, 0): 1, cell: "x"})
    assert refused(path) == f"ячейка {name} вдали от таблицы"


def test_a_long_table_is_not_far(tmp_path):
    path = book(tmp_path / "long.xlsx", {(row, 0): row for row in range(30_000)})
    assert len(read_cells(path).sheets[0].rows) == 30_000


@pytest.mark.parametrize("style", ["0%", "0.00%", "#,##0.0%", '0.0"°"%'])
def test_excels_percent_format_is_a_percent_sign(tmp_path, style):
    path = book(
        tmp_path / "b.xlsx", {(2, 2): "доля", (3, 2): (0.061,), (4, 2): 6.1, (5, 2): (1,), (6, 2): ("нет",)}, style
    )
    assert read_sheet(path).frame["доля"].to_list() == ["6.1%", "6.1", "100%", "нет"]


@pytest.mark.parametrize("style", ["0%", "0.00%", "#,##0.0%"])
def test_the_percent_format_and_hidden_rows_of_excel_97_are_seen(tmp_path, style):
    made = xlwt.Workbook()
    page = made.add_sheet("Лист1")
    for row, value in {2: "доля", 3: 0.061, 4: 6.1, 5: 1}.items():
        page.write(row, 2, value, xlwt.easyxf(num_format_str=style if row != 4 else "0.0"))
    page.row(5).hidden = True
    made.save(str(tmp_path / "b.xls"))
    assert read_sheet(tmp_path / "b.xls").frame["доля"].to_list() == ["6.1%", "6.1", "100%"]
    assert read_cells(tmp_path / "b.xls").hidden_rows == {"Лист1": 1}


def test_hidden_rows_of_an_ods_workbook_are_seen(tmp_path):
    rows = '<table:table-row{}><table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell></table:table-row>'
    ods(tmp_path / "b.ods", rows.format("", "код") + rows.format(' table:visibility="collapse"', "1")
        + rows.format(' table:visibility="filter"', "2") + rows.format("", "3"))  # fmt: skip
    assert read_cells(tmp_path / "b.ods").hidden_rows == {"Лист1": 2}
    assert read_sheet(tmp_path / "b.ods").frame["код"].to_list() == ["1", "2", "3"]


def test_a_percent_sign_that_is_text_of_the_format_is_none(tmp_path):
    path = book(tmp_path / "b.xlsx", {(0, 0): "балл", (1, 0): (40,)}, '0.0" (%)"')
    assert read_sheet(path).frame["балл"].to_list() == ["40"]


def test_formulas_without_a_value_keep_their_places(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as made:
        page = made.add_worksheet()
        page.write_row(3, 2, ["код", "число", "слово"])
        page.write(4, 2, "a")
        page.write_formula(4, 3, "=1+1")
        page.write_formula(4, 4, '=""', None, "")
        page.write(5, 2, "b")
        page.write_formula(5, 3, "=1+1", None, 2)
    assert read_cells(tmp_path / "f.xlsx").sheets[0].unstored == {(5, 1), (5, 2)}


def test_formulas_of_an_ods_without_a_value_keep_their_places(tmp_path):
    formula = 'table:formula="of:=1+1"'
    stored = (
        f'<table:table-cell {formula} office:value-type="float" office:value="2"><text:p>2</text:p></table:table-cell>'
    )
    empty_text = f'<table:table-cell {formula} office:value-type="string" office:string-value=""/>'
    text = '<table:table-cell office:value-type="string"><text:p>школа</text:p></table:table-cell>'
    rows = [
        '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>',
        f'<table:table-row><table:table-cell table:number-columns-repeated="2"/>{3 * text}</table:table-row>',
        f'<table:table-row><table:table-cell table:number-columns-repeated="2"/>{text}{stored}{empty_text}</table:table-row>',
        f'<table:table-row><table:table-cell table:number-columns-repeated="2"/>{text}<table:table-cell {formula} '
        'table:number-columns-repeated="1"/></table:table-row>',
    ]
    ods(tmp_path / "f.ods", "".join(rows))
    (sheet,) = read_cells(tmp_path / "f.ods").sheets
    assert sheet.unstored == {(6, 1)}
    assert sheet.rows == [(4, 3 * ["школа"]), (5, ["школа", "2", ""]), (6, ["школа", "", ""])]


def test_a_protected_book_is_said_to_be(tmp_path):
    compound = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
    (tmp_path / "p.xlsx").write_bytes(compound)
    assert "не открывается" in refused(tmp_path / "p.xlsx")


def test_a_zip_bomb_ends_the_reader_and_not_the_program(tmp_path, monkeypatch):
    path = tmp_path / "bomb.xlsx"
    book(path, {(0, 0): "код", (1, 0): 1})
    with zipfile.ZipFile(path) as small:
        parts = {name: small.read(name) for name in small.namelist()}
    parts["xl/worksheets/sheet1.xml"] += b" " * 300_000_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as large:
        for name, content in parts.items():
            large.writestr(name, content)
    process = WorkbookProcess(memory=150_000_000)
    with pytest.raises(ReaderDied) as told:
        process.read(path)
    assert told.value.why == "memory"
    assert process.read(book(tmp_path / "next.xlsx", {(0, 0): "x"}))["sheets"][0]["rows"] == [["x"]]


def test_a_book_that_takes_too_long_is_left(tmp_path):
    path = book(tmp_path / "long.xlsx", {(row, column): row for row in range(4000) for column in range(20)})
    with pytest.raises(ReaderDied) as told:
        WorkbookProcess(seconds=0).read(path)
    assert told.value.why == "time"


def test_a_reader_that_dies_is_followed_by_another(tmp_path):
    process, path = WorkbookProcess(), book(tmp_path / "b.xlsx", {(0, 0): "x"})
    process.read(path)
    psutil.Process(process._process.pid).kill()
    process._process.wait()
    assert process.read(path)["sheets"][0]["name"] == "Лист1"


def test_one_process_reads_all_books(tmp_path):
    process, path = WorkbookProcess(), book(tmp_path / "b.xlsx", {(0, 0): "x"})
    pids = set()
    for _ in range(3):
        process.read(path)
        pids.add(process._process.pid)
    assert len(pids) == 1 and os.getpid() not in pids


@pytest.mark.parametrize("why", ["died", "memory", "time"])
def test_what_happened_to_the_reader_is_a_sentence(tmp_path, monkeypatch, why):
    def read(*_):
        raise ReaderDied(why)

    monkeypatch.setattr(workbook_process.WorkbookProcess, "read", read)
    assert "книга, " in refused(book(tmp_path / "b.xlsx", {(0, 0): "x"}))


@pytest.mark.parametrize(("letters", "number"), [("A", 0), ("Z", 25), ("AA", 26), ("XFD", 16383)])
def test_letters_of_columns(letters, number):
    assert workbook._column(letters.encode()) == number
    assert workbook._letters(number) == letters
