"""What a page notebook defines: its functions, to be tried on small tables without running the page."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import nbformat

from helpers.publish.pages import PAGES

_UNKNOWN = ast.Call | ast.Name


def defined(page: str) -> SimpleNamespace:
    """The functions of `notebooks/pages/<page>.ipynb`, with the imports and constant values beside them."""
    cells = nbformat.read(PAGES / f"{page}.ipynb", as_version=4).cells
    names: dict = {}
    for cell in cells:
        for statement in ast.parse(cell.source).body if cell.cell_type == "code" else []:
            constant = isinstance(statement, ast.Assign) and not any(
                isinstance(node, _UNKNOWN) for node in ast.walk(statement.value)
            )
            if constant or isinstance(statement, ast.FunctionDef | ast.Import | ast.ImportFrom):
                exec(ast.unparse(statement), names)
    return SimpleNamespace(**{name: value for name, value in names.items() if not name.startswith("__")})
