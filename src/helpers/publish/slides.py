"""Slides for an audience, from a notebook like those of pages: one slide a heading.

Quarto makes them with reveal.js, which it brings along; pandoc makes a plain page of its own, a screen a slide.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from helpers.publish import pandoc, quarto
from helpers.publish.archive import archive
from helpers.publish.figures import FOLDER as FIGURES
from helpers.publish.kept import Kept
from helpers.publish.page_source import content

FOLDER = "slides"
_RAW = re.compile(r"^(`{3,})\{=html\}\n(.*?)\n\1$", re.DOTALL | re.MULTILINE)
_CSS = "../assets/slides.css"
_REVEAL: dict[str, Any] = {
    "lang": "ru",
    "format": {
        "revealjs": {
            "theme": "default", "width": 1280, "height": 720, "margin": 0.06, "slide-number": True, "hash": True,
            "center": False, "transition": "none", "html-math-method": "mathml", "html-table-processing": "none",
            "pdf-max-pages-per-slide": 1,
            "include-in-header": {"text": f'<link rel="stylesheet" href="{_CSS}">'},
        }
    },
}  # fmt: skip


def slides(notebook: Path, engine: str, pictures: Mapping[str, bytes], kept: Kept) -> dict[str, bytes]:
    """Files of the slides by their path below the site: `slides/webinar.html` and what it needs.

    Parameters
    ----------
    notebook : Path
        Executed.
    engine : str
        `quarto` or `pandoc`.
    pictures : mapping
        From `figures.figures`; a chart without a picture is told in words.
    kept : Kept
        Where slides rendered before are found again.
    """
    name = notebook.stem
    title, body = content(notebook, f"{FOLDER}/{name}")
    body = _RAW.sub(lambda found: f"{found[1]}{{=html}}\n{_still(found[2], name, pictures)}\n{found[1]}", body)
    title_slide, _, rest = body.partition("\n## ")
    parts = {"title": title, "subtitle": title_slide.strip()}
    if engine == "pandoc":
        return {f"{FOLDER}/{name}.html": _plain(parts, f"## {rest}").encode()}
    literal = {name: quarto.literal_title(text) for name, text in parts.items()}
    source = f"---\n{json.dumps(literal | _REVEAL, ensure_ascii=False)}\n---\n\n## {rest}\n"
    return _by_reveal(name, source, kept)


def _still(block: str, name: str, pictures: Mapping[str, bytes]) -> str:
    """A block of a slide: pictures in place of charts, since a chart does not draw itself while its slide is hidden."""
    soup = BeautifulSoup(block, "html.parser")
    for chart in soup.select("figure.chart"):
        _depict(chart, f"{FIGURES}/{name}-{chart['id']}.svg", pictures, soup)
    return str(soup)


def _depict(chart: Tag, name: str, pictures: Mapping[str, bytes], soup: BeautifulSoup) -> None:
    caption, alt = chart.figcaption.extract(), chart.select_one(".chart-area")["aria-label"]
    if name in pictures:
        shown = soup.new_tag("img", src=f"../{name}", alt=alt)
    else:
        shown = soup.new_tag("p")
        shown.string = f"{alt} График — на сайте отчёта."
    chart.clear()
    chart.extend([shown, caption])


def _plain(parts: Mapping[str, str], body: str) -> str:
    """All slides one below another in one page, each as high as the screen."""
    template = resources.files("helpers.publish") / "templates" / "slides.html"
    options = ["--from=markdown", "--to=html5", "--mathml", "--section-divs", f"--template={template}"]
    source = f"---\n{json.dumps(dict(parts), ensure_ascii=False)}\n---\n\n{body}\n"
    return pandoc.convert(source, FOLDER, *options).decode()


def _by_reveal(name: str, source: str, kept: Kept) -> dict[str, bytes]:
    """The files that Quarto makes, the page and the libraries that it needs; they are kept as one archive."""
    identity = quarto.identity()
    packed = kept.get(source, identity)
    if packed is None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            (Path(folder) / f"{name}.qmd").write_text(source, encoding="utf-8", newline="\n")
            quarto.run("render", f"{name}.qmd", "--to", "revealjs", cwd=Path(folder))
            made = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(Path(folder).rglob("*"))
                    if path.is_file() and path.suffix != ".qmd"}  # fmt: skip
        packed = kept.put(archive(made), source, identity)
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        return {f"{FOLDER}/{path}": files.read(path) for path in files.namelist()}
