"""The report as a letter with its annexes, for Word: signed, numbered, in landscape where the tables are.

`notebooks/pages/letter.ipynb` holds the words. Its Markdown becomes HTML, pandoc makes a document of it, and python-docx does
what an official letter needs: head, contents, signature, numbered captions, widths that fit the words, pages that turn.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from docx import Document
from docx.document import Document as Word
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Length, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph

from helpers.params import LetterRules, Params
from helpers.publish import pandoc
from helpers.publish.archive import archive
from helpers.publish.column_widths import fitted
from helpers.publish.figures import FOLDER as FIGURES
from helpers.publish.page_source import content
from helpers.show import words

FOLDER = "documents"
NAME, PDF = f"{FOLDER}/report.docx", f"{FOLDER}/report.pdf"
STAMP = {"internal": "Внутренняя редакция. Для служебного пользования", "public": "Открытая редакция"}
ANNEX = "Приложение"
"""A heading of the letter that begins with this word and a point begins an annex: «Приложение. Территории»."""
BLANK = "________"
_FONT = "Times New Roman"
_NO_TIME = datetime(2000, 1, 1)  # the day of writing would make other bytes on every run
_LONGEST_PROPERTY = 255
_SHORT, _LONG = Cm(21), Cm(29.7)  # sides of a sheet
_LEFT, _RIGHT, _ABOVE = (
    Cm(3),
    Cm(1.5),
    Cm(2),
)  # margins of an official letter (ГОСТ Р 7.0.97-2016); the left one for a binder
LETTER_WIDTH, ANNEX_WIDTH = Length(_SHORT - _LEFT - _RIGHT), Length(_LONG - 2 * _ABOVE)
_TALLEST = Cm(13)  # of a picture: text stands with it on the sheet
_CAPTIONS = {"Table Caption": "Таблица", "Image Caption": "Рисунок"}
_AFTER_WIDTH = ("w:jc", "w:tblCellSpacing", "w:tblInd", "w:tblBorders", "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook",
                "w:tblCaption", "w:tblDescription")  # fmt: skip
"""What may stand in a table's properties after its width, in this order and no other."""
_SMALL = 8  # rows of a table that stands on one sheet
_PADDING = 85  # twentieths of a point, left and right in a cell
_DROPPED = "script, noscript, style, button, .table-tools, .chart-files, .chart-area"


def document(notebook: Path, params: Params, edition: str, pictures: Mapping[str, bytes]) -> bytes:
    """The letter as docx, its contents a list whose page numbers LibreOffice finds itself (`with_contents`).

    Parameters
    ----------
    notebook : Path
        The executed letter.
    params : Params
        What stands at the head of the letter and under it.
    edition : str
        `internal` or `public`: what is stamped on every page.
    pictures : mapping
        From `figures.figures`; a chart without a picture is told by its numbers.
    """
    text = _text(notebook, pictures)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name in pictures:
            if name.startswith(f"{FIGURES}/{notebook.stem}-") and name.endswith(".png"):
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(pictures[name])
        options = ["--from=html", "--to=docx", f"--resource-path={folder}", "--metadata=lang:ru-RU"]
        made = Document(io.BytesIO(pandoc.convert(text, NAME, *options)))
    _set_styles(made)
    annexes = [paragraph for paragraph in made.paragraphs if paragraph.style.name == "Heading 1"]
    _write_head(made, params.letter, params.title)
    _write_end(made, params.letter, annexes)
    _number_captions(made)
    _set_pages(made, STAMP[edition])
    for width, block in _blocks(made, annexes):
        _fit(block, width)
    _set_properties(made, params.title)
    return _same_bytes(made)


def with_contents(content: bytes, pages: Sequence[int]) -> bytes:
    """The document with Word's own table of contents, which Word can make anew.

    Parameters
    ----------
    pages : sequence of int
        Where the annexes begin; empty if nobody knows: then Word finds it when it opens the document.
    """
    made = Document(io.BytesIO(content))
    entries = [paragraph for paragraph in made.paragraphs if paragraph.style.name == "TOC 1"]
    for entry, page in zip(entries, pages or [None] * len(entries), strict=True):
        next(entry._p.iter(qn("w:fldSimple"))).find(f"{qn('w:r')}/{qn('w:t')}").text = str(page or "")
    if entries:
        _make_contents(entries, known=bool(pages))
    return _same_bytes(made)


def _text(notebook: Path, pictures: Collection[str]) -> str:
    """The letter in HTML, without what only a site has use for."""
    name = notebook.stem
    markdown = content(notebook, f"{FOLDER}/{name}")[1]
    soup = BeautifulSoup(pandoc.parts(f"---\ntitle: x\n---\n\n{markdown}\n", name)[-1], "html.parser")
    for table in soup.select(".data-table"):
        _lay_out(table, soup)
    for chart in soup.select("figure.chart"):
        _depict(chart, f"{FIGURES}/{name}-{chart['id']}.png", pictures, soup)
    for dropped in soup.select(_DROPPED):
        dropped.decompose()
    for link in soup.select("a"):
        if urlsplit(link.get("href", "")).scheme not in ("http", "https"):
            link.unwrap()
    for tag in soup.select("[id]"):
        del tag["id"]
    annexes = [head for head in soup.select("h2") if head.get_text().startswith(f"{ANNEX}. ")]
    for number, head in enumerate(annexes, 1):
        head.name, head["id"] = "h1", f"annex-{number}"
        head.string = head.get_text().replace(ANNEX, f"{ANNEX} {number}", 1)
    return str(soup)


def _lay_out(block: Tag, soup: BeautifulSoup) -> None:
    """A table with its caption; an empty one says so."""
    caption, table = block.select_one(".table-title"), block.select_one("table")
    if table is None:
        return
    head = soup.new_tag("caption")
    head.string = caption.get_text()
    table.insert(0, head)
    for cell in table.select(".num"):
        cell["style"] = "text-align: right"
    block.replace_with(table.extract())


def _depict(chart: Tag, name: str, pictures: Collection[str], soup: BeautifulSoup) -> None:
    """A chart as a picture with its caption; without a picture as its numbers, or as the text that tells it."""
    caption, alt, numbers = chart.figcaption.get_text(), chart.select_one(".chart-area")["aria-label"], chart.table
    figure = soup.new_tag("figure")
    if name in pictures:
        figure.append(soup.new_tag("img", src=name, alt=alt))
        told = soup.new_tag("figcaption")
        told.string = caption
        figure.append(told)
        chart.replace_with(figure)
        return
    instead = soup.new_tag("p")
    instead.string = f"График здесь не нарисован. {caption} {alt}"
    chart.replace_with(*([instead, numbers.extract()] if numbers else [instead]))


def _set_styles(made: Word) -> None:
    """One black typeface in the sizes of a letter; a heading stays with what it heads."""
    for fonts in made.styles.element.iter(qn("w:rFonts")):
        for name in list(fonts.attrib):
            del fonts.attrib[name]
        for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(name), _FONT)
    for name in ("Letter", "Letter Head", "Letter Addressee", "TOC 1"):
        if name not in [style.name for style in made.styles]:
            made.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = made.styles["Normal"]
    sizes = {"Normal": 14, "Heading 1": 16, "Heading 2": 14, "Heading 3": 14, "Table Caption": 11, "Image Caption": 11}
    for name, size in sizes.items():
        style = made.styles[name]
        style.font.size, style.font.color.rgb = Pt(size), RGBColor(0, 0, 0)
        style.font.italic, style.font.bold = False, name.startswith("Heading")
    made.styles["Normal"].paragraph_format.line_spacing = 1.4
    made.styles["Captioned Figure"].paragraph_format.space_before = Pt(10)
    for name in ("Heading 1", "Heading 2", "Table Caption", "Captioned Figure"):
        made.styles[name].paragraph_format.keep_with_next = True
    made.styles["Heading 1"].paragraph_format.page_break_before = True
    made.styles["Letter Head"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    made.styles["Letter Head"].font.bold = True
    made.styles["Letter Addressee"].paragraph_format.left_indent = Cm(8.5)
    made.styles["Letter"].paragraph_format.keep_together = True
    made.styles["TOC 1"].paragraph_format.space_after = Pt(0)
    made.styles["TOC 1"].paragraph_format.tab_stops.add_tab_stop(
        LETTER_WIDTH, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
    )


def _write_head(made: Word, letter: LetterRules, title: str) -> None:
    """Who writes, when and under which number, to whom, about what."""
    first = made.paragraphs[0]
    day = words.long_day(letter.day) if letter.day else f"«____» {BLANK}{BLANK} 20___ года"
    lines = [
        ("Letter Head", letter.organisation or BLANK * 4),
        ("Letter", f"{day}  №\u00a0{letter.number or BLANK}".replace("  ", "    ")),
        *(("Letter Addressee", line) for line in (letter.addressee or f"{BLANK * 3}\n{BLANK * 3}").splitlines()),
        ("Letter", title),
    ]
    for style, text in lines:
        written = first.insert_paragraph_before(text, style)
    written.runs[0].bold = True  # the last line: what the letter is about


def _write_end(made: Word, letter: LetterRules, annexes: Sequence[Paragraph]) -> None:
    """What is attached and on which page it begins, who signs, who knows the details; there the upright pages end."""
    if not annexes:
        return
    before = annexes[0]
    heading = before.insert_paragraph_before("Приложения", "Heading 2")
    heading.paragraph_format.keep_with_next = True
    for number, annex in enumerate(annexes, 1):
        _mark(annex, number)
        _enter(before, number, annex.text)
    signed = before.insert_paragraph_before("", "Letter")
    signed.paragraph_format.space_before = Pt(30)
    signed.paragraph_format.keep_with_next = True
    signed.paragraph_format.tab_stops.add_tab_stop(LETTER_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    signed.add_run(f"{letter.position or BLANK * 3}\t{letter.signatory or BLANK * 3}")
    last = before.insert_paragraph_before(f"Исполнитель: {letter.contact or BLANK * 3}", "Letter")
    last.paragraph_format.space_before = Pt(24)
    last.runs[0].font.size = Pt(10)
    upright = made.add_section(
        WD_SECTION.NEW_PAGE
    )._sectPr  # python-docx puts the old section's end into a paragraph of its own
    ended = upright.getprevious()
    last._p.get_or_add_pPr().append(ended.pPr.sectPr)
    ended.getparent().remove(ended)


def _mark(annex: Paragraph, number: int) -> None:
    """A bookmark around an annex's heading: pandoc's own begin before it, where the letter ends."""
    name = f"annex-{number}"
    for start in annex._p.getparent().findall(qn("w:bookmarkStart")):
        if start.get(qn("w:name")) == name:
            start.getparent().remove(start)
    start, end = (
        _element("w:bookmarkStart", id=str(1000 + number), name=name),
        _element("w:bookmarkEnd", id=str(1000 + number)),
    )
    annex._p.insert(annex._p.index(annex.runs[0]._r), start)
    annex._p.append(end)


def _enter(before: Paragraph, number: int, title: str) -> None:
    """A line of the contents: the annex, dots, its page; a click leads there."""
    line = before.insert_paragraph_before("", "TOC 1")
    link = _element("w:hyperlink", anchor=f"annex-{number}", history="1")
    for run in (line.add_run(title), line.add_run("\t")):
        link.append(run._r)
    link.append(_field(f"PAGEREF annex-{number} \\h", ""))
    line._p.append(link)
    line.paragraph_format.keep_with_next = True  # nobody signs an empty sheet


def _make_contents(entries: Sequence[Paragraph], known: bool) -> None:
    """Wrap the lines into the field that stands for a table of contents; a dirty one is made anew when it is opened."""
    begin, told, between, end = (OxmlElement("w:r") for _ in range(4))
    begin.append(_element("w:fldChar", fldCharType="begin", **({} if known else {"dirty": "true"})))
    instruction = OxmlElement("w:instrText")
    instruction.set(qn("xml:space"), "preserve")
    instruction.text = ' TOC \\o "1-1" \\h \\z '
    told.append(instruction)
    between.append(_element("w:fldChar", fldCharType="separate"))
    end.append(_element("w:fldChar", fldCharType="end"))
    first = entries[0]._p
    for run in (begin, told, between):
        first.insert(first.index(first.find(qn("w:hyperlink"))), run)
    entries[-1]._p.append(end)


def _number_captions(made: Word) -> None:
    """«Таблица 1. …», «Рисунок 1. …», by fields, so that Word can list and refer to them."""
    counts = dict.fromkeys(_CAPTIONS, 0)
    for paragraph in made.paragraphs:
        style = paragraph.style.name
        if style in _CAPTIONS:
            counts[style] += 1
            start = paragraph._p.index(paragraph.runs[0]._r)
            name, dot = paragraph.add_run(f"{_CAPTIONS[style]} "), paragraph.add_run(". ")
            number = _field(f"SEQ {_CAPTIONS[style]} \\* ARABIC", str(counts[style]))
            for place, part in enumerate((name._r, number, dot._r)):
                paragraph._p.insert(start + place, part)


def _set_pages(made: Word, stamp: str) -> None:
    """Paper upright for the letter, on its side for the annexes; the stamp and the number under every page."""
    upright, *turned = made.sections
    for section in made.sections:
        section.page_width, section.page_height = _SHORT, _LONG
        section.left_margin, section.right_margin = _LEFT, _RIGHT
        section.top_margin = section.bottom_margin = _ABOVE
        section.header_distance = section.footer_distance = Cm(1)
    for section in turned:
        section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, _LONG, _SHORT
        section.left_margin = section.right_margin = _ABOVE
    foot = upright.footer.paragraphs[0]
    foot.text = f"{stamp} · "
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot._p.append(_field("PAGE", "1"))


def _blocks(made: Word, annexes: Sequence[Paragraph]) -> Iterator[tuple[Length, Table | Paragraph]]:
    """Tables and paragraphs, each with the width of the text where it stands."""
    width = LETTER_WIDTH
    for block in made.iter_inner_content():
        if annexes and isinstance(block, Paragraph) and block._p is annexes[0]._p:
            width = ANNEX_WIDTH
        yield width, block


def _fit(block: Table | Paragraph, width: Length) -> None:
    if isinstance(block, Table):
        _set_table(block, width)
    for drawing in block._element.iter(qn("wp:inline")) if isinstance(block, Paragraph) else ():
        _resize(drawing, width)


def _resize(drawing: BaseOxmlElement, width: Length) -> None:
    """A picture as wide as the text, or as high as may be."""
    wide, high = drawing.extent.cx, drawing.extent.cy
    scale = min(width / wide, _TALLEST / high)
    for side in ("distT", "distB", "distL", "distR"):  # without them LibreOffice moves the picture out of the margin
        drawing.set(side, "0")
    drawing.extent.cx, drawing.extent.cy = round(wide * scale), round(high * scale)
    shape = drawing.graphic.graphicData.pic.spPr
    shape.cx, shape.cy = drawing.extent.cx, drawing.extent.cy


def _set_table(table: Table, width: Length) -> None:
    """A ruled table as wide as the text; its head stands on every page, its rows are not torn, nor are its words."""
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    widths, size = fitted(rows, width.pt, 2 * _PADDING / 20)
    table.autofit = False
    for column, points in zip(table.columns, widths, strict=True):
        column.width = Pt(points)
    properties = table._tbl.tblPr
    for old in properties.findall(qn("w:tblW")):
        properties.remove(old)
    properties.insert_element_before(_element("w:tblW", type="dxa", w=str(width.twips)), *_AFTER_WIDTH)
    rules = OxmlElement("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        rules.append(_element(f"w:{side}", val="single", sz="4", space="0", color="808080"))
    properties.insert_element_before(rules, *_AFTER_WIDTH[4:])
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=str(_PADDING), type="dxa"))
    properties.insert_element_before(margins, *_AFTER_WIDTH[7:])
    held = table.rows[:-1] if len(table.rows) <= _SMALL else []
    for paragraph in (paragraph for row in held for cell in row.cells for paragraph in cell.paragraphs):
        paragraph.paragraph_format.keep_with_next = True
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, points in zip(row.cells, widths, strict=True):
            cell.width = Pt(points)
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.line_spacing = 1
                paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
                for run in paragraph.runs:
                    run.font.size = Pt(size)


def _set_properties(made: Word, title: str) -> None:
    properties = made.core_properties
    properties.title = title[:_LONGEST_PROPERTY]
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.language, properties.created, properties.modified = "ru-RU", _NO_TIME, _NO_TIME


def _field(instruction: str, shown: str) -> BaseOxmlElement:
    """A field that Word computes, and what it shows until then."""
    field, run, text = _element("w:fldSimple", instr=instruction), OxmlElement("w:r"), OxmlElement("w:t")
    text.text = shown
    run.append(text)
    field.append(run)
    return field


def _element(name: str, /, **attributes: str) -> BaseOxmlElement:
    """An element of a document with these attributes."""
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element


def _same_bytes(made: Word) -> bytes:
    """The document's file without the time of its making."""
    written = io.BytesIO()
    made.save(written)
    with zipfile.ZipFile(written) as parts:
        return archive({name: parts.read(name) for name in parts.namelist()})
