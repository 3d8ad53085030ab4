"""While page notebooks are being written: each saved one runs, and its page is shown instead of the site's.

The site itself stays as the last build has left it, and so does all that hangs on a page but is not seen on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import typer

from helpers.publish import document, pandoc, table_data
from helpers.publish.execute import WarmKernel, granted, run_notebook, warm_kernel
from helpers.publish.page_source import page_source
from helpers.publish.pages import DOCUMENTS, FANNED, Target, all_notebooks, notebooks, targets
from helpers.publish.preview import Server
from helpers.report import Report

_LOOK_EVERY = 0.2
"""Seconds between two looks at the notebooks."""
_WHOLE_WITHIN = 3.0
"""Seconds in which a notebook that is being written must become whole."""
_LEFT = "Документ, слайды, выписки, файлы для скачивания, рисунки и поиск обновит report build"

_Stamp = tuple[int, int, int]


def follow(report: Report, edition: str, server: Server) -> None:
    """Wait for page notebooks to be saved; run each that was and show its page. Never returns.

    What is wrong with a notebook is told in the terminal and on its page, which otherwise stays as it was.
    """
    with warm_kernel(report.params.build.cell_seconds) as kernel:
        pages = _Pages(report, edition, server, kernel)
        before = _stamps()
        pages.warm()
        typer.echo("Слежу за тетрадями страниц.")
        while True:
            now = _stamps()
            for notebook in [path for path, stamp in now.items() if before.get(path) != stamp]:
                pages.remake(notebook)
            before = now
            time.sleep(_LOOK_EVERY)


def _stamps() -> dict[Path, _Stamp]:
    """What tells one saving from the next: a new time, length or, where a new file takes the old one's place, number."""
    stamps = {}
    for path in all_notebooks():
        try:
            stat = path.stat()
        except FileNotFoundError:  # between the two renamings of an editor
            continue
        stamps[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return stamps


class _Pages:
    """Pages made anew in one kernel, with what all of them need read once."""

    def __init__(self, report: Report, edition: str, server: Server, kernel: WarmKernel) -> None:
        self.report, self.edition, self.server, self.kernel = report, edition, server, kernel
        source = report.build / edition / "source"
        self.executed = report.build / edition / "preview"
        self.settings: dict[str, Any] = pandoc.configuration(
            {path.name: path.read_bytes() for path in source.glob("_quarto*.yml")}, edition
        )
        self.pictures = {path.relative_to(source).as_posix() for path in (source / "figures").rglob("*.*")}
        on_site = {path.stem for path in source.glob("*.qmd")} | FANNED.keys()
        self.left_out = {f"{page}.html" for page in {path.stem for path in all_notebooks()} - on_site}
        self.left_out |= {document.PDF} - {path.relative_to(source).as_posix() for path in source.glob("documents/*")}
        self.goals: dict[str, list[Target]] = {}

    def warm(self) -> None:
        """Have the kernel import what pages import, before somebody waits for it."""
        name, path = next(iter(notebooks(self.report, self.edition).items()))
        _guarded(lambda: self._execute(path, Target(f"{name}.warm", {})))

    def remake(self, notebook: Path) -> None:
        """Show the page of a saved notebook, or what is wrong with it."""
        started, name = time.monotonic(), notebook.stem
        goal = Target(name, {})

        def made() -> Mapping[str, bytes] | None:
            nonlocal goal
            _wait_until_whole(notebook)
            if notebooks(self.report, self.edition).get(name) != notebook:
                return None  # a page of another edition
            goal = self._goal(name)
            return (
                self._page(self._execute(notebook, goal), goal.path)
                if name not in DOCUMENTS
                else self._document(notebook, goal)
            )

        files, fault = _guarded(made)
        if fault:
            typer.echo(f"✗ {name}: страница прежняя.\n{fault}", err=True)
            self.server.show(
                {}, goal.path, f"Тетрадь «{name}» сохранена с ошибкой, страница прежняя.\n{fault}", fault=True
            )
        elif files is not None:
            seconds = f"{time.monotonic() - started:.1f} с".replace(".", ",")
            typer.echo(f"✓ {name} — {seconds}")
            others = " Остальные страницы этой тетради прежние." if name in FANNED else ""
            self.server.show(files, goal.path, f"Страница сохранённой тетради, сделана за {seconds}.{others} {_LEFT}.")

    def _goal(self, name: str) -> Target:
        """The page to make: of a notebook that makes many the one looked at last."""
        if name not in FANNED:
            return Target(name, {})
        if name not in self.goals:
            self.goals[name] = targets(name, self.report, self.edition)
        return next((goal for goal in self.goals[name] if goal.path == self.server.looked_at), self.goals[name][0])

    def _execute(self, notebook: Path, goal: Target) -> Path:
        given, *bounds = granted(self.report, self.edition)
        target = self.executed / f"{goal.path}.ipynb"
        run_notebook(notebook, target, given | goal.parameters, self.kernel, *bounds)
        return target

    def _page(self, executed: Path, page: str) -> dict[str, bytes]:
        source = page_source(executed, page, self.pictures, left_out=self.left_out - {f"{page}.html"}).encode()
        files = table_data.parted({f"{page}.qmd": source})
        html = pandoc.page_html(files.pop(f"{page}.qmd").decode(), page, self.settings)
        return files | {f"{page}.html": html.encode()}

    def _document(self, notebook: Path, goal: Target) -> dict[str, bytes]:
        """Slides and the letter are no pages of the site: they are tried, and left for the build."""
        self._execute(notebook, goal)
        return {}


def _guarded(work: Callable[[], Any]) -> tuple[Any, str]:
    """What the work gives, and what went wrong: whatever an unfinished notebook does, the next saving must be seen."""
    try:
        return work(), ""
    except Exception as error:
        return None, str(error) or type(error).__name__


def _wait_until_whole(notebook: Path) -> None:
    """Wait while an editor writes: Jupyter writes into the old file, so there is half a notebook for a moment."""
    until = time.monotonic() + _WHOLE_WITHIN
    while True:
        try:
            nbformat.read(notebook, as_version=4)
        except Exception:  # half a notebook may fail anywhere in its reader
            if time.monotonic() > until:
                raise ValueError(f"{notebook.name}: это не тетрадь Jupyter или она записана не целиком") from None
            time.sleep(_LOOK_EVERY / 2)
        else:
            return
