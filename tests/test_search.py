"""What is searched is what a page shows, a school is found by its number, and the same pages give the same index."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from helpers.publish import search

PAGE = """<!DOCTYPE html><html lang="ru"><head><title>т</title></head><body><nav>меню</nav><main><h1>Выводы &amp; школы</h1>
{facts}<p>Первый <b>абзац</b>.</p><h2 id="all">Все школы</h2><table><tr><td>СШ № 1</td><td>село</td></tr></table>
<script type="application/json">["тайна"]</script><noscript>без скриптов</noscript><div class="table-tools">поиск</div>
<select><option>все</option></select><h3>Внутри</h3><p>конец</p></main><footer>подвал</footer></body></html>"""


def written(folder: Path, **pages: str) -> Path:
    for name, text in pages.items():
        path = folder / f"{name.replace('__', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def indexed(site: Path) -> dict[str, dict]:
    """What the index tells of each page."""
    search.index(site)
    fragments = (gzip.decompress(path.read_bytes()) for path in (site / search.FOLDER / "fragment").iterdir())
    told = (json.loads(fragment.removeprefix(b"pagefind_dcd")) for fragment in fragments)
    return {page["url"]: page for page in told}


def test_a_page_is_searched_by_what_it_shows(tmp_path: Path):
    site = written(
        tmp_path, flags=PAGE.format(facts=search.facts("flags", "Выводы")), extracts__a__index=PAGE.format(facts="")
    )
    (page,) = indexed(site).values()
    assert page["url"] == "/flags.html" and page["meta"]["title"] == "Выводы & школы"
    assert "Первый абзац" in page["content"] and "СШ № 1" in page["content"] and "конец" in page["content"]
    assert not {"меню", "тайна", "без скриптов", "поиск", "все", "подвал"} & set(
        page["content"].replace(".", " ").split()
    )
    assert [anchor["id"] for anchor in page["anchors"]] == ["all"]


def test_a_first_page_keeps_its_address(tmp_path: Path):
    assert set(indexed(written(tmp_path, index=PAGE.format(facts="")))) == {"/index.html"}


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("МБОУ «СШ № 1» г. Вилючинска", "сш1 школа1"),
        ("МБОУ «Гимназия №2»", "гимназия2 школа2"),
        ("Вечерняя школа № 10", "школа10"),
        ("МКОУ «СШ с. Тихий Плёс»", ""),
        ("<b>СШ № 1</b>", "сш1 школа1"),
    ],
)
def test_a_school_is_called_by_its_number(title: str, called: str):
    told = search.facts("school/a", title)
    assert (f">{called}</span>" in told) if called else (told == "")
    assert search.facts("flags", title) == ""


def test_the_same_pages_give_the_same_index(tmp_path: Path):
    sites = [
        written(tmp_path / name, a=PAGE.format(facts=""), school__b=PAGE.format(facts="")) for name in ("one", "two")
    ]
    for site in sites:
        search.index(site)
    one, two = ({p.relative_to(site): p.read_bytes() for p in site.rglob("*") if p.is_file()} for site in sites)
    assert one == two and len(one) > 8


def test_an_earlier_index_does_not_outlive_its_pages(tmp_path: Path):
    site = written(tmp_path, a=PAGE.format(facts=""), b=PAGE.format(facts=""))
    assert set(indexed(site)) == {"/a.html", "/b.html"}
    (site / "b.html").unlink()
    assert set(indexed(site)) == {"/a.html"}
