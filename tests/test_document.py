"""The letter for Word and in print: who writes to whom, annexes that turn, contents with pages, no broken word, no empty sheet."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import nbformat
import polars as pl
import pytest
from cells import defined
from docx import Document
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from pypdf import PdfReader

from helpers.params import LetterRules, load
from helpers.publish import document, figures, pdf
from helpers.publish.column_widths import fitted
from helpers.publish.kept import Kept
from helpers.report import METHOD, PROJECT
from helpers.show import emit

NB = "\u00a0"
PARAMS = load(PROJECT / "params" / "california-2000.yml", METHOD).model_copy(
    update={"letter": LetterRules(addressee="Руководителям\nмуниципалитетов", day=date(2021, 11, 8), number="15-3", position="Министр")}
)  # fmt: skip
CHART = (
    '```{=html}\n<figure class="chart" id="chart-x"><div class="chart-area" aria-label="Текст вместо графика"></div>'
    '<figcaption>Вывод графика</figcaption><details class="chart-numbers"><summary>Числа</summary><table><thead><tr><th>год</th>'
    "</tr></thead><tbody><tr><td>2021</td></tr></tbody></table></details>"
    '<script type="application/json" class="chart-data">{}</script></figure>\n```\n'
)
LONG = {
    "Территория": "Петропавловск-Камчатский городской округ", "Школа": "Муниципальное общеобразовательное учреждение № 17",
    "Что сделать": "Разработать психолого-педагогическое сопровождение обучающихся", "Кто": "Общеобразовательная организация",
    "Отклонение": "−0,37", "Интервал": f"от{NB}−0,59{NB}до{NB}−0,16", "Срок": "25.12.2021", "Среднеквадратическое": "1 234,5",
}  # fmt: skip
WIDE = emit.table(
    pl.DataFrame([LONG] * 40), [emit.Column(name, name) for name in LONG], id="table-w", caption="Широкая"
).markdown
SEARCHED = emit.table(
    pl.DataFrame({"name": ["СШ № 1"], "n": [1], "page": ["site:/school/a.html"]}),
    [emit.Column("name", "Школа", link="page", choose=True), emit.Column("n", "Число")],
    id="table-s", caption="Школы", search=True,
).markdown  # fmt: skip


def png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (2000, 1400), "#0b4f8a").save(written, "png")
    return written.getvalue()


def shown(markdown: str):
    return new_code_cell("x", execution_count=1, outputs=[new_output("display_data", data={"text/markdown": markdown})])


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("letter") / "letter.ipynb"
    cells = [
        new_markdown_cell("# Письмо\n\nУважаемые коллеги! [Страница](site:/b.html) и [закон](https://example.test/)"),
        new_markdown_cell("## Что установлено {#found}"), shown(CHART), shown(SEARCHED),
        new_markdown_cell("## Приложение. Территории"), shown(WIDE), new_markdown_cell("## Приложение. Как посчитано {#how}\n\nТак."),
    ]  # fmt: skip
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def draft(notebook: Path) -> bytes:
    return document.document(notebook, PARAMS, "internal", {"figures/letter-chart-x.png": png()})


@pytest.fixture(scope="module")
def in_print(draft: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if pdf.office() is None:
        pytest.skip("LibreOffice is not installed here: nothing lays the letter out")
    content, why = pdf.pdf(draft, Kept(tmp_path_factory.mktemp("kept")))
    assert not why
    return content


@pytest.fixture(scope="module")
def printed(in_print: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(in_print))


def read(content: bytes):
    return Document(io.BytesIO(content))


def texts(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in read(content).paragraphs]


def whole(paragraph: Paragraph) -> str:
    """A paragraph's text with what its fields show."""
    return "".join(part.text or "" for part in paragraph._p.iter(qn("w:t")))


def test_the_letter_says_who_writes_to_whom_when_and_about_what(draft: bytes):
    lines = texts(draft)
    assert lines[:5] == [
        document.BLANK * 4,
        f"8 ноября 2021 года    №{NB}15-3",
        "Руководителям",
        "муниципалитетов",
        PARAMS.title,
    ]
    signed = next(line for line in lines if line.startswith("Министр"))
    assert signed.split("\t")[1] == document.BLANK * 3, "nobody is named: there is room to write"
    assert lines.index(signed) < lines.index("Приложение 1. Территории")
    assert lines[lines.index(signed) + 1].startswith("Исполнитель: ___")


def test_a_letter_without_params_is_a_form_to_fill_in(notebook: Path):
    bare = PARAMS.model_copy(update={"letter": LetterRules()})
    lines = texts(document.document(notebook, bare, "public", {}))
    assert "«____»" in lines[1] and "20___ года" in lines[1] and set(lines[2]) == {"_"}


def test_the_edition_stands_under_every_page(draft: bytes, notebook: Path):
    assert "Для служебного пользования" in read(draft).sections[0].footer.paragraphs[0].text
    public = read(document.document(notebook, PARAMS, "public", {}))
    assert not any("служебного" in part.text for part in [*public.paragraphs, *public.sections[0].footer.paragraphs])


def test_the_letter_stands_upright_and_its_annexes_lie(draft: bytes):
    upright, turned = read(draft).sections
    assert upright.page_width < upright.page_height and turned.page_width > turned.page_height


def test_captions_are_numbered_by_fields_and_nothing_of_a_site_is_left(draft: bytes):
    made = read(draft)
    captions = [whole(p) for p in made.paragraphs if p.style.name in ("Table Caption", "Image Caption")]
    assert captions == ["Рисунок 1. Вывод графика", "Таблица 1. Школы", "Таблица 2. Широкая"]
    instructions = [field.get(qn("w:instr")) for field in made.element.body.iter(qn("w:fldSimple"))]
    assert [text.split()[1] for text in instructions if text.startswith("SEQ")] == ["Рисунок", "Таблица", "Таблица"]
    assert not re.search("Поиск|Найдено|JavaScript|Показать|сайт", " ".join(texts(draft)))
    targets = [rel.target_ref for rel in made.part.rels.values() if rel.reltype.endswith("/hyperlink")]
    assert targets == ["https://example.test/"], "links to pages are plain, those elsewhere are kept"


def test_a_picture_stands_with_its_alternative_text_and_without_one_its_numbers(draft: bytes, notebook: Path):
    (picture,) = read(draft).inline_shapes
    assert picture._inline.docPr.get("descr") == "Текст вместо графика"
    without = read(document.document(notebook, PARAMS, "internal", {}))
    assert not without.inline_shapes and [cell.text for cell in without.tables[0].columns[0].cells] == ["год", "2021"]
    assert any("График здесь не нарисован. Вывод графика" in paragraph.text for paragraph in without.paragraphs)


def test_a_table_repeats_its_head_and_tears_no_row(draft: bytes):
    for table in read(draft).tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        order = [child.tag.split("}")[1] for child in table._tbl.tblPr]
        schema = [
            "tblStyle",
            "tblW",
            "jc",
            "tblInd",
            "tblBorders",
            "shd",
            "tblLayout",
            "tblCellMar",
            "tblLook",
            "tblCaption",
        ]
        assert order == [name for name in schema if name in order], "Word is strict about the order"


def test_the_contents_are_words_own_with_the_pages(draft: bytes):
    made = read(document.with_contents(draft, [3, 12]))
    lines = [whole(p) for p in made.paragraphs if p.style.name == "TOC 1"]
    assert lines == ["Приложение 1. Территории3", "Приложение 2. Как посчитано12"]
    marks = [mark.get(qn("w:fldCharType")) for mark in made.element.body.iter(qn("w:fldChar"))]
    assert marks == ["begin", "separate", "end"]
    names = {mark.get(qn("w:name")) for mark in made.element.body.iter(qn("w:bookmarkStart"))}
    assert {link.get(qn("w:anchor")) for link in made.element.body.iter(qn("w:hyperlink"))} - {None} <= names
    unknown = read(document.with_contents(draft, []))
    assert next(unknown.element.body.iter(qn("w:fldChar"))).get(qn("w:dirty")) == "true", "Word finds the pages itself"


def test_no_word_of_a_column_is_wider_than_it():
    rows = [list(LONG), list(LONG.values())]
    widths, size = fitted(rows, document.ANNEX_WIDTH.pt, 9)
    assert sum(widths) == pytest.approx(document.ANNEX_WIDTH.pt)
    for column, width in zip(zip(*rows, strict=True), widths, strict=True):
        longest = max(len(word) for cell in column for word in re.split("[ -]", cell))
        assert longest * 0.45 * size < width, "a letter of Times is seldom narrower than 0.45 of its size"
    assert fitted([["а" * 200, "б"]], 300, 9)[1] == 6, "what cannot fit gets the smallest letters"


def test_printed_no_word_is_broken_and_no_sheet_is_empty(draft: bytes, printed: PdfReader):
    pages = [page.extract_text() for page in printed.pages]
    assert all(len(re.sub(r"Внутренняя.*", "", text).strip()) > 20 for text in pages)
    told = set(" ".join(pages).split())
    words = {
        word for table in read(draft).tables for row in table.rows for cell in row.cells for word in cell.text.split()
    }
    parts = {part for word in words for part in (word, *re.findall(r"[^-]+-?", word))}
    assert {word for word in words if word not in told and not set(re.findall(r"[^-]+-?", word)) <= told} == set(), (
        parts
    )


def test_printed_pictures_stand_within_the_margins(printed: PdfReader):
    boxes = []
    for page in printed.pages:

        def look(operator, arguments, matrix, _, page=page):
            if operator == b"Do":
                boxes.append((page.mediabox, matrix))

        page.extract_text(visitor_operand_before=look)
    assert boxes
    for sheet, (wide, _, _, high, left, bottom) in boxes:
        assert left >= 3 / 2.54 * 72 - 1 and left + wide <= float(sheet.width) - 1.5 / 2.54 * 72 + 1
        assert bottom >= 2 / 2.54 * 72 - 1 and bottom + high <= float(sheet.height) - 2 / 2.54 * 72 + 1


def test_printed_contents_tell_where_the_annexes_begin(printed: PdfReader, in_print: bytes):
    pages = pdf.annex_pages(in_print)
    for number, page in enumerate(pages, 1):
        assert f"Приложение {number}. " in printed.pages[page - 1].extract_text().splitlines()[0]
    contents = next(text for page in printed.pages if "Исполнитель" in (text := page.extract_text()))
    assert [int(n) for n in re.findall(r"Приложение \d\..*?\.{3,}\s*(\d+)", contents)] == pages
    assert all(float(page.mediabox.width) > float(page.mediabox.height) for page in printed.pages[pages[0] - 1 :])


def test_print_tells_no_time_of_its_making(in_print: bytes):
    assert re.findall(rb"/CreationDate\(D:(\d{14})", in_print) == [b"0" * 14]
    assert set(re.findall(rb"/DocChecksum /([0-9A-F]+)", in_print)) <= {b"0" * 32}
    assert set(re.findall(rb"/ID \[ <([0-9A-F]+)>\s<([0-9A-F]+)>", in_print)) <= {(b"0" * 32, b"0" * 32)}


def test_without_an_office_it_is_said_why_there_is_no_print(
    draft: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOFFICE_PATH", str(tmp_path / "nothing"))
    made, why = pdf.pdf(draft, Kept(tmp_path))
    assert made is None and why.startswith("LibreOffice не найден") and "SOFFICE_PATH" in why
    broken = tmp_path / "soffice"
    broken.write_text("#!/bin/sh\necho сломан\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("SOFFICE_PATH", str(broken))
    made, why = pdf.pdf(draft, Kept(tmp_path))
    assert made is None and "сломан" in why


def test_the_same_report_makes_the_same_bytes(notebook: Path, draft: bytes):
    assert document.document(notebook, PARAMS, "internal", {"figures/letter-chart-x.png": png()}) == draft
    with zipfile.ZipFile(io.BytesIO(draft)) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


LETTER = defined("letter")


def test_the_named_schools_stand_with_their_numbers_below_first():
    schools = pl.DataFrame(
        {
            "school_id": ["a", "b", "c"], "school_name": ["А", "Б", "В"], "group_name": ["Юг"] * 3, "flagged": [True, True, False],
            "direction": ["above", "below", "within"], "verdict": ["▲", "▼", "●"], "effect": [0.25, -0.5, 0.0],
            "lower": [0.1, -0.9, -0.1], "upper": [0.4, -0.1, 0.1], "confidence": [0.91, 0.999, 0.1],
        }
    )  # fmt: skip
    cells = re.findall(r"<td[^>]*>(.*?)</td>", LETTER.named_table(schools).markdown)
    assert cells == [
        "Б", "Юг", "▼", "−0,50", f"от{NB}−0,90{NB}до{NB}−0,10", f"&gt;99{NB}%",
        "А", "Юг", "▲", "+0,25", f"от{NB}+0,10{NB}до{NB}+0,40", f"91{NB}%",
    ]  # fmt: skip


def test_a_decision_that_is_made_is_not_asked_for():
    rows = [
        {"number": 1, "decision": "Д1", "owner": "К", "state": "done", "deadline": date(2021, 1, 1)},
        {"number": 2, "decision": "Д2", "owner": "К", "state": "planned", "deadline": date(2021, 2, 1)},
        {"number": 3, "decision": "Д3", "owner": "К", "state": "overdue", "deadline": date(2021, 3, 1)},
    ]
    table = pl.DataFrame(rows).with_columns(as_of_date=pl.lit(date(2021, 11, 1)))
    told, listed = LETTER.asked(table)
    assert f"не исполнено: 2{NB}решения, из них просрочено 1." in told.markdown
    assert re.findall(r">(Д\d)<", listed.markdown) == ["Д3", "Д2"]
    (done,) = LETTER.asked(table.with_columns(state=pl.lit("done")))
    assert "все решения этого года исполнены" in done.markdown
    assert (
        LETTER.asked(table.clear())[0].markdown.startswith("\n- ")
        or "Муниципалитетам" in LETTER.asked(table.clear())[0].markdown
    )


def test_the_site_has_the_letter_and_its_numbers_are_those_of_the_tables(built: Path, small: Path):
    site, tables = built / "_site" / small.stem, built / "data" / "processed" / small.stem / "public"
    made = read((site / "documents" / "report.docx").read_bytes())
    heads = [p.text for p in made.paragraphs if p.style.name == "Heading 1"]
    assert heads[0] == "Приложение 1. Территории" and heads[-1].endswith("Как получены выводы")
    groups = next(table for table in made.tables if table.rows[0].cells[0].text == "Территория")
    flags = pl.read_parquet(tables / "flags.parquet")
    counted = [sum(int(row.cells[column].text) for row in groups.rows[1:]) for column in range(1, 6)]
    sides = [flags.filter(direction=side).height for side in ("below", "within", "above")]
    assert counted == [flags.height, *sides, flags["direction"].null_count()]
    assert len(made.inline_shapes) > 0 or figures.browser() is None
    page = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="documents/report.docx"' in page
    assert (
        ('href="documents/report.pdf"' in page)
        == (site / "documents" / "report.pdf").is_file()
        == (pdf.office() is not None)
    )
