"""The whole report as one Word document, for official letters.

Pages are Markdown already; pandoc turns them into HTML, what a paper has no use for is taken out, pandoc makes a document
of the rest, and python-docx sets the page, the fonts and the tables.
"""

from __future__ import annotations

import html
import io
import re
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from docx import Document
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table

from helpers.params import Params
from helpers.publish import navigation, pandoc
from helpers.publish.archive import archive
from helpers.publish.figures import FOLDER as FIGURES
from helpers.publish.navigation import Entry

FOLDER = "documents"
NAME = f"{FOLDER}/report.docx"
STAMP = {"internal": "Внутренняя редакция. Для служебного пользования", "public": "Открытая редакция"}
_FONT = "Times New Roman"
_NO_TIME = datetime(2000, 1, 1)  # the day of writing would make other bytes on every run
_LONGEST_PROPERTY = 255
_TEXT_WIDTH = Cm(17)
_LETTERS = 100  # of a table, in a line as wide as the text
_PADDING = 2  # letters that a cell's margins take
_WORD = re.compile(r"[^ \n-]+-?")  # what is not broken between lines
_LONG_TEXT = 45  # letters of a cell from which on it may have several lines
_AFTER_WIDTH = ("w:jc", "w:tblCellSpacing", "w:tblInd", "w:tblBorders", "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook",
                "w:tblCaption", "w:tblDescription")  # fmt: skip
"""What may stand in a table's properties after its width, in this order and no other."""
_DROPPED = "script, noscript, style, button, .table-tools, .chart-files, .chart-area"


def document(params: Params, edition: str, settings: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """The report as docx.

    Parameters
    ----------
    params : Params
        What stands on the title page.
    edition : str
        `internal` or `public`: what is stamped on every page.
    settings : mapping
        The site's configuration: the pages of its sidebar are the chapters, in its order and by its names.
    files : mapping
        Sources of the pages (`flags.qmd`) and pictures of their charts (`figures/…`); a chart without a picture is told by
        its numbers.
    """
    contents = settings["website"]["sidebar"]["contents"]
    chapters = [
        _chapter(entry["text"], entry["href"].removesuffix(".qmd"), files) for entry in navigation.pages(contents)
    ]
    facts = [params.region, f"Источник: {params.described.source}"]
    cover = "".join(_styled(style, text) for style, text in
                    [("Title", params.title), ("Subtitle", STAMP[edition]), *(("Author", fact) for fact in facts)])  # fmt: skip
    text = f"{cover}<p>Содержание</p>{_listed(contents)}{''.join(chapters)}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name in files:
            if name.startswith(FIGURES) and name.endswith(".png"):
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(files[name])
        options = ["--from=html", "--to=docx", f"--resource-path={folder}", "--metadata=lang:ru-RU"]
        made = Document(io.BytesIO(pandoc.convert(text, NAME, *options)))
    _finish(made, params.title, STAMP[edition])
    return _same_bytes(made)


def _listed(contents: Sequence[Entry]) -> str:
    """The contents of the document, chapters under the names of their sections."""
    lines = [
        f"<li>{html.escape(entry['section'])}{_listed(entry['contents'])}</li>" if "contents" in entry else
        f'<li><a href="#{entry["href"].removesuffix(".qmd")}">{html.escape(entry["text"])}</a></li>'
        for entry in contents
    ]  # fmt: skip
    return f"<ul>{''.join(lines)}</ul>"


def _styled(style: str, text: str) -> str:
    return f'<div data-custom-style="{style}"><p>{html.escape(text)}</p></div>'


def _chapter(name: str, page: str, files: Mapping[str, bytes]) -> str:
    """A page as a chapter, in HTML."""
    soup = BeautifulSoup(pandoc.parts(files[f"{page}.qmd"].decode(), page)[-1], "html.parser")
    for table in soup.select(".data-table"):
        _lay_out(table, soup)
    for chart in soup.select("figure.chart"):
        _depict(chart, f"{FIGURES}/{page}-{chart['id']}.png", files, soup)
    for figures in soup.select(".key-figures"):
        _list(figures, soup)
    for dropped in soup.select(_DROPPED):
        dropped.decompose()
    for link in soup.select("a"):
        if urlsplit(link.get("href", "")).scheme not in ("http", "https"):
            link.unwrap()
    for tag in soup.select("[id]"):  # the same on several pages
        del tag["id"]
    return f'<h1 id="{page}">{html.escape(name)}</h1>{soup}'


def _lay_out(block: Tag, soup: BeautifulSoup) -> None:
    """A table with its caption; of a long one the rows that the page shows, and where the rest is."""
    caption, table = block.select_one(".table-title"), block.select_one("table")
    if table is None:
        return
    head = soup.new_tag("caption")
    head.string = caption.get_text()
    table.insert(0, head)
    for cell in table.select(".num"):
        cell["style"] = "text-align: right"
    parts = [table]
    if block.select_one("noscript p"):
        rest = soup.new_tag("p")
        total = len(block.select("tbody tr"))
        rest.string = f"Здесь первые строки, {total}; таблица целиком — на сайте отчёта и в файлах для скачивания."
        parts.append(rest)
    block.replace_with(*(part.extract() for part in parts))


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


def _list(figures: Tag, soup: BeautifulSoup) -> None:
    """Key numbers as a list."""
    listed = soup.new_tag("ul")
    for figure in figures.select(".key-figure"):
        line = soup.new_tag("li")
        number = soup.new_tag("strong")
        number.string = figure.strong.get_text()
        line.extend([number, f" — {figure.span.get_text()}"])
        listed.append(line)
    figures.replace_with(listed)


def _finish(made: Word, title: str, stamp: str) -> None:
    """Paper, fonts, tables, footer, properties."""
    section = made.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(2.5), Cm(1.5)
    section.top_margin = section.bottom_margin = Cm(2)
    _set_fonts(made)
    for table in made.tables:
        _set_table(table)
    foot = section.footer.paragraphs[0]
    foot.text = f"{stamp} · "
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot._p.append(_element("w:fldSimple", instr="PAGE"))
    for picture in made.inline_shapes:
        picture.height, picture.width = round(picture.height * _TEXT_WIDTH / picture.width), _TEXT_WIDTH
    properties = made.core_properties
    properties.title = title[:_LONGEST_PROPERTY]
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.language, properties.created, properties.modified = "ru-RU", _NO_TIME, _NO_TIME


def _set_fonts(made: Word) -> None:
    """One black typeface; a chapter begins on a page of its own."""
    for fonts in made.styles.element.iter(qn("w:rFonts")):
        for name in list(fonts.attrib):
            del fonts.attrib[name]
        for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(name), _FONT)
    sizes = {"Normal": 12, "Title": 20, "Subtitle": 14, "Author": 12, "Heading 1": 16, "Heading 2": 14, "Heading 3": 12,
             "Table Caption": 11, "Image Caption": 11}  # fmt: skip
    for style in made.styles:
        if style.name in sizes:
            style.font.size = Pt(sizes[style.name])
            style.font.color.rgb = RGBColor(0, 0, 0)
    for name in ("Heading 1", "Heading 2", "Table Caption"):
        made.styles[name].paragraph_format.keep_with_next = True
    made.styles["Heading 1"].paragraph_format.page_break_before = True


def _set_table(table: Table) -> None:
    """A ruled table as wide as the text; its head stands on every page, its rows are not torn."""
    widths, size = _widths([[cell.text for cell in row.cells] for row in table.rows])
    table.autofit = True  # a program that can widens a column whose words would be broken
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    properties = table._tbl.tblPr
    for old in properties.findall(qn("w:tblW")):
        properties.remove(old)
    rules = OxmlElement("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        rules.append(_element(f"w:{side}", val="single", sz="4", space="0", color="808080"))
    properties.insert_element_before(_element("w:tblW", type="pct", w="5000"), *_AFTER_WIDTH)
    properties.insert_element_before(rules, *_AFTER_WIDTH[4:])
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w="45", type="dxa"))
    properties.insert_element_before(margins, *_AFTER_WIDTH[7:])
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width
        for paragraph in (paragraph for cell in row.cells for paragraph in cell.paragraphs):
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
            for run in paragraph.runs:
                run.font.size = size


def _widths(rows: Sequence[Sequence[str]]) -> tuple[list[int], int]:
    """How wide each column is and how large its letters: no word is broken if that can be, long texts have most."""
    columns = list(zip(*rows, strict=True))
    words = [max((len(word) for cell in column for word in _WORD.findall(cell)), default=1) for column in columns]
    texts = [max(map(len, column)) for column in columns]
    least = [word + _PADDING for word in words]
    wanted = [max(word, min(text, _LONG_TEXT)) - word for word, text in zip(words, texts, strict=True)]
    # what the longest words leave goes to the long texts
    spare = min(max(_LETTERS - sum(least), 0) / max(sum(wanted), 1), 1)
    needed = [low + spare * more for low, more in zip(least, wanted, strict=True)]
    size = Pt(9) if sum(needed) <= _LETTERS else Pt(8)
    return [round(_TEXT_WIDTH * part / sum(needed)) for part in needed], size


def _element(name: str, **attributes: str) -> BaseOxmlElement:
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
