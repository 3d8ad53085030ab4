"""The Word document: real headings, tables and pictures, in the order of the site, the same bytes again."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn

from helpers.params import load
from helpers.publish import figures
from helpers.publish.document import document
from helpers.report import METHOD, PROJECT

PARAMS = load(PROJECT / "params" / "california-2000.yml", METHOD)
SETTINGS = {"website": {"sidebar": {"contents": [
    {"href": "b.qmd", "text": "Вторая"}, {"section": "Раздел", "contents": [{"href": "a.qmd", "text": "Первая"}]},
]}}}  # fmt: skip
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
CHART = (
    '```{=html}\n<figure class="chart" id="chart-x"><div class="chart-area" aria-label="Текст вместо графика"></div>'
    '<figcaption>Вывод графика</figcaption><details class="chart-numbers"><summary>Числа</summary><table><thead><tr><th>год</th>'
    "</tr></thead><tbody><tr><td>2021</td></tr></tbody></table></details>"
    '<script type="application/json" class="chart-data">{}</script></figure>\n```'
)
TABLE = (
    '```{=html}\n<div class="data-table searchable"><p class="table-title">Школы</p><div class="table-tools">Поиск</div>'
    '<noscript><p>Показаны первые строки</p></noscript><table><thead><tr><th>Школа</th><th class="num">Число</th></tr></thead>'
    '<tbody><tr><td><a href="school/a.html">СШ № 1</a></td><td class="num">1</td></tr></tbody></table></div>\n```'
)
FILES = {
    "a.qmd": f'---\ntitle: "А"\n---\n\n## Часть\n\n[страница](b.html) и [закон](https://example.test/)\n\n{CHART}\n'.encode(),
    "b.qmd": f'---\ntitle: "Б"\n---\n\n{TABLE}\n'.encode(),
}


def read(content: bytes):
    return Document(io.BytesIO(content))


@pytest.fixture(scope="module")
def with_picture() -> bytes:
    return document(PARAMS, "internal", SETTINGS, FILES | {"figures/a-chart-x.png": PNG})


def test_chapters_are_headings_in_the_order_of_the_sidebar(with_picture: bytes):
    headings = [(p.style.name, p.text) for p in read(with_picture).paragraphs if p.style.name.startswith("Heading")]
    assert headings == [("Heading 1", "Вторая"), ("Heading 1", "Первая"), ("Heading 2", "Часть")]


def test_the_title_page_says_what_it_is(with_picture: bytes):
    made, public = read(with_picture), read(document(PARAMS, "public", SETTINGS, FILES))
    texts = [paragraph.text for paragraph in made.paragraphs]
    assert texts[0] == PARAMS.title and PARAMS.region in texts and f"Источник: {PARAMS.described.source}" in texts
    assert any("Для служебного пользования" in text for text in texts)
    assert "Для служебного пользования" in made.sections[0].footer.paragraphs[0].text
    assert not any("служебного" in part.text for part in [*public.paragraphs, *public.sections[0].footer.paragraphs])


def test_a_picture_stands_with_its_caption_and_alternative_text(with_picture: bytes):
    made = read(with_picture)
    (picture,) = made.inline_shapes
    assert picture._inline.docPr.get("descr") == "Текст вместо графика"
    assert "Вывод графика" in [p.text for p in made.paragraphs if p.style.name == "Image Caption"]
    assert len(made.tables) == 1, "the numbers are not repeated under a picture"


def test_without_a_picture_the_numbers_stand_in_its_place():
    made = read(document(PARAMS, "internal", SETTINGS, FILES))
    assert not made.inline_shapes
    assert [[cell.text for cell in row.cells] for row in made.tables[1].rows] == [["год"], ["2021"]]
    assert any("График здесь не нарисован. Вывод графика" in paragraph.text for paragraph in made.paragraphs)


def test_a_table_repeats_its_head_and_names_where_the_rest_is(with_picture: bytes):
    made = read(with_picture)
    table = made.tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["Школа", "Число"], ["СШ № 1", "1"]]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    texts = [paragraph.text for paragraph in made.paragraphs]
    assert "Школы" in texts and any(text.startswith("Здесь первые строки, 1;") for text in texts)
    assert not any("Поиск" in text for text in texts)
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


def test_links_to_pages_are_plain_and_those_elsewhere_are_kept(with_picture: bytes):
    targets = [rel.target_ref for rel in read(with_picture).part.rels.values() if rel.reltype.endswith("/hyperlink")]
    assert targets == ["https://example.test/"]


def test_the_same_report_makes_the_same_bytes(with_picture: bytes):
    assert document(PARAMS, "internal", SETTINGS, FILES | {"figures/a-chart-x.png": PNG}) == with_picture
    with zipfile.ZipFile(io.BytesIO(with_picture)) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


def test_the_site_has_the_whole_report_and_leads_to_it(built: Path, small: Path):
    site = built / "_site" / small.stem
    made = read((site / "documents" / "report.docx").read_bytes())
    chapters = [p.text for p in made.paragraphs if p.style.name == "Heading 1"]
    assert chapters[0] == "Год на одном экране" and {"Индекс благополучия", "Метод и оговорки"} <= set(chapters)
    assert len(made.inline_shapes) > 3 or figures.browser() is None
    assert 'href="documents/report.docx"' in (site / "index.html").read_text(encoding="utf-8")
