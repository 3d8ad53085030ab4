"""What another program holds, at every change in turn: one sentence, nothing lost, and a second run is a clean one."""

from __future__ import annotations

import ast
import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from copies import called, contents

from helpers import files, report, tables
from helpers.problems import MissingTool
from helpers.publish import manifest, new_year, shelf
from helpers.publish.kept import Kept
from helpers.publish.site import mirror
from helpers.publish.swap import swap_in
from helpers.report import PROJECT, open_report

CALLS = ("replace", "rename", "unlink", "remove", "rmdir")
Act = Callable[[Path], None]


class Held:
    """Renaming and removing as Windows does it where a program holds a file: from the n-th change on its target is held."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, attempts: int = 1_000_000) -> None:
        self.left, self.attempts, self.name = number, attempts, None
        for name in CALLS:
            monkeypatch.setattr(os, name, self._refusing(getattr(os, name)))
        monkeypatch.setattr(files, "PATIENCE", (0, 0, 0))

    def _refusing(self, act: Callable) -> Callable:
        def call(path: str | Path, *rest: object, **more: object) -> object:
            held = Path(rest[0] if act.__name__ == "replace" else path).name
            self.left -= self.name is None
            if self.left == 0 and self.name is None:
                self.name = held
            if held == self.name and self.attempts > 0:
                self.attempts -= 1
                raise PermissionError(errno.EACCES, "Отказано в доступе", str(path))
            return act(path, *rest, **more)

        return call


def a_site(folder: Path, text: str, *pages: str, report: str = "report") -> Path:
    for page in ("index.html", *pages):
        files.write(folder / page, f"{page}: {text}")
    return folder


def write_tables(out: Path) -> None:
    for year in (2020, 2021):
        frame = pl.DataFrame([{"year": year, "why_excluded": "small", "schools": year}])
        tables.write(out / "internal", "excluded", frame)
        tables.write_numbers(out / "internal", "measures", {"year": year})


def write_protocol(out: Path) -> None:
    for text in (b"1", b"2"):
        files.write_all(out / "protocol", {"protocol.xlsx": text, "municipality/a.xlsx": text, "school/k1.xlsx": text})


def make_site(out: Path) -> None:
    """What rendering does with files: sources mirrored, pictures kept, the site swapped in, the list of sites renewed."""
    for text, page in (("old", "school/a.html"), ("new", "school/b.html")):
        kept = Kept(out / "kept")
        kept.put(text.encode(), text)
        kept.forget_others()
        mirror({"index.qmd": text.encode(), page: b"page"}, out / "source")
        rendered = a_site(out / "rendered" / text, text, page)
        content = '{"report": "report", "title": "T", "years": [2021], "edition": "public", "inputs": {}}'
        swap_in(rendered, out / "_site" / "report", content)
        shelf.renew(out / "_site")


@pytest.mark.parametrize("act", [write_tables, write_protocol, make_site])
def test_a_held_file_is_told_and_a_second_run_is_a_clean_one(act: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    act(tmp_path / "clean")
    clean, told = contents(tmp_path / "clean"), 0
    for number in range(1, 1000):
        out = tmp_path / str(number)
        with monkeypatch.context() as patched:
            held = Held(patched, number)
            try:
                act(out)
            except MissingTool as error:
                told += 1
                sentence = str(error)
                assert len(sentence.splitlines()) == 1 and sentence.endswith("повторите команду.")
                assert str(out) in sentence or held.name in sentence
        if held.name is None:
            break
        site = out / "_site" / "report"
        if act is make_site and (site.parent / "report.old").exists() | site.exists():
            whole = {file.read_text(encoding="utf-8").split(": ")[-1] for file in site.rglob("*.html")}
            assert whole in ({"old"}, {"new"})
        act(out)
        assert contents(out) == clean
    assert told >= 4


def test_what_is_let_go_in_time_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make_site(tmp_path / "clean")
    for number in range(1, 1000):
        with monkeypatch.context() as patched:
            held = Held(patched, number, attempts=2)
            make_site(tmp_path / str(number))
        assert contents(tmp_path / str(number)) == contents(tmp_path / "clean")
        if held.name is None:
            break
    assert number > 10


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the params of the default report and two files of it."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT / "params", root / "params")
    for name in ("registry.csv", "2021/oge/oge_2021.csv"):
        files.write(root / "data" / "raw" / "kamchatka-2021" / name, "a;b\n")
    for module in (report, new_year):
        monkeypatch.setattr(module, "METHOD", root / "params" / "method.yml")
    monkeypatch.setattr(report, "PROJECT", root)
    return root


def test_a_new_year_is_begun_whole_or_not_at_all(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    before, states = contents(project), []
    for number in range(1, 1000):
        with monkeypatch.context() as patched:
            held = Held(patched, number)
            code, said = called(patched, capfd, "new", "2022", "--from", "kamchatka-2021")
        if held.name is None:
            break
        assert code == 3 and len(said.err.splitlines()) == 1 and said.err.rstrip().endswith("повторите команду.")
        with monkeypatch.context() as patched:
            code, said = called(patched, capfd, "new", "2022", "--from", "kamchatka-2021")
        done = contents(project)
        # the held file was one of what is cleared away at the end: the report itself was begun before
        assert code == 0 or "уже есть" in said.err
        states.append({name: digest for name, digest in done.items() if ".new" not in name})
        for made in (project / "params" / "kamchatka-2022.yml", *(project / "data" / "raw").glob("kamchatka-2022*")):
            files.remove_folder(made)
        assert contents(project) == before
    assert len(states) > 3 and all(state == states[0] for state in states)


def test_publishing_leaves_the_last_good_site(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    this = open_report(str(small), str(tmp_path / "out"))
    site, sites = this.site("public"), {}
    for text, page in (("old", "school/a.html"), ("new", "school/b.html")):
        files.remove_folder(site)
        a_site(site, text, page)
        files.write(site / "manifest.json", manifest.text(this, "public", ["index.html", page]))
        sites[text] = contents(site)
        if text == "old":
            shutil.copytree(site, tmp_path / "old")
    for number in range(1, 1000):
        web, where = tmp_path / f"web{number}", f"web{number}/staging/{this.name}"
        shutil.copytree(tmp_path / "old", tmp_path / where)
        arguments = ("publish", small, "--out", this.out, "--to", web)
        with monkeypatch.context() as patched:
            held = Held(patched, number)
            code, said = called(patched, capfd, *arguments)
        if held.name is None:
            break
        assert code == 3 and len(said.err.splitlines()) == 1 and said.err.rstrip().endswith("повторите команду.")
        assert contents(tmp_path / where) in sites.values()
        with monkeypatch.context() as patched:
            assert called(patched, capfd, *arguments)[0] == 0
        assert contents(tmp_path / where) == sites["new"]
        assert {path.name for path in (web / "staging").iterdir()} == {"index.html", this.name}
    assert number > 10


SYSTEM = {
    OSError(errno.ENOSPC, "No space left on device", "/д/т.parquet"): r"нет места.*/д/т\.parquet.*освободите",
    OSError(errno.EROFS, "Read-only file system", "/д"): "только для чтения: /д; .*--out",
    OSError(errno.EMFILE, "Too many open files", "/д"): "слишком много файлов.*/д",
    OSError(errno.ENAMETOOLONG, "File name too long", "/д" * 90): "длинный путь, знаков 180",
    PermissionError(errno.EACCES, "Permission denied", "/д/it's.xlsx"): r"/д/it's\.xlsx: нет доступа; закройте",
    FileNotFoundError(errno.ENOENT, "No such file", "/д"): "/д нет или больше нет",
    MemoryError(): "памяти",
}


@pytest.mark.parametrize("error", SYSTEM, ids=lambda error: str(error)[:20])
def test_what_the_system_refuses_is_a_sentence_here_and_from_another_process(error: OSError | MemoryError):
    here, there = files.in_words(error), files.refused(type(error).__name__, str(error))
    assert re.search(SYSTEM[error], here) and len(here.splitlines()) == 1
    assert there == here


def test_windows_numbers_are_known_from_another_process():
    text = "[WinError 32] Процесс не может получить доступ к файлу: 'D:\\\\отчёт\\\\flags.parquet'"
    assert "нет доступа; закройте" in files.refused("PermissionError", text)
    assert "нет места" in files.refused("OSError", "[WinError 112] Недостаточно места на диске: 'D:\\\\x'")
    assert files.refused("ValueError", "nothing of the kind") == ""


def test_the_last_words_of_another_program_are_its_reason():
    trace = "Building DAG\nTraceback (most recent call last):\n  File \"a.py\", line 1\nOSError: [Errno 28] No space: '/д'\nExiting.\n"
    assert files.last_words(trace) == files.in_words(OSError(errno.ENOSPC, "No space", "/д"))
    assert "памяти" in files.last_words("x\nMemoryError\n")
    assert files.last_words("one\nWorkflowError: no such rule\n\n") == "WorkflowError: no such rule"
    assert "удалите папку .snakemake" in files.last_words("")


def test_targets_are_tried_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    site = a_site(tmp_path / "site", "text", "school/a.html")
    files.refuse_held([site, site / "index.html", tmp_path / "nowhere"])
    monkeypatch.setattr(files, "PATIENCE", ())
    opened = Path.open

    def refusing(path: Path, *arguments: object, **more: object) -> object:
        if path.name == "a.html":
            raise PermissionError(errno.EACCES, "Отказано в доступе", str(path))
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(MissingTool, match=r"a\.html: нет доступа"):
        files.refuse_held([site])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(MissingTool, match="нет места"):
        files.refuse_unwritable(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"site"}


CHANGES = {
    "unlink",
    "rename",
    "rmtree",
    "rmdir",
    "write_text",
    "write_bytes",
    "copytree",
    "copyfile",
    "copy2",
    "mkdir",
    "move",
}
IN_A_TEMPORARY_FOLDER = {"slides.py", "document.py", "demo/__init__.py"}


def test_no_other_module_changes_files_itself():
    helpers = PROJECT / "src" / "helpers"
    own = {name for name in dir(files) if callable(getattr(files, name))}
    for path in helpers.rglob("*.py"):
        if path.name == "files.py" or path.relative_to(helpers).as_posix().endswith(tuple(IN_A_TEMPORARY_FOLDER)):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES - own:
                pytest.fail(f"{path.name}, line {node.lineno}: {ast.unparse(node.func)}")
