"""Notebooks in a warm kernel: the same output as from a fresh one, and clear words when a cell fails."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers.problems import BadInput, NotebookFailed
from helpers.publish.execute import run_notebook, warm_kernel
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


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ('report = ""\nyear = 2024', "неизвестный параметр"),
        ('out = ""', "параметра нет"),
        ("report = 2024", "текст в кавычках"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_before_any_cell_runs(tmp_path: Path, parameters: str, says: str):
    mark = tmp_path / "ran"
    source = notebook(tmp_path / "a.ipynb", f"open({str(mark)!r}, 'w')", parameters=parameters)
    with warm_kernel() as kernel, pytest.raises(BadInput, match=says):
        run_notebook(source, tmp_path / "b.ipynb", {"report": "x"}, kernel)
    assert not mark.exists()
    assert not (tmp_path / "b.ipynb").exists()


def test_a_cell_that_finds_the_data_wanting_says_so_in_its_own_words(tmp_path: Path):
    cell = (
        "from helpers.problems import BadInput, Problem\n"
        "raise BadInput(*(Problem(file=f, found='x', expected='y', advice='исправьте') for f in ('a.csv', 'b.csv')))"
    )
    with warm_kernel() as kernel, pytest.raises(BadInput) as caught:
        run_notebook(notebook(tmp_path / "a.ipynb", cell), tmp_path / "b.ipynb", {"report": ""}, kernel)
    assert str(caught.value).splitlines() == [
        "Файл a.csv — найдено: x; ожидалось: y; исправьте.",
        "Файл b.csv — найдено: x; ожидалось: y; исправьте.",
    ]


def test_another_error_names_notebook_cell_and_parameters(tmp_path: Path):
    source = notebook(tmp_path / "страница.ipynb", "x = 1", "x / 0")
    with warm_kernel() as kernel:
        with pytest.raises(NotebookFailed) as caught:
            run_notebook(source, tmp_path / "b.ipynb", {"report": "мой"}, kernel)
        told = str(caught.value)
        assert "страница.ipynb" in told and "ZeroDivisionError" in told and "report='мой'" in told
        # and the kernel serves the next notebook
        run_notebook(notebook(tmp_path / "c.ipynb", "'x' in globals()"), tmp_path / "d.ipynb", {"report": ""}, kernel)
    (output,) = nbformat.read(tmp_path / "d.ipynb", as_version=4).cells[-1].outputs
    assert output.data["text/plain"] == "False"
