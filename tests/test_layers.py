"""The house stands as its plan says: each layer knows only those above it in the flow."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from helpers.report import PROJECT

HELPERS = PROJECT / "src" / "helpers"
FLOW = [
    *(
        "problems",
        "files",
        "params",
        "tables",
        "report",
        "attack",
        "intake",
        "measure",
        "model",
        "support",
        "disclosure",
        "show",
        "publish",
        "demo",
        "cli",
        "panel",
    )
]
MODULES = sorted(path for path in HELPERS.rglob("*.py") if path.parent != HELPERS or path.stem != "__init__")


def layer(module: str) -> str:
    """`helpers.show.emit` stands in `show`."""
    return module.split(".")[1]


def imported(path: Path) -> set[str]:
    """Layers that a module imports from, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {layer(name) for name in names if name.startswith("helpers.")}


def test_every_module_has_its_place_in_the_flow():
    assert {
        layer(path.relative_to(HELPERS.parent).with_suffix("").as_posix().replace("/", ".")) for path in MODULES
    } == set(FLOW)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_a_module_imports_only_from_above(path: Path):
    own = layer(path.relative_to(HELPERS.parent).with_suffix("").as_posix().replace("/", "."))
    below = {name for name in imported(path) if FLOW.index(name) > FLOW.index(own)}
    assert not below


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_a_module_names_what_it_imports(path: Path):
    # an import by a computed name would pass by the test above; `list.eval` of Polars is none of these
    called = {
        name.split(".")[-1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and not (name := ast.unparse(node.func)).endswith(".list.eval")
    }
    assert not called & {"__import__", "import_module", "exec", "eval", "run_path", "run_module"}


def modules_imported(name: str, path: Path) -> set[str]:
    """Modules of ours that a module needs while it is read; what is imported within functions comes later."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("helpers"):
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {full if full in NAMED else node.module for full in whole}
    return found - {name}


NAMED = {
    "helpers." + path.relative_to(HELPERS).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
    for path in MODULES
}


def test_no_module_needs_itself():
    graph = {name: modules_imported(name, path) for name, path in NAMED.items()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(
        NAMED
    )  # a circle raises CycleError, which names it
