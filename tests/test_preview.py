"""`report preview --watch`: a notebook that is saved shows its change in the browser, a broken one leaves the page."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from copies import Copy, contents, copy_project

from helpers.problems import MissingTool
from helpers.publish.preview import served

WAIT = 60


@pytest.fixture
def own(tmp_path: Path) -> Copy:
    return copy_project(tmp_path / "project")


class Preview:
    """A running preview: its address, and what it has said so far."""

    def __init__(self, process: subprocess.Popen, said: Path) -> None:
        self.process, self._said = process, said
        self.address = self.expect(r"http://localhost:\d+")

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def expect(self, pattern: str) -> str:
        """Wait until the terminal shows something."""
        until = time.monotonic() + WAIT
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < until and self.process.poll() is None, self.said
            time.sleep(0.1)
        return found[0]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.address}/{path}") as answer:
            return answer.read().decode()


@pytest.fixture
def preview(own: Copy, built: Path, small: Path, tmp_path: Path) -> Iterator[Preview]:
    out = tmp_path / "out"
    shutil.copytree(built, out)
    said = tmp_path / "said.txt"
    with said.open("w", encoding="utf-8") as file:
        process = own.popen("preview", small, "--out", out, "--port", "0", "--watch",
                            stdout=file, stderr=subprocess.STDOUT, env={"PYTHONUNBUFFERED": "1"})  # fmt: skip
        try:
            preview = Preview(process, said)
            preview.expect("Слежу")
            yield preview
        finally:
            process.terminate()
            process.wait(timeout=30)


def save(notebook: Path, old: str, new: str) -> None:
    content = nbformat.read(notebook, as_version=4)
    cell = next(cell for cell in content.cells if old in cell.source)
    cell.source = cell.source.replace(old, new)
    nbformat.write(content, notebook)


def test_a_saved_notebook_is_shown_and_a_broken_one_leaves_the_page(
    preview: Preview, own: Copy, small: Path, tmp_path: Path
):
    notebook = own.root / "notebooks" / "pages" / "common" / "federal.ipynb"
    site = tmp_path / "out" / "_site" / small.stem
    before, first = contents(site), preview.get("federal.html")
    assert "Как часто правило срабатывает случайно" in first
    assert preview.get("__version") == "0"

    save(notebook, "Как часто правило срабатывает случайно", "Как часто виноват случай")
    preview.expect("✓ federal")
    until = time.monotonic() + WAIT
    while preview.get("__version") == "0":
        assert time.monotonic() < until
        time.sleep(0.1)
    shown = preview.get("federal.html")
    assert "Как часто виноват случай" in shown and "Как часто правило срабатывает случайно" not in shown
    now = contents(site)
    changed = {name for name in now if now[name] != before.get(name)}
    assert changed - {"manifest.json"} <= {"federal.html"} | {
        name for name in now if name.startswith(("documents/", "pagefind/"))
    }

    save(notebook, "emit.text(sentences.chance(chance))", "emit.text(sentences.no_such_sentence(chance))")
    preview.expect("✗ federal")
    assert "no_such_sentence" in preview.said
    assert preview.get("federal.html") == shown

    save(notebook, "emit.text(sentences.no_such_sentence(chance))", 'emit.text("Случай решает много.")')
    preview.expect(r"(?s)✗ federal.*✓ federal")
    assert "Случай решает много." in preview.get("federal.html")


def test_only_the_server_adds_the_script_that_reloads(preview: Preview, small: Path, tmp_path: Path):
    site = tmp_path / "out" / "_site" / small.stem
    served, file = preview.get("index.html"), (site / "index.html").read_text(encoding="utf-8")
    assert "__version" in served and "__version" not in file
    assert preview.get("") == served
    assert preview.get("assets/report.css") == (site / "assets" / "report.css").read_text(encoding="utf-8")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        preview.get("nowhere.html")


def test_without_watching_a_page_is_served_as_it_is(own: Copy, built: Path, small: Path, tmp_path: Path):
    process = own.popen("preview", small, "--out", built, "--port", "0", env={"PYTHONUNBUFFERED": "1"})
    try:
        address = re.search(r"http://localhost:\d+", process.stdout.readline())[0]
        with urllib.request.urlopen(f"{address}/index.html") as answer:
            assert answer.read() == (built / "_site" / small.stem / "index.html").read_bytes()
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(params=[False, True], ids=["still", "live"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """A served site with planted links out of it; the port."""
    site, outside = tmp_path / "site", tmp_path / "site-internal"
    for folder in (site, site / "sub", site / "data", outside):
        folder.mkdir()
        (folder / "secret.html").write_text("тайна" if folder == outside else "страница", encoding="utf-8")
    (site / "index.html").write_text("начало</body>", encoding="utf-8")
    (site / "link.html").symlink_to(outside / "secret.html")
    (site / "folder").symlink_to(outside, target_is_directory=True)
    (site / "sub" / "index.html").symlink_to(outside / "secret.html")
    with served(site, 0, live=request.param) as server:
        yield server.server_port


def answer(port: int, path: str, host: str | None = "localhost", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    connection.putrequest(method, path, skip_host=True)
    for name in [host] if host is not None else []:
        connection.putheader("Host", name)
    connection.endheaders()
    got = connection.getresponse()
    return got.status, got.read().decode()


def test_only_this_computers_own_names_are_answered(port: int):
    for host in ("localhost", f"localhost:{port}", "127.0.0.1", f"127.0.0.1:{port}", "[::1]", "LOCALHOST"):
        status, text = answer(port, "/", host)
        assert status == 200 and "начало" in text
    for host in (
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.1.nip.io",
        "",
        None,
        "0.0.0.0",
    ):
        for method in ("GET", "HEAD"):
            for path in ("/", "/index.html", "/__version"):
                status, text = answer(port, path, host, method)
                assert status == 403 and "начало" not in text


@pytest.mark.parametrize(
    "path",
    ["/link.html", "/folder/secret.html", "/folder/", "/folder", "/sub/", "/sub/index.html", "/../site-internal/secret.html",
     "/%2e%2e/site-internal/secret.html", "/..%2fsite-internal/secret.html", "/%00", "/secret%00.html", "/data/", "/nowhere.html"],
)  # fmt: skip
def test_nothing_outside_the_site_is_served(port: int, path: str):
    for method in ("GET", "HEAD"):
        status, text = answer(port, path, method=method)
        assert status in (301, 404) and "тайна" not in text and "secret" not in text
    assert answer(port, "/data/secret.html") == (200, "страница")


def test_a_port_that_cannot_be_had_is_told_in_a_sentence(port: int, tmp_path: Path):
    with pytest.raises(MissingTool, match=f"порт {port} занят.*--port"), served(tmp_path, port):
        pass
