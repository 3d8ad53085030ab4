"""Which files of the project make a report, besides its data: said once, for all who ask what is out of date."""

from __future__ import annotations

from pathlib import Path

from helpers.report import PROJECT, RULES, Report

_HELPERS = PROJECT / "src" / "helpers"
_LAYERS = ("intake", "measure", "model", "support", "disclosure", "show", "attack", "publish")
"""Layers in the order in which they build upon one another."""
_APART = {"cli", "panel.py", "demo"}
"""What starts the others and makes nothing itself, and the maker of invented files: no layer stands on them."""
LOCK = PROJECT / "requirements.lock"


def code(last: str) -> list[Path]:
    """The code that may run where `last` is the uppermost layer: the common modules and the layers up to it."""
    apart = _APART.union(_LAYERS[_LAYERS.index(last) + 1 :])
    return [path for path in all_code() if path.relative_to(_HELPERS).parts[0] not in apart]


def all_code() -> list[Path]:
    """Every file of the package."""
    files = (path for path in _HELPERS.rglob("*") if path.is_file())
    return sorted(path for path in files if "__pycache__" not in path.relative_to(_HELPERS).parts)


def rules(report: Report) -> list[Path]:
    """What is decided without code: params and the versions of packages."""
    return [report.params_file, *RULES, LOCK]


def all_notebooks() -> list[Path]:
    """Steps, pages and slides; not the workbench, nor what JupyterLab keeps beside them, whose names begin with a dot."""
    folder = PROJECT / "notebooks"
    found = (path.relative_to(folder) for part in ("steps", "pages") for path in (folder / part).rglob("*.ipynb"))
    return sorted(folder / path for path in found if not any(part.startswith(".") for part in path.parts))


def site_settings() -> list[Path]:
    """Navigation and look of the pages."""
    return sorted(PROJECT.glob("_quarto*.yml"))
