"""The built site in a browser, and, while page notebooks are being written, their pages anew after each saving.

The browser is told by a script that only this server adds to a page: the files of the site stay as they are.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from helpers.problems import BadInput, BrokenPage, MissingTool, NotebookFailed
from helpers.publish import site
from helpers.publish.execute import WarmKernel, run_page, warm_kernel
from helpers.publish.pages import notebooks
from helpers.report import Report

_LOOK_EVERY = 0.5
"""Seconds between two looks at the notebooks; the browser asks half as often."""
_FAULTS = (BadInput, BrokenPage, MissingTool, NotebookFailed, ValueError)
"""What may be wrong with a notebook that is being written; ValueError: it is no notebook, or half a one."""
_ASK = "/__version"
_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)
"""This computer's own names."""
_RELOAD = b"""<script>
(() => {
  let shown;
  setInterval(async () => {
    const version = await fetch("/__version").then((answer) => answer.text()).catch(() => shown);
    if (shown !== undefined && version !== shown) location.reload();
    shown = version;
  }, 1000);
})();
</script>
</body>"""


class Server(http.server.ThreadingHTTPServer):
    """Serves a site on this machine; pages reload whenever `version` has changed, if `live`."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two programs listen at one port

    def __init__(self, folder: Path, port: int, live: bool) -> None:
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise MissingTool(
                f"порт {port} занят другой программой или запрещён ({error.strerror}): назовите другой ключом --port, "
                "0 — любой свободный"
            ) from None
        self.folder, self.live, self.version = folder, live, 0

    def renewed(self) -> None:
        """Have the pages reload."""
        self.version += 1


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Server

    def __init__(self, request: object, address: object, server: Server) -> None:
        super().__init__(request, address, server, directory=str(server.folder))

    def parse_request(self) -> bool:
        """Refuse whoever calls this computer by another name: a page from elsewhere whose name was led here."""
        if not super().parse_request():
            return False
        named = _HOST.fullmatch(self.headers.get("Host", ""))
        if not named:
            self.send_error(http.HTTPStatus.FORBIDDEN)
        return bool(named)

    def translate_path(self, path: str) -> str:
        """The file asked for; a place where nothing is for what lies outside the site, a link out of it included."""
        found = super().translate_path(path)
        site = self.server.folder.resolve()
        with contextlib.suppress(OSError, ValueError):
            if all(place.resolve().is_relative_to(site) for place in (Path(found), Path(found, "index.html"))):
                return found
        return str(site / ".nothing-here")

    def list_directory(self, path: str) -> None:
        self.send_error(http.HTTPStatus.NOT_FOUND)

    def do_GET(self) -> None:
        if not self.server.live:
            super().do_GET()
        elif self.path == _ASK:
            self._answer(str(self.server.version).encode(), "text/plain")
        elif (page := self._page()) is not None:
            self._answer(page.replace(b"</body>", _RELOAD, 1), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def _page(self) -> bytes | None:
        """The HTML asked for; None for anything else, or between the two renamings of a swap."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        try:
            return path.read_bytes() if path.suffix == ".html" else None
        except OSError:
            return None

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path, port: int, live: bool = False) -> Iterator[Server]:
    """Serve a site from a thread of its own until the block ends."""
    with Server(folder, port, live) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def follow(report: Report, edition: str, engine: str, changed: Callable[[], None]) -> None:
    """Wait for page notebooks to be saved; run each that was, make its pages anew and call `changed`. Never returns.

    What is wrong with a notebook is told in the terminal; the site then stays as it was.
    """
    before = _times(report, edition)
    with warm_kernel(report.params.build.cell_seconds) as kernel:
        typer.echo("Слежу за тетрадями страниц.")
        while True:
            time.sleep(_LOOK_EVERY)
            now = _times(report, edition)
            saved = [path for path, when in now.items() if before.get(path) != when]
            before = now
            for path in saved:
                if _remade(path, report, edition, engine, kernel):
                    changed()


def _times(report: Report, edition: str) -> dict[Path, int]:
    times = {}
    for path in notebooks(report, edition).values():
        with contextlib.suppress(FileNotFoundError):  # JupyterLab saves by putting a new file in the old one's place
            times[path] = path.stat().st_mtime_ns
    return times


def _remade(path: Path, report: Report, edition: str, engine: str, kernel: WarmKernel) -> bool:
    """Run a notebook and render its pages; whether that went well."""
    started = time.monotonic()
    try:
        run_page(path, report, edition, kernel)
        site.render(report, edition, engine)
    except _FAULTS as error:
        typer.echo(f"✗ {path.stem}: страница прежняя.\n{error}", err=True)
        return False
    typer.echo(f"✓ {path.stem} — {time.monotonic() - started:.1f} с")
    return True
