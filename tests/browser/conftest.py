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


@pytest.fixture(scope="session")
def published(copy: Copy, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of the default report's site by each engine there is."""
    shutil.copytree(Path(__file__).parents[2] / "data" / "raw", copy.root / "data" / "raw")
    out = tmp_path_factory.mktemp("published")
    copy.report("build", "california-2000", "--out", out, "--engine", "pandoc")
    folders = {"pandoc": out / "pandoc"}
    site = out / "_site" / "california-2000"
    shutil.copytree(site, folders["pandoc"])
    if quarto.find():
        copy.report("render", "california-2000", "--out", out, "--engine", "quarto")
        folders["quarto"] = site
    return folders


@pytest.fixture(scope="session", params=["pandoc", pytest.param("quarto", marks=pytest.mark.needs_quarto)])
def site(request: pytest.FixtureRequest, published: dict[str, Path]) -> Iterator[Site]:
    if request.param not in published:
        pytest.skip("quarto is not installed here")
    folder = published[request.param]
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
