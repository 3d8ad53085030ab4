"""The panel in a real JupyterLab in a real browser: a report checked, built, looked at and published without a terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from copies import contents, copy_project, small_report
from playwright.sync_api import Browser, Locator, Page, expect

from helpers.report import PROJECT

SLOW = 120_000
"""Milliseconds that a build may take on a busy machine."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one report."""
    root = copy_project(tmp_path_factory.mktemp("panel") / "project").root
    made = small_report(root / "made")
    params = yaml.safe_load(made.read_text(encoding="utf-8"))
    (root / "data" / "raw" / "small").mkdir(parents=True)
    shutil.move(root / "made" / params["data"]["school_table"]["file"], root / "data" / "raw" / "small")
    for path in (root / "params").glob("california-*.yml"):
        path.unlink()
    shutil.move(made, root / "params" / "small.yml")
    return root


@pytest.fixture(scope="module")
def lab(project: Path) -> Iterator[str]:
    """Address of a JupyterLab of the project."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # no Quarto on the path: pandoc is the quicker one
    environment = os.environ | {
        "PYTHONPATH": str(project / "src"), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "JUPYTER_CONFIG_DIR": str(project / "jupyter"), "JUPYTER_DATA_DIR": str(project / "jupyter"),
    }  # fmt: skip
    started = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={project}",
         f"--port={port}", "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"],
        env=environment, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except OSError:
                assert started.poll() is None
                time.sleep(0.1)
        yield address
    finally:
        started.terminate()
        started.wait(30)


@pytest.fixture
def panel(lab: str, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 1400})
    page.goto(f"{lab}/lab/tree/notebooks/panel.ipynb?reset")
    page.locator(".jp-Notebook-cell").first.wait_for(timeout=SLOW)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SLOW)  # asked earlier, it asks back for a kernel
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.get_by_role("button", name="Проверить файлы").wait_for(timeout=SLOW)
    yield page
    page.close()


def test_a_year_by_buttons(panel: Page, project: Path, tmp_path: Path):
    def button(name: str):
        return panel.get_by_role("button", name=name)

    def told(text: str | re.Pattern) -> None:
        expect(panel.locator(".widget-html b", has_text=text).first).to_be_visible(timeout=SLOW)

    panel.get_by_label("Отчёт").select_option("small")
    button("Проверить файлы").click()
    told("Данные приняты.")
    assert "Прочитано строк" in panel.locator(".widget-html pre").inner_text()

    button("Построить").click()
    expect(button("Построить")).to_be_disabled()
    told("Готово.")
    site = project / "_site" / "small"
    assert (site / "index.html").is_file()
    assert "Отчёт готов" in panel.locator(".widget-html pre").inner_text()

    button("Посмотреть").click()
    link = panel.get_by_role("link", name="Открыть сайт в новой вкладке")
    link.wait_for(timeout=SLOW)
    with urllib.request.urlopen(link.get_attribute("href"), timeout=10) as shown:
        assert shown.read().decode() == (site / "index.html").read_text(encoding="utf-8")

    panel.get_by_text("Публикация", exact=True).click()
    panel.get_by_label("Куда").fill(str(tmp_path / "web"))
    button("Опубликовать для читателей").click()
    expect(panel.get_by_text("Публикуем?")).to_be_visible()
    button("Нет").click()
    expect(panel.get_by_text("Публикуем?")).to_be_hidden()
    assert not (tmp_path / "web").exists()
    log = panel.locator(".widget-html pre")
    button("Опубликовать на пробу").click()
    expect(log).to_contain_text(re.compile("Опубликовано.*staging"), timeout=SLOW)
    assert contents(tmp_path / "web" / "staging" / "small") == contents(site)
    button("Опубликовать для читателей").click()
    button("Да, для читателей").click()
    expect(log).not_to_contain_text("staging", timeout=SLOW)
    expect(log).to_contain_text("Опубликовано", timeout=SLOW)
    told("Готово.")
    assert contents(tmp_path / "web" / "small") == contents(site)


def test_what_is_stopped_or_refused_is_told(panel: Page, project: Path):
    panel.get_by_label("Отчёт").select_option("small")
    params = project / "params" / "small.yml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text.replace("title:", "титул:", 1), encoding="utf-8")
    panel.get_by_role("button", name="Проверить файлы").click()
    expect(panel.locator(".widget-html b", has_text="✗")).to_be_visible(timeout=SLOW)
    assert "титул" in panel.locator(".widget-html pre").inner_text()
    assert "Traceback" not in panel.content()
    params.write_text(text.replace("California", "Калифорния").replace("2000 год", "2000-й год"), encoding="utf-8")
    panel.get_by_role("button", name="Построить").click()
    stop = panel.get_by_role("button", name="Остановить")
    expect(stop).to_be_enabled(timeout=SLOW)
    stop.click()
    expect(panel.locator(".widget-html b", has_text="Остановлено.")).to_be_visible(timeout=SLOW)
    expect(panel.get_by_role("button", name="Построить")).to_be_enabled()
    params.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def previewed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the site that the panel has built, watched as the guide says."""
    said = tmp_path_factory.mktemp("preview") / "said.txt"
    with said.open("w", encoding="utf-8") as file:
        watching = subprocess.Popen(
            [sys.executable, "-m", "helpers.cli", "preview", "small", "--port", "0", "--watch"], cwd=project,
            env=os.environ | {"PYTHONPATH": str(project / "src"), "PYTHONUNBUFFERED": "1"}, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        until = time.monotonic() + SLOW / 1000
        while "Слежу" not in (text := said.read_text(encoding="utf-8")):
            assert time.monotonic() < until and watching.poll() is None, text
            time.sleep(0.1)
        yield re.search(r"http://localhost:\d+", text)[0]
    finally:
        watching.terminate()
        watching.wait(30)


def test_the_guides_chapter_on_ones_own_page(lab: str, previewed: str, project: Path, browser: Browser):
    guide = (PROJECT / "docs" / "ru" / "rukovodstvo-analitika.md").read_text(encoding="utf-8")
    chapter = guide.split("### Моя страница, мой график, моя фраза")[1].split("**Фраза с числами**")[0]
    commands = re.search(r"```\n(report new-page .*?)\n", chapter)[1]
    sentence, table, chart = re.findall(r"```python\n(.*?)\n```", chapter, re.DOTALL)
    subprocess.run(
        [sys.executable, "-m", "helpers.cli", *shlex.split(commands)[1:]], cwd=project, check=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(project / "src")},
    )  # fmt: skip

    page = browser.new_page(viewport={"width": 1400, "height": 2400})
    page.goto(f"{lab}/lab/tree/notebooks/pages/my-page.ipynb?reset")
    cells = page.locator(".jp-Notebook-cell")
    cells.first.wait_for(timeout=SLOW)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SLOW)

    def write(cell: Locator, text: str) -> None:
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(text)

    heading = cells.first.locator(".cm-content").inner_text()
    write(cells.first, heading.replace("editions: [internal]", "editions: [internal, open]"))
    write(cells.filter(has_text="В {year} году").first, sentence)
    for own in (table, chart):
        cells.last.locator(".cm-content").click()
        page.keyboard.press("Escape")
        page.keyboard.press("b")
        page.keyboard.press("Enter")
        page.keyboard.insert_text(own)
    page.keyboard.press("Control+S")

    site = browser.new_page()
    until = time.monotonic() + SLOW / 1000
    while not (there := site.goto(f"{previewed}/my-page.html").ok) and time.monotonic() < until:
        time.sleep(0.5)
    assert there
    expect(site.get_by_role("heading", name="Мои школы", level=1)).to_be_visible()
    expect(site.get_by_text(re.compile(r"Результат есть у \d+.школ.*, лучший из них — [+−]\d,\d\d"))).to_be_visible()
    largest = site.locator(".data-table").filter(has_text="Пять школ, где участников больше всего")
    expect(largest.locator("tbody tr")).to_have_count(5)
    picture = site.get_by_alt_text("Точки: по горизонтали участники, по вертикали результат школы.")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 100
    page.close()
    site.close()


def test_the_notebook_calls_the_panel_and_nothing_else():
    cells = json.loads((PROJECT / "notebooks" / "panel.ipynb").read_text(encoding="utf-8"))["cells"]
    (call,) = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and not cell["metadata"])
    assert call == "from helpers.panel import Panel\n\nPanel(report, out)"
