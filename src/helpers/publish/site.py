"""The site of one edition: pages and assets gathered, rendered, swapped in whole."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path

import nbformat
import yaml

from helpers.disclosure import refuse_public
from helpers.files import copy_folder, remove, remove_folder, write
from helpers.publish import (
    document,
    extracts,
    figures,
    held,
    manifest,
    navigation,
    pandoc,
    pdf,
    progress,
    protocol,
    quarto,
    search,
    slides,
    table_data,
)
from helpers.publish.attacked import refuse_once
from helpers.publish.chart_scripts import BASIC, WHOLE, bundle
from helpers.publish.downloads import FOLDER, downloads
from helpers.publish.front_matter import front_matter
from helpers.publish.kept import Kept
from helpers.publish.page_source import page_source
from helpers.publish.pages import DOCUMENTS, FANNED, LETTER, SLIDES, all_notebooks, notebooks
from helpers.publish.swap import swap_in
from helpers.report import PROJECT, Report
from helpers.show import received

_COPIED = (
    "assets",
    FOLDER,
    protocol.FOLDER,
    figures.FOLDER,
    document.FOLDER,
    slides.FOLDER,
    extracts.FOLDER,
    table_data.FOLDER,
)
"""Folders that go to the site as they are."""

_PARTS = 5
"""Of making a site, as progress is told: pictures, sources and downloads, documents, pages, search."""
_RENDERER = "renderer"
"""Key of the stamp under which the renderer's own version stands among the files' digests."""


def render(report: Report, edition: str, engine: str) -> Path:
    """Make the site of an edition from its executed page notebooks.

    Parameters
    ----------
    engine : str
        `quarto` or `pandoc`.

    Returns
    -------
    Path
        The site's first page.

    Raises
    ------
    helpers.problems.BrokenPage
        A page would miss something.
    helpers.problems.BadInput
        A public edition that disclosure control has refused, or of which a reader could work out what is hidden.
    helpers.problems.MissingTool
        The engine is absent or fails.
    """
    if edition == "public":
        refuse_public(report)
    renderer = quarto if engine == "quarto" else pandoc
    source = report.build / edition / "source"
    progress.tell("planned", stage="site", edition=str(edition), total=_PARTS)
    mirror(wanted_files(report, edition, engine), source)
    if report.sight(edition) == "protected":
        refuse_once(report, source / FOLDER)
    stamp = source.with_name(f"{engine}.json")
    digests = {path.relative_to(source).as_posix(): held.sha256(path) for path in _files(source)}
    digests[_RENDERER] = renderer.identity()
    before = json.loads(stamp.read_text(encoding="utf-8")) if stamp.is_file() else {}
    remove(stamp)
    rendered = renderer.render(source, edition, changed_pages(before, digests))
    for folder in _COPIED:
        if (source / folder).is_dir():
            copy_folder(source / folder, rendered / folder)
    _remove_strangers(rendered, digests)
    _part_done(edition)
    search.index(rendered)
    write(stamp, json.dumps(digests))
    made = [path.relative_to(rendered).as_posix() for path in rendered.rglob("*") if path.is_file()]
    swap_in(rendered, report.site(edition), manifest.text(report, edition, made))
    _part_done(edition)
    return report.site(edition) / "index.html"


def wanted_files(report: Report, edition: str, engine: str) -> dict[str, bytes]:
    """All that the renderer may see: page sources, configuration, assets, and what goes to the site as it is."""
    executed, kept_files = _executed(report, edition), Kept(report.build / edition / "kept")
    pictures = figures.figures(_charts(executed), kept_files)
    _part_done(edition)
    letter = _letter(report, edition, executed[LETTER], pictures, kept_files)
    left_out = {path.stem for path in all_notebooks()} - {page.partition("/")[0] for page in executed}
    left_out = {f"{page}.html" for page in left_out} | {document.PDF} - letter.keys()
    files = {
        f"{page}.qmd": page_source(path, page, pictures, left_out=left_out).encode()
        for page, path in executed.items() if page not in DOCUMENTS
    }  # fmt: skip
    files = table_data.parted(files)
    files |= (
        _bundles(files) | _settings(report, edition, files.keys()) | _assets() | pictures | downloads(report, edition)
    )
    if edition == "internal":
        files |= protocol.books(received.protocol(report), report.params)
    settings = pandoc.configuration(files, edition)
    _part_done(edition)
    files |= letter
    files |= slides.slides(executed[SLIDES], engine, pictures, kept_files)
    if edition == "internal" and not report.params.open_data:
        files |= extracts.extracts(report, executed, settings, files, kept_files)
    kept_files.forget_others()
    _part_done(edition)
    return files


def _letter(
    report: Report, edition: str, executed: Path, pictures: Mapping[str, bytes], kept: Kept
) -> dict[str, bytes]:
    """The letter for Word and, where there is a program for it, as PDF; why there is none is told."""
    made = document.document(executed, report.params, edition, pictures)
    printed, why = pdf.pdf(made, kept)
    if printed is None:
        progress.tell("note", text=why)
        return {document.NAME: document.with_contents(made, [])}
    return {document.NAME: document.with_contents(made, pdf.annex_pages(printed)), document.PDF: printed}


def _part_done(edition: str) -> None:
    progress.tell("advanced", stage="site", edition=str(edition))


def _executed(report: Report, edition: str) -> dict[str, Path]:
    """The executed notebooks of an edition's pages; what an earlier run left must not reach a site that may not show it."""
    folder, shown = report.build / edition / "pages", notebooks(report, edition)
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.ipynb"))}
    return {page: path for page, path in found.items() if page.partition("/")[0] in shown}


def _charts(executed: Mapping[str, Path]) -> list[figures.Chart]:
    """The charts of the single pages: of cards and groups there are too many to draw."""
    single = {page: path for page, path in executed.items() if page.partition("/")[0] not in FANNED}
    return [chart for page, path in single.items() for chart in figures.charts(nbformat.read(path, as_version=4), page)]


def _settings(report: Report, edition: str, pages: Collection[str]) -> dict[str, bytes]:
    """The site's configuration and its profiles: their sidebars hold the pages that there are, those that nobody has placed too."""
    main, profile = "_quarto.yml", f"_quarto-{edition}.yml"
    settings = {name: yaml.safe_load((PROJECT / name).read_text(encoding="utf-8")) for name in (main, profile)}
    sidebars = {name: bar for name, setting in settings.items() if (bar := setting["website"].get("sidebar"))}
    named = {entry["href"] for bar in sidebars.values() for entry in navigation.pages(bar["contents"])}
    told = {
        f"{name}.qmd": front_matter(path) for name, path in notebooks(report, edition).items() if name not in FANNED
    }
    others = {page: (said.title, said.section) for page, said in told.items() if page in pages and page not in named}
    sidebars[main]["contents"] = navigation.placed(sidebars[main]["contents"], others)
    for bar in sidebars.values():
        bar["contents"] = navigation.kept(bar["contents"], pages)
    written = {
        name: yaml.safe_dump(setting, allow_unicode=True, sort_keys=False).encode()
        for name, setting in settings.items()
    }
    title = {"website": {"title": report.params.title}}
    return written | {"_quarto-report.yml": yaml.safe_dump(title, allow_unicode=True).encode()}


def _assets() -> dict[str, bytes]:
    """Styles and scripts of the pages."""
    packages = (resources.files("helpers") / package / "assets" for package in ("show", "publish"))
    return {f"assets/{asset.name}": asset.read_bytes() for package in packages for asset in package.iterdir()}


def _bundles(pages: Mapping[str, bytes]) -> dict[str, bytes]:
    """The bundles of plotly.js that the pages ask for."""
    asked = [name for name in (WHOLE, BASIC) if any(f'/{name}"'.encode() in page for page in pages.values())]
    return {f"assets/{name}": bundle(name) for name in asked}


def mirror(files: Mapping[str, bytes], folder: Path) -> None:
    """Make `folder` hold these files and, renderers' own folders aside, no others; rewrite only what differs."""
    for path in _files(folder):
        if path.relative_to(folder).as_posix() not in files:
            remove(path)
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            write(path, content)


def _files(folder: Path) -> list[Path]:
    own = {"_site", ".quarto"}
    return sorted(p for p in folder.rglob("*") if p.is_file() and not own & set(p.relative_to(folder).parts))


def changed_pages(before: Mapping[str, str], now: Mapping[str, str]) -> list[str] | None:
    """Pages whose source has changed since the last rendering; None where every page has to be rendered.

    That is so when there was none, when pages came or went, or when what shapes all
    pages (configuration, styles, the renderer) has changed.
    """
    pages = {name for name in now if name.endswith(".qmd")}
    shaping = {name for name in now if name.startswith("_quarto") or name.endswith(".css") or name == _RENDERER}
    if pages != {name for name in before if name.endswith(".qmd")}:
        return None
    if any(before.get(name) != now[name] for name in shaping):
        return None
    return sorted(name.removesuffix(".qmd") for name in pages if before[name] != now[name])


def _remove_strangers(rendered: Path, digests: Mapping[str, str]) -> None:
    """Remove pages and copied files of an earlier rendering that no longer belong."""
    for path in [*rendered.rglob("*.html"), *(p for f in _COPIED for p in (rendered / f).rglob("*") if p.is_file())]:
        name = path.relative_to(rendered).as_posix()
        if re.sub(r"\.html$", ".qmd", name) not in digests and name not in digests:
            remove(path)
            if not any(path.parent.iterdir()):
                remove_folder(path.parent)
