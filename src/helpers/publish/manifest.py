"""What a report was made from: every input by its sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from helpers.publish import sources
from helpers.publish.held import held
from helpers.report import PROJECT, RULES, Report

FILE = "manifest.json"
_KEYS = {"report", "title", "years", "edition", "inputs"}


def text(report: Report, edition: str, made: Iterable[str] = ()) -> str:
    """The manifest as JSON: raw files, params, notebooks, code, configuration and lock; which files were made. No times.

    Within a build it names them as they were at its start, which is what was used.
    """
    digests = held(report)

    def by_name(paths: Iterable[Path]) -> dict[str, str]:
        return {path.relative_to(PROJECT).as_posix(): digests[path] for path in paths if path in digests}

    inputs = {
        "raw": _raw(report, edition, digests),
        "params": {path.name: digests[path] for path in (report.params_file, *RULES)},
        "notebooks": by_name(sources.all_notebooks()),
        "code": by_name(sources.all_code()),
        "site": by_name(sources.site_settings()),
        "lock": by_name([sources.LOCK]),
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


def _raw(report: Report, edition: str, digests: Mapping[Path, str]) -> dict[str, str]:
    """The raw files by name; where their data are not for the edition's readers, one hash of all of them.

    A name may tell of a school, and a guess at the few numbers of a small file could be tried against its hash.
    """
    files = {report.raw_name(path): digests[path] for path in report.raw_files if path in digests}
    if report.sight(edition) != "protected":
        return files
    return {"*": hashlib.sha256(json.dumps(files, ensure_ascii=False).encode()).hexdigest()}
