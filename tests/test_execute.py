"""Notebooks in a warm kernel: the same output as from a fresh one, and clear words when a cell fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers.problems import BadInput, NotebookFailed
from helpers.publish.execute import WarmKernel, run_notebook, warm_kernel
from helpers.publish.pages import PAGES, targets
from helpers.report import open_report

NASTY = """
import os, sys, json, random
import polars as pl
views = words = this = school = "left behind"
list = None
os.chdir("/")
random.seed(1)
pl.Config.set_tbl_rows(1)
def emit(*_): raise RuntimeError("left behind")
"""


def notebook(path: Path, *cells: str, parameters: str = 'report = ""') -> Path:
    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    made = new_notebook(cells=[first, *(new_code_cell(cell) for cell in cells)])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, path)
    return path


@pytest.fixture(scope="module")
def impatient() -> Iterator[WarmKernel]:
    """A kernel whose cells may take two seconds: it is started anew whenever a cell has ended or halted it."""
    with warm_kernel(cell_seconds=2) as running:
        yield running


def test_a_warm_kernel_gives_what_a_fresh_one_gives(built: Path, small: Path, tmp_path: Path):
    report = open_report(str(small), str(built))
    given = {"report": str(small), "out": str(built), "edition": "public"}
    wanted = [(page, goal) for page in ("school", "municipality", "flags") for goal in targets(page, report, "public")]
    assert len(wanted) == 7
    nasty = notebook(tmp_path / "nasty.ipynb", NASTY)
    with warm_kernel() as kernel:
        for page, goal in wanted:
            run_notebook(nasty, tmp_path / "ran.ipynb", {"report": ""}, kernel)
            run_notebook(PAGES / f"{page}.ipynb", tmp_path / "warm" / goal.path, given | goal.parameters, kernel)
    for page, goal in wanted:
        with warm_kernel() as fresh:
            run_notebook(PAGES / f"{page}.ipynb", tmp_path / "fresh" / goal.path, given | goal.parameters, fresh)
        assert (tmp_path / "warm" / goal.path).read_bytes() == (tmp_path / "fresh" / goal.path).read_bytes()


def outputs(path: Path) -> list[str]:
    """What the cells of an executed notebook have shown."""
    cells = nbformat.read(path, as_version=4).cells
    return [output.data["text/plain"] for cell in cells for output in cell.get("outputs", [])]


def test_no_name_and_no_folder_of_one_notebook_reaches_the_next(kernel: WarmKernel, tmp_path: Path):
    # names with _i hold the sources of the cells, counted on in a warm kernel
    names = "sorted(name for name in globals() if not name.startswith('_i'))"
    probe = notebook(tmp_path / "probe.ipynb", names, "import os; os.getcwd()", "_ == os.getcwd()")
    leaves = notebook(tmp_path / "leaves.ipynb", f"{NASTY}\nsecret = _secret = 1", "'shown last'")
    ran = [tmp_path / "ran" / f"{number}.ipynb" for number in range(3)]
    for source, target in zip([probe, leaves, probe], ran, strict=True):
        run_notebook(source, target, {"report": "x"}, kernel)
    known, folder, last = outputs(ran[0])
    assert "'report'" in known and "secret" not in known
    assert (folder, last) == (repr(str(tmp_path)), "True")
    assert ran[2].read_bytes() == ran[0].read_bytes()


def test_what_a_clean_namespace_does_not_undo(tmp_path: Path):
    # Known and accepted, since clearing this too would cost what a warm kernel gains. So a notebook
    # may only import, name and show: test_notebooks holds every one of ours to that.
    patches = "import builtins, os, sys\nfrom helpers.show import words\n" + "\n".join(
        ["builtins.left = words.left = 1", "os.environ['LEFT'] = '1'", "sys.path.append('left')"]
    )
    probe = (
        "import builtins, os, sys\nfrom helpers.show import words\n"
        "hasattr(builtins, 'left'), hasattr(words, 'left'), 'LEFT' in os.environ, 'left' in sys.path"
    )
    with warm_kernel() as kernel:
        for name, cell in (("before", probe), ("patches", patches), ("after", probe)):
            run_notebook(notebook(tmp_path / "a.ipynb", cell), tmp_path / f"{name}-ran.ipynb", {"report": ""}, kernel)
    assert outputs(tmp_path / "before-ran.ipynb") == ["(False, False, False, False)"]
    assert outputs(tmp_path / "after-ran.ipynb") == ["(True, True, True, True)"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ('report = ""\nyear = 2024', "неизвестный параметр"),
        ('out = ""', "параметра нет"),
        ("report = 2024", "текст в кавычках"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_before_any_cell_runs(
    kernel: WarmKernel, tmp_path: Path, parameters: str, says: str
):
    mark = tmp_path / "ran"
    source = notebook(tmp_path / "a.ipynb", f"open({str(mark)!r}, 'w')", parameters=parameters)
    with pytest.raises(BadInput, match=says):
        run_notebook(source, tmp_path / "b.ipynb", {"report": "x"}, kernel)
    assert not mark.exists()
    assert not (tmp_path / "b.ipynb").exists()


def test_a_cell_that_finds_the_data_wanting_says_so_in_its_own_words(kernel: WarmKernel, tmp_path: Path):
    cell = (
        "from helpers.problems import BadInput, Problem\n"
        "raise BadInput(*(Problem(file=f, found='x', expected='y', advice='исправьте') for f in ('a.csv', 'b.csv')))"
    )
    with pytest.raises(BadInput) as caught:
        run_notebook(notebook(tmp_path / "a.ipynb", cell), tmp_path / "b.ipynb", {"report": ""}, kernel)
    assert str(caught.value).splitlines() == [
        "Файл a.csv — найдено: x; ожидалось: y; исправьте.",
        "Файл b.csv — найдено: x; ожидалось: y; исправьте.",
    ]


def test_another_error_names_notebook_cell_and_parameters(kernel: WarmKernel, tmp_path: Path):
    source = notebook(tmp_path / "страница.ipynb", "x = 1", "x / 0")
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(source, tmp_path / "b.ipynb", {"report": "мой"}, kernel)
    told = str(caught.value)
    assert "страница.ipynb" in told and "ZeroDivisionError" in told and "report='мой'" in told
    # and the kernel serves the next notebook
    run_notebook(notebook(tmp_path / "c.ipynb", "'x' in globals()"), tmp_path / "d.ipynb", {"report": ""}, kernel)
    (output,) = nbformat.read(tmp_path / "d.ipynb", as_version=4).cells[-1].outputs
    assert output.data["text/plain"] == "False"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("import os; os._exit(1)", "ядро Jupyter остановилось"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ядро Jupyter остановилось"),
        ("while True: pass", "дольше 2 с"),
        ("import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass", "дольше 2 с"),
        ("import sys; sys.exit()", "завершает программу"),
        ("import sys; sys.exit(3)", "завершает программу"),
        ("exit()", "завершает программу"),
        ("input('Имя?')", "ждёт ввода"),
    ],
)
def test_a_cell_that_ends_or_halts_its_kernel_is_named_within_seconds(
    impatient: WarmKernel, tmp_path: Path, cell: str, says: str
):
    source, well = notebook(tmp_path / "страница.ipynb", "x = 1", cell), notebook(tmp_path / "well.ipynb", "'well'")
    started = time.monotonic()
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(source, tmp_path / "b.ipynb", {"report": "x"}, impatient)
    assert time.monotonic() - started < 10  # a new kernel included
    run_notebook(well, tmp_path / "ran.ipynb", {"report": "x"}, impatient)
    told = str(caught.value)
    assert told.startswith(f"страница.ipynb, ячейка 3, «{cell.splitlines()[0]}»: ") and says in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "b.ipynb").exists()
    assert outputs(tmp_path / "ran.ipynb") == ["'well'"]
