"""The demonstration's site by both engines, served on this machine, and a browser."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from copies import Copy
from playwright.sync_api import Browser, sync_playwright

from helpers.publish import quarto

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A built site: what it is called here, its folder and its address."""

    name: str
    folder: Path
    address: str

    @property
    def by_quarto(self) -> bool:
        return self.name == "quarto"

    def pages(self) -> list[str]:
        """Paths of all its pages; slides are not pages of the site."""
        return pages_in(self.folder)

    def visited(self) -> list[str]:
        """The pages that a test goes through: all of pandoc's; of Quarto's, the same pages in its frame, three of a kind."""
        single = [page for page in self.pages() if "/" not in page]
        fanned = [page for page in self.pages() if "/" in page]
        return single + (fanned[:: max(1, len(fanned) // 3)][:3] if self.by_quarto else fanned)


def pages_in(folder: Path) -> list[str]:
    """Paths of a site's pages within its folder."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    return sorted(page for page in found if not page.startswith("slides/"))


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


CARDS = 6
"""Cards to build: all of them are visited."""
SITES = {"public": ("public", "pandoc"), "pandoc": ("internal", "pandoc"), "quarto": ("internal", "quarto")}
"""Sites to visit: edition and engine. The internal edition has all the pages, so the engines are compared on it."""


@pytest.fixture(scope="session")
def published(
    copy: Copy, dirty: Path, computed: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Folders of the demonstration's sites, as far as the engines are there."""
    report = Path(shutil.copytree(dirty.parent, tmp_path_factory.mktemp("raw") / "region")) / dirty.name
    params = yaml.safe_load(report.read_text(encoding="utf-8"))
    params["pages"] = {"cards": CARDS}
    report.write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    out = tmp_path_factory.mktemp("published")
    shutil.copytree(computed, out / "data")
    for edition in ("public", "internal"):
        copy.report("pages", report, "--out", out, "--edition", edition)
    folders = {}
    for name, (edition, engine) in SITES.items():
        if engine == "pandoc" or quarto.find():
            copy.report("render", report, "--out", out, "--engine", engine, "--edition", edition, pictures=True)
            made = out / ("_site" if edition == "public" else "_site-internal") / report.stem
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
        yield Site(request.param, folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
