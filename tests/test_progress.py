"""What long work says: bars on a terminal, lines elsewhere, JSON for machines, nothing when it is to be quiet."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers import cli
from helpers.problems import BadInput, Problem
from helpers.publish import many, processes, progress

BAD = Problem("школы.xlsx", "«нет»", "число", "исправьте", row=7)


class Terminal(io.StringIO):
    """Standard output that a person looks at."""

    def isatty(self) -> bool:
        return True


def work() -> None:
    """A build in small: steps, pages, a word of a library, a site."""
    progress.tell("planned", stage="steps", total=2)
    for name in ("01-intake", "02-[red]measures"):
        progress.tell("started", stage="steps", name=name)
        progress.tell("finished", stage="steps", name=name, seconds=1.25)
    pages = {"stage": "pages", "edition": "public"}
    for event in (
        {"event": "planned", **pages, "total": 5},
        {"event": "advanced", **pages, "count": 2},
        {"event": "finished", **pages, "name": "school", "pages": 3, "seconds": 0.5},
    ):
        progress.tell(**event)
    progress.tell("note", text="слово библиотеки")
    progress.tell("planned", stage="site", edition="public", total=5)


LINES = ["✓ 01-intake — 1.2 с", "✓ 02-[red]measures — 1.2 с", "✓ school, страниц: 3 — 0.5 с", "слово библиотеки"]


def test_elsewhere_than_on_a_terminal_a_line_tells_what_is_done(capsys: pytest.CaptureFixture[str]):
    with progress.shown():
        work()
    assert capsys.readouterr().out.splitlines() == LINES


def test_quiet_work_says_nothing(capsys: pytest.CaptureFixture[str]):
    with progress.shown(quiet=True):
        work()
    assert capsys.readouterr() == ("", "")
    progress.tell("note", text="после")
    assert capsys.readouterr().out == "после\n"


def test_on_a_terminal_bars_tell_the_time_left_and_leave_the_lines(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    for name, value in {"TERM": "xterm", "COLUMNS": "150", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    with progress.shown():
        work()
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    for line in LINES:
        assert f"{line}\n" in said
    for title, done in {"Шаги": "2/2", "Страницы, открытая редакция": "5/5", "Сайт, открытая редакция": "0/5"}.items():
        assert re.search(rf"{title}[ ━╸╺]+{done} +осталось +[-\d]:", said), title


def test_a_loop_tells_how_far_it_is(capsys: pytest.CaptureFixture[str]):
    with progress.shown(as_json=True):
        for turn, told in enumerate(2 * [progress.counted("runs")], start=1):
            told(turn, 2)
    *events, _ = told_in_json(capsys)
    turn = {"event": "advanced", "stage": "runs"}
    assert events == [{"event": "planned", "stage": "runs", "total": 2}, turn, turn]


def told_in_json(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_machines_read_an_object_a_line_and_the_last_tells_the_outcome(capsys: pytest.CaptureFixture[str]):
    with progress.shown(as_json=True) as result:
        work()
        result["sites"] = {"public": "сайт"}
    *events, last = told_in_json(capsys)
    assert [event["event"] for event in events] == [
        "planned", *2 * ["started", "finished"], "planned", "advanced", "finished", "note", "planned"]  # fmt: skip
    assert {
        "event": "finished",
        "stage": "pages",
        "edition": "public",
        "name": "school",
        "pages": 3,
        "seconds": 0.5,
    } in events
    assert last.pop("seconds") >= 0 and last == {"event": "ended", "outcome": "done", "sites": {"public": "сайт"}}


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [(BadInput(BAD), "failed", str(BAD)), (MemoryError(), "failed", "памят"), (processes.Stopped(), "stopped", None)],
    ids=lambda value: type(value).__name__,
)
def test_what_has_failed_is_told_before_the_outcome(
    capsys: pytest.CaptureFixture[str], error: BaseException, outcome: str, said: str | None
):
    with pytest.raises(type(error)), progress.shown(as_json=True):
        raise error
    *errors, last = told_in_json(capsys)
    assert (last["event"], last["outcome"]) == ("ended", outcome)
    assert [one["event"] for one in errors] == (["error"] if said else [])
    assert all(said in one["text"] for one in errors)


def test_a_build_tells_what_its_jobs_leave_in_files_of_their_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert not progress.leave({"event": "note", "text": "некому"})
    jobs = progress.Jobs(tmp_path)
    jobs.tell()
    monkeypatch.setenv(processes.BUILD, str(tmp_path))
    for process, text in ((1, "первое"), (2, "второе")):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        assert progress.leave({"event": "note", "text": text})
    assert progress.leave({"event": "failed", "code": 1, "text": "беда"})
    assert len(list(tmp_path.iterdir())) == 2
    another = tmp_path / "node-3.jsonl"
    whole = json.dumps({"event": "note", "text": "третье"}, ensure_ascii=False).encode() + b"\n"
    another.write_bytes(whole[:30])
    jobs.tell()
    assert capsys.readouterr().out.splitlines() == ["первое", "второе"]
    another.write_bytes(whole)
    jobs.tell()
    assert capsys.readouterr().out.splitlines() == ["третье"]
    assert jobs.failures == [{"event": "failed", "code": 1, "text": "беда"}]
    monkeypatch.setenv(processes.BUILD, str(tmp_path / "нет"))
    assert not progress.leave({"event": "note", "text": "сборки больше нет"})


@pytest.mark.parametrize("command", ["build", "build-all"])
@pytest.mark.parametrize("way", ["--json", "--quiet", ""])
def test_a_command_refuses_in_the_way_it_was_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, way: str
):
    monkeypatch.setattr(processes, "end_together", lambda: None)
    monkeypatch.setattr(cli, "spoken", lambda stream: stream)
    monkeypatch.setattr(sys, "argv", ["report", command, "нет-такого", *([way] if way else [])])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    assert left.value.code == 1 and "нет-такого" in err.lower()
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == (["error", "ended"] if way == "--json" else [])
    if way == "--json":
        assert events[0]["text"] == err.strip() and events[1]["outcome"] == "failed"


def test_build_all_tells_each_report_and_how_many_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in ("север", "юг"):
        (tmp_path / f"{name}.yml").touch()
    outcomes = [many.Outcome(tmp_path / "юг.yml", 0, 2.0, ""), many.Outcome(tmp_path / "север.yml", 1, 1.0, "беда")]
    monkeypatch.setattr(many, "build_each", lambda *_: iter(outcomes))
    build_all = ["build-all", str(tmp_path), "--engine", "pandoc", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli.app, [*build_all, "--json"])
    *events, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert events == [
        {"event": "planned", "stage": "reports", "total": 2},
        {"event": "finished", "stage": "reports", "name": "юг", "number": 1, "of": 2, "seconds": 2.0},
        {
            "event": "finished",
            "stage": "reports",
            "name": "север",
            "number": 2,
            "of": 2,
            "seconds": 1.0,
            "error": "беда",
        },
    ]
    assert (done.exit_code, last["event"], last["outcome"], last["failed"]) == (1, "ended", "failed", 1)
    assert CliRunner().invoke(cli.app, build_all).stdout.splitlines() == [
        "✓ 1 из 2: юг — 2.0 с", "✗ 2 из 2: север — 1.0 с"]  # fmt: skip
    quiet = CliRunner().invoke(cli.app, [*build_all, "--quiet"])
    assert quiet.stdout == "" and "беда" in quiet.stderr and quiet.exit_code == 1
