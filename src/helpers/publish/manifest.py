"""What a report was made from: every input by its sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helpers.report import PROJECT, RULES, Report


def sha256(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


FILE = "manifest.json"
_KEYS = {"report", "title", "years", "edition", "inputs"}


def text(report: Report, edition: str, made: Iterable[str] = ()) -> str:
    """The manifest as JSON: raw files, params, notebooks, code, configuration and lock; which files were made. No times."""
    code = sorted((PROJECT / "src" / "helpers").rglob("*"))
    inputs = {
        "raw": _raw(report, edition),
        "params": {path.name: sha256(path) for path in (report.params_file, *RULES)},
        "notebooks": _by_name(_notebooks()),
        "code": _by_name([path for path in code if path.is_file() and "__pycache__" not in path.parts]),
        "site": _by_name(sorted(PROJECT.glob("_quarto*.yml"))),
        "lock": _by_name([PROJECT / "requirements.lock"]),
    }
    content = {"report": report.name, "title": report.params.title, "years": report.params.years, "edition": edition,
               "inputs": inputs, "files": sorted([*made, FILE])}  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read(text: str) -> dict[str, Any] | None:
    """What a manifest says; None where it is not one of ours: other programs call files by this name too."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) and content.keys() >= _KEYS else None


def _notebooks() -> list[Path]:
    """Steps, pages and slides; not what JupyterLab keeps beside them."""
    return sorted(path for path in (PROJECT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def _raw(report: Report, edition: str) -> dict[str, str]:
    """The raw files by name; where their data are not for the edition's readers, one hash of all of them.

    A name may tell of a school, and a guess at the few numbers of a small file could be tried against its hash.
    """
    files = {report.raw_name(path): sha256(path) for path in report.raw_files}
    if report.sight(edition) != "protected":
        return files
    return {"*": hashlib.sha256(json.dumps(files, ensure_ascii=False).encode()).hexdigest()}


def _by_name(paths: list[Path]) -> dict[str, str]:
    return {path.relative_to(PROJECT).as_posix(): sha256(path) for path in paths}
