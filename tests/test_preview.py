"""`report preview --watch`: a notebook that is saved is seen in the browser, a broken one leaves the last good page."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
import pytest
from copies import Copy, contents, copy_project

from helpers.problems import MissingTool
from helpers.publish.preview import served

WAIT = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A project whose notebooks are edited while they are previewed."""
    return copy_project(tmp_path_factory.mktemp("own") / "project")


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


@contextmanager
def watching(own: Copy, small: Path, out: Path, said: Path) -> Iterator[Preview]:
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


@pytest.fixture(scope="module")
def out(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(built, tmp_path_factory.mktemp("preview") / "out"))


@pytest.fixture(scope="module")
def preview(own: Copy, small: Path, out: Path) -> Iterator[Preview]:
    """One that watches while several tests save notebooks, each its own."""
    with watching(own, small, out, out.with_name("said.txt")) as preview:
        yield preview


def save_as_jupyter(notebook: Path, text: str) -> None:
    """JupyterLab keeps the old file beside as `.~name`, writes into the old one's place, and removes it."""
    kept = notebook.with_name(f".~{notebook.name}")
    shutil.copy2(notebook, kept)
    with notebook.open("w", encoding="utf-8") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        time.sleep(0.3)
        file.write(text[len(text) // 2 :])
    kept.unlink()


def save_by_renaming(notebook: Path, text: str) -> None:
    beside = notebook.with_name(f".~{notebook.name}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(notebook)


def until_shown(preview: Preview, page: str, text: str) -> str:
    until = time.monotonic() + WAIT
    while text not in (shown := preview.get(page)):
        assert time.monotonic() < until and preview.process.poll() is None, preview.said
        time.sleep(0.1)
    return shown


def test_twenty_savings_two_of_them_broken(preview: Preview, own: Copy, small: Path, out: Path):
    notebook = own.root / "notebooks" / "pages" / "federal.ipynb"
    site, before = out / "_site" / small.stem, contents(out)
    content, good = notebook.read_text(encoding="utf-8"), ""
    heading, call = "Как часто правило срабатывает случайно", "chance = this.read"
    assert heading in preview.get("federal.html") and call in content
    checkpoints = notebook.parent / ".ipynb_checkpoints"
    checkpoints.mkdir()
    for number in range(1, 21):
        text = content.replace(heading, f"Правка {number} видна")
        if number in (7, 14):
            text = text.replace(call, f"chance = no_such_name_{number}")
        (save_as_jupyter if number % 2 else save_by_renaming)(notebook, text)
        (checkpoints / "federal-checkpoint.ipynb").write_text("{", encoding="utf-8")
        if number in (7, 14):
            shown = until_shown(preview, "federal.html", f"no_such_name_{number}")
            assert good in shown  # the last good page stands under the fault
            assert re.search(rf"federal.ipynb, ячейка \d+, «.*no_such_name_{number}", preview.said)
        else:
            good = f"Правка {number} видна"
            shown = until_shown(preview, "federal.html", good)
            assert "обновит report build" in shown and "no_such_name" not in shown
    assert (preview.said.count("✓ federal"), preview.said.count("✗ federal")) == (18, 2)
    assert ".~" not in preview.said and "checkpoint" not in preview.said
    now = contents(out)
    assert {name for name in now if now[name] != before.get(name)} <= {
        name for name in now if f"_build/{small.stem}/public/preview/" in name
    }
    assert site.is_dir()


def test_of_many_pages_the_one_looked_at_is_made_anew(preview: Preview, own: Copy, small: Path, out: Path):
    site = out / "_site" / small.stem
    last = sorted(site.glob("municipality/*.html"))[-1]
    page = f"municipality/{last.name}"
    title = re.search(r"<title>([^<–]+)", preview.get(page))[1].strip()
    notebook = own.root / "notebooks" / "pages" / "municipality.ipynb"
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(nbformat.v4.new_markdown_cell("Приписано в конце."))
    save_by_renaming(notebook, nbformat.writes(content))
    shown = until_shown(preview, page, "Приписано в конце.")
    assert title in shown and "Остальные страницы этой тетради прежние" in shown


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_it_ends_with_its_kernel(own: Copy, small: Path, out: Path, tmp_path: Path, how: str):
    with watching(own, small, out, tmp_path / "said.txt") as preview:
        children = psutil.Process(preview.process.pid).children(recursive=True)
        assert children
        preview.process.send_signal(getattr(signal, how))
        preview.process.wait(timeout=10)
        assert not psutil.wait_procs(children, timeout=3)[1]


def test_only_the_server_adds_the_script_that_reloads(preview: Preview, small: Path, out: Path):
    site = out / "_site" / small.stem
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
