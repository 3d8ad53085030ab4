"""The `report` command: what it answers, with which exit code, in whose language."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml
from copies import Copy, called, run_steps
from filelock import FileLock
from typer.exceptions import TyperException
from typer.testing import CliRunner

from helpers import cli
from helpers.cli import app
from helpers.cli.russian import fault
from helpers.publish import site
from helpers.publish.batches import run_pages
from helpers.report import PROJECT, open_report

ENGLISH = re.compile(
    r"Usage|Error|Options|Arguments|Commands|required|default|<bool>|<str>|No such|Missing|Invalid|Try "
)
RUSSIAN = re.compile(r"[а-яё]{4,}", re.IGNORECASE)


def test_the_version_is_that_of_the_project():
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert CliRunner().invoke(app, ["--version"]).output.strip() == wanted


def test_list_names_the_reports(copy: Copy):
    assert "california-2000" in copy.report("list")
    assert "1999–2000" in copy.report("list")


def test_check_tells_what_was_read_and_writes_nothing(copy: Copy, small: Path):
    before = sorted(small.parent.iterdir())
    said = copy.report("check", small)
    assert "Данные приняты." in said and "us_california_api.csv" in said
    assert sorted(small.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["check", "камчатка-2031"], 1, "отчёт «камчатка-2031»"),
        (["build", "нет/такого.yml"], 1, "нет/такого.yml"),
        (["build", "method"], 1, "california-2000"),
        (["run", "notebooks/pages/нет.ipynb", "california-2000"], 2, "нет тетради"),
        (["build", "california-2000", "--engine", "word"], 2, "quarto"),
        (["build", "california-2000", "--edition", "secret"], 2, "public"),
        (["build", "california-2000", "--cores", "0"], 2, "--cores"),
        (["build", "california-2000", "--engines", "pandoc"], 2, "--engine"),
        (["run", "notebooks/pages/index.ipynb"], 2, "отчёт"),
        (["build"], 2, ""),
        (["построить"], 2, ""),
        (["preview", "california-2000", "--out", "нет-такой-папки"], 3, "сайта ещё нет"),
    ],
)
def test_exit_codes(
    arguments: list[str], code: int, says: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    monkeypatch.chdir(PROJECT)
    ended, told = called(monkeypatch, capfd, *arguments)
    assert ended == code
    said = told.out + told.err
    assert says.lower() in said.lower()
    assert "Traceback" not in said
    assert RUSSIAN.search(said)
    assert not ENGLISH.search(said)


@pytest.mark.parametrize("verb", ["", *sorted(typer.main.get_command(app).commands)])
def test_help_is_in_russian(verb: str):
    said = CliRunner().invoke(app, [*verb.split(), "--help"]).output
    assert "Вызов: " in said and "Показать эту подсказку" in said
    assert not ENGLISH.search(said)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bild"], "Команды «bild» нет; есть похожие: build, build-all."),
        (["build"], "Не указано обязательное: ОТЧЁТ."),
        (["build", "x", "--edition", "foo"], "--edition: ожидалось одно из: public, internal, all."),
        (["build", "x", "--cores", "q"], "--cores: ожидалось целое число от 1."),
        (["build", "x", "--cores"], "Ключ --cores: нужно значение."),
        (["build", "x", "--quiet=3"], "Ключ --quiet пишется без значения."),
        (["build", "мой", "отчёт"], "Лишнее в команде: отчёт. Имя с пробелами пишите в кавычках."),
        (["build", "x", "--editon", "all"], "Ключа --editon нет; есть похожие: --edition."),
    ],
)
def test_faults_of_use_are_told_in_russian(arguments: list[str], says: str):
    with pytest.raises(TyperException) as caught:
        app(arguments, standalone_mode=False)
    assert fault(caught.value).splitlines()[0] == says


def test_a_notebook_that_is_not_the_projects_is_not_run(copy: Copy, tmp_path: Path):
    stranger = tmp_path / "чужая.ipynb"
    stranger.write_text("{}", encoding="utf-8")
    assert "notebooks/steps" in copy.report("run", stranger, "california-2000", code=2)


def test_quarto_that_is_asked_for_and_absent(copy: Copy, built: Path, small: Path):
    nowhere = {"QUARTO_PATH": str(small.parent / "quarto")}
    said = copy.report("render", small, "--out", built, "--engine", "quarto", env=nowhere, code=3)
    assert "Quarto не найден" in said and "pandoc" in said and "Traceback" not in said


def test_one_report_is_not_built_twice_at_once(copy: Copy, small: Path, tmp_path: Path):
    lock = tmp_path / "_build" / small.stem / "build.lock"
    lock.parent.mkdir(parents=True)
    with FileLock(lock):
        assert "уже строится" in copy.report("build", small, "--out", tmp_path, code=3)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ModuleNotFoundError("No module named 'pypdf'", name="pypdf"), 3, "Нет пакета pypdf: среда старее программы."),
        (ZeroDivisionError("division by zero"), 1, "Ошибка в программе: ZeroDivisionError: division by zero"),
    ],
)
def test_a_job_of_a_build_leaves_its_reason_whatever_ends_it(monkeypatch, tmp_path, error, code, says):
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(cli, "spoken", lambda stream: stream)
    monkeypatch.setattr(cli.processes, "end_together", lambda: None)
    monkeypatch.setenv(cli.processes.BUILD, str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    (left,) = [json.loads(line) for path in tmp_path.iterdir() for line in path.read_text("utf-8").splitlines()]
    assert (ended.value.code, left["code"]) == (code, code) and left["text"].startswith(says)


def test_a_build_passes_on_what_is_wrong_with_the_data(copy: Copy, small: Path, tmp_path: Path):
    bad = tmp_path / "bad.yml"
    bad.write_text(small.read_text(encoding="utf-8"), encoding="utf-8")
    raw = next(small.parent.glob("*.csv"))
    text = raw.read_text(encoding="utf-8").splitlines()
    titles, cells = text[0].split(","), text[1].split(",")
    cells[titles.index("meals")] = "сорок"
    (tmp_path / raw.name).write_text("\n".join([text[0], ",".join(cells), *text[2:]]) + "\n", encoding="utf-8")
    said = copy.report("build", bad, "--out", tmp_path / "out", "--engine", "pandoc", code=1)
    (line,) = [line for line in said.splitlines() if "сорок" in line]
    assert f"Файл {raw.name}" in line and "строка 2" in line and "«meals»" in line
    assert "Traceback" not in said and "snakemake" not in said.lower()
    assert not (tmp_path / "out" / "_site").exists()
    assert not list((tmp_path / "out").glob("data/processed/**/*.parquet"))


@pytest.mark.slow
def test_data_that_are_closed_from_now_on_are_published_without_schools(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BROWSER_PATH", "")
    settings = yaml.safe_load(small.read_text(encoding="utf-8"))
    del settings["open_data"]
    closed = tmp_path / "closed.yml"
    closed.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    raw = next(small.parent.glob("*.csv"))
    (tmp_path / raw.name).write_bytes(raw.read_bytes())
    report = open_report(str(closed), str(tmp_path))
    run_steps(report)
    list(run_pages(report, "public"))
    site.render(report, "public", "pandoc")
    made = {path.stem for path in (tmp_path / "data" / "processed" / "closed" / "public").iterdir()}
    assert made >= {"directory", "published_results", "published_flags"}
    assert not made & {"schools", "results", "effect", "flags", "expectation", "context"}
    folder = tmp_path / "_site" / "closed"
    assert (folder / "index.html").is_file() and not (folder / "school").exists()


def test_nobody_needs_to_listen(copy: Copy):
    process = copy.popen("list")
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=120) == 0 and said == ""


def test_a_full_disk_is_told_in_a_sentence(copy: Copy):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device that is always full here")
    with full.open("w", encoding="utf-8") as nowhere:
        process = copy.popen("list", stdout=nowhere)
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 3 and said.startswith("На диске нет места") and len(said.splitlines()) == 1


@pytest.mark.parametrize("page", ["cp1251", "cp866", "ascii"])
def test_a_console_of_any_code_page_takes_what_is_said(copy: Copy, page: str):
    said = copy.report("check", "нет—такого ✓", code=1, env={"PYTHONIOENCODING": page, "PYTHONUTF8": "0"})
    assert "нет—такого ✓" in said


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_an_impossible_port_is_told(
    port: str, built: Path, small: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    code, said = called(monkeypatch, capfd, "preview", small, "--out", built, f"--port={port}")
    assert code == 2 and f"порт {port}" in said.err and "от 0 до 65535" in said.err


def test_braces_in_the_name_of_params_are_told(copy: Copy, small: Path, tmp_path: Path):
    named = tmp_path / "отчёт {1}.yml"
    named.write_bytes(small.read_bytes())
    assert "фигурные скобки" in copy.report("check", named, code=1)
