"""The site of one edition: pages and assets gathered, rendered, swapped in whole."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import yaml

from helpers.publish import manifest, pandoc, protocol, quarto
from helpers.publish.downloads import FOLDER, downloads
from helpers.publish.page_source import page_source
from helpers.publish.swap import swap_in
from helpers.report import PROJECT, Report
from helpers.show import views

_COPIED = ("assets", FOLDER, protocol.FOLDER)
"""Folders that go to the site as they are."""

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
    helpers.problems.MissingTool
        The engine is absent or fails.
    """
    renderer = quarto if engine == "quarto" else pandoc
    source = report.build / edition / "source"
    mirror(wanted_files(report, edition), source)
    stamp = source.with_name(f"{engine}.json")
    digests = {path.relative_to(source).as_posix(): manifest.sha256(path) for path in _files(source)}
    digests[_RENDERER] = renderer.identity()
    before = json.loads(stamp.read_text(encoding="utf-8")) if stamp.is_file() else {}
    stamp.unlink(missing_ok=True)
    rendered = renderer.render(source, edition, changed_pages(before, digests))
    for folder in _COPIED:
        if (source / folder).is_dir():
            shutil.copytree(source / folder, rendered / folder, dirs_exist_ok=True)
    _remove_strangers(rendered, digests)
    stamp.write_text(json.dumps(digests), encoding="utf-8")
    swap_in(rendered, report.site(edition), manifest.text(report, edition))
    return report.site(edition) / "index.html"


def wanted_files(report: Report, edition: str) -> dict[str, bytes]:
    """All that the renderer may see: page sources, configuration, assets, tables to download."""
    executed = report.build / edition / "pages"
    files: dict[str, bytes] = {}
    for notebook in sorted(executed.rglob("*.ipynb")):
        page = notebook.relative_to(executed).with_suffix("").as_posix()
        files[f"{page}.qmd"] = page_source(notebook, page).encode()
    for name in ("_quarto.yml", f"_quarto-{edition}.yml"):
        files[name] = (PROJECT / name).read_bytes()
    profile = {"website": {"title": report.params.title}}
    files["_quarto-report.yml"] = yaml.safe_dump(profile, allow_unicode=True).encode()
    for package in ("show", "publish"):
        for asset in (resources.files("helpers") / package / "assets").iterdir():
            files[f"assets/{asset.name}"] = asset.read_bytes()
    files["assets/plotly.min.js"] = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    files |= downloads(report, edition)
    if edition == "internal":
        files |= protocol.books(views.protocol(report))
    return files


def mirror(files: Mapping[str, bytes], folder: Path) -> None:
    """Make `folder` hold these files and, renderers' own folders aside, no others; rewrite only what differs."""
    for path in _files(folder):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


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
            path.unlink()
