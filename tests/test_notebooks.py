"""Every notebook is thin, clean, and opens in anyone's JupyterLab."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import numpy as np
import pytest

from helpers.publish.front_matter import front_matter
from helpers.publish.pages import FANNED, LETTER, PAGES, SLIDES, STEPS, all_notebooks
from helpers.report import PROJECT

NOTEBOOKS = sorted(
    path for path in (PROJECT / "notebooks").rglob("*.ipynb") if path.parent.name != ".ipynb_checkpoints"
)
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(PROJECT).as_posix())
PAGE = pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.relative_to(PAGES).as_posix())
WORKBENCH = PROJECT / "notebooks" / "explore.ipynb"
PANEL = PROJECT / "notebooks" / "panel.ipynb"
ALL, NAMED = frozenset({"internal", "open", "protected"}), frozenset({"internal", "open"})
PAGES_OF = {
    **dict.fromkeys(["archive", "context", "data", "expectation", "federal", "flags", "glossary", "goal", "groups", "index", "method",
                     "municipality", "reading", "reliability", "results", "trends", LETTER, SLIDES], ALL),
    **dict.fromkeys(["cohorts", "school"], NAMED),
    **dict.fromkeys(["changes", "extracts", "hidden", "protocol"], frozenset({"internal"})),
    **dict.fromkeys(["decisions", "effect", "recommendations", "risks", "roadmaps", "teachers", "tutors"],
                    frozenset({"internal", "protected"})),
}  # fmt: skip
"""Who sees the page of a notebook in `notebooks/pages`: one notebook a page."""


def read(path):
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def code(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_the_steps_and_pages_of_the_plan_are_there():
    assert [path.stem for path in NOTEBOOKS if path.parent == STEPS] == [
        "01-intake", "02-measures", "03-expectation", "04-flags", "05-support", "06-disclosure",
    ]  # fmt: skip
    found = {
        path.relative_to(PAGES).with_suffix("").as_posix(): set(front_matter(path).editions) for path in all_notebooks()
    }
    assert found == PAGES_OF


@EACH
def test_a_notebook_is_valid_and_stripped(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5), "cells have ids, so differences can be read"
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code(path))


@EACH
def test_a_notebook_has_one_cell_of_parameters(path):
    tagged = [cell for cell in code(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    names = {node.targets[0].id for node in ast.parse(tagged[0].source).body}
    own = {WORKBENCH: {"year"}, PANEL: set()}.get(path, set() if path.parent == STEPS else {"edition"})
    expected = {"report", "out"} | own
    assert names == expected | {FANNED[path.stem]} if path.stem in FANNED else names == expected


@EACH
def test_a_notebook_is_thin(path):
    most = 60 if PAGES in path.parents else 15  # on a page stand its sentences, each a function beside its data
    for cell in code(path):
        tree = ast.parse(cell.source)
        assert len(tree.body) <= 8
        # a line for each column of a table is not code
        columns = sum(line.lstrip().startswith("emit.Column(") for line in cell.source.splitlines())
        assert len(cell.source.splitlines()) - columns <= most
        assert not any(isinstance(node, ast.ClassDef | ast.While) for node in ast.walk(tree))


def statements(cell):
    """The statements of a cell; those of a section that only some editions have stand in the place of its `if`."""
    return within(ast.parse(cell.source).body)


def within(body):
    sections = [within([*part.body, *part.orelse]) if isinstance(part, ast.If) else [part] for part in body]
    return [statement for section in sections for statement in section]


@PAGE
def test_a_page_only_imports_names_and_shows(path):
    # A warm kernel forgets names. Whatever a page did to a module, to the environment or to
    # the display would reach the next one, so nothing of the kind is written in any.
    for cell in code(path):
        for statement in statements(cell):
            known = ast.Import | ast.ImportFrom | ast.Assign | ast.Expr | ast.FunctionDef
            assert isinstance(statement, known), ast.unparse(statement)
            for target in getattr(statement, "targets", []):
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                assert all(isinstance(name, ast.Name) for name in names), ast.unparse(statement)


@PAGE
def test_whatever_a_page_makes_to_be_shown_ends_its_cell_or_is_displayed(path):
    for cell in code(path):
        made = [statement for statement in statements(cell)[:-1] if isinstance(statement, ast.Expr)]
        if isinstance(ast.parse(cell.source).body[-1], ast.If):
            made = [statement for statement in statements(cell) if isinstance(statement, ast.Expr)]
        lost = [told for told in map(ast.unparse, made) if not told.startswith("display(")]
        assert not lost, "only what a cell ends with, or displays, reaches the page"


@EACH
def test_a_notebook_has_a_title(path):
    if PAGES in path.parents and front_matter(path).title:
        assert not any(cell.source.startswith("# ") for cell in read(path).cells if cell.cell_type == "markdown")
        return
    first, *_ = [
        cell
        for cell in read(path).cells
        if cell.cell_type != "raw" and "parameters" not in cell.metadata.get("tags", [])
    ]
    # a title with a name from the data is the first thing that the first cell shows
    assert first.source.startswith("# ") or "# {" in first.source or "title(" in first.source


def test_the_workbench_finds_the_published_line_by_statsmodels(small, built):
    names = {}
    for cell in code(WORKBENCH):
        exec(cell.source, names)  # an analyst's own run: no kernel is needed to see that the numbers agree
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"report": str(small), "out": str(built)}
    compared = names["compared"]
    np.testing.assert_allclose(compared["statsmodels"], compared["отчёт"], rtol=1e-8)
    np.testing.assert_allclose(compared["ошибка"], compared["ошибка отчёта"], rtol=1e-8)
    assert len(names["rows"]) > 100 and "scatter" in names["chart"].data[-1].type


def ran(name: str, small: Path, built: Path) -> dict:
    """What a step has come to on the small report's tables, without writing any."""
    names: dict = {}
    for cell in code(STEPS / f"{name}.ipynb"):
        if "this.write" in cell.source:
            break
        exec(cell.source, names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"report": str(small), "out": str(built)}
    return names


def test_one_school_by_hand_is_its_row_of_the_table(small, built):
    measured = ran("02-measures", small, built)
    (row,) = measured["index"].filter(year=measured["params"].base_year, school_id=measured["school"]).to_dicts()
    assert measured["by_hand"] == pytest.approx(row["index"], rel=1e-12)

    fitted = ran("03-expectation", small, built)
    line, own = fitted["line"], fitted["own"]
    np.testing.assert_allclose(fitted["theirs"].params, line.beta, rtol=1e-8)
    np.testing.assert_allclose(fitted["theirs"].bse, np.sqrt(np.diag(line.cov_beta)), rtol=1e-8)
    (row,) = fitted["table"].filter(year=fitted["params"].years[-1], school_id=fitted["school"]).to_dicts()
    by_hand = (own["residual"], fitted["reliability"], fitted["reliability"] * own["residual"])
    assert by_hand == pytest.approx((row["residual"], row["reliability"], row["shrunken"]), rel=1e-9)

    judged = ran("04-flags", small, built)
    (row,) = judged["effect"].filter(school_id=judged["school"]).to_dicts()
    by_hand = (judged["mean"], judged["lasting"], judged["lasting"] * judged["mean"])
    assert by_hand == pytest.approx((row["pooled_residual"], row["reliability"], row["next_residual"]), rel=1e-9)
    assert abs(judged["by_hand"] - row["effect"]) < 3 * row["effect_se"], "the variances known or not: much the same"
