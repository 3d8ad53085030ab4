"""`report preview --watch`: a notebook that is saved shows its change in the browser, a broken one leaves the page."""

from __future__ import annotations

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
