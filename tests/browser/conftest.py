"""The default report's site by both engines, served on this machine, and a browser."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from copies import Copy
from playwright.sync_api import Browser, sync_playwright

from helpers.publish import quarto

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A built site: its folder and its address."""

    folder: Path
    address: str

    def pages(self) -> list[str]:
        """Paths of all its pages."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html"))


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip(f"no browser here: none of {', '.join(_PROGRAMS)} is on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=_QUIET)
        yield started
        started.close()


REPORT = "kamchatka-2021"
SITES = {"public": ("public", "pandoc"), "pandoc": ("internal", "pandoc"), "quarto": ("internal", "quarto")}
"""Sites to visit: edition and engine. The internal edition has all the pages, so the engines are compared on it."""


@pytest.fixture(scope="session")
def published(copy: Copy, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of the default report's sites, as far as the engines are there."""
    shutil.copytree(Path(__file__).parents[2] / "data" / "raw" / REPORT, copy.root / "data" / "raw" / REPORT)
    out = tmp_path_factory.mktemp("published")
    copy.report("build", REPORT, "--out", out, "--engine", "pandoc", "--edition", "all")
    folders = {}
    for name, (edition, engine) in SITES.items():
        if engine == "pandoc" or quarto.find():
            copy.report("render", REPORT, "--out", out, "--engine", engine, "--edition", edition)
            made = out / ("_site" if edition == "public" else "_site-internal") / REPORT
            folders[name] = Path(shutil.copytree(made, out / name))
    return folders


@pytest.fixture(scope="session", params=["public", "pandoc", pytest.param("quarto", marks=pytest.mark.needs_quarto)])
def site(request: pytest.FixtureRequest, published: dict[str, Path]) -> Iterator[Site]:
    if request.param not in published:
        pytest.skip("quarto is not installed here")
    folder = published[request.param]
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
