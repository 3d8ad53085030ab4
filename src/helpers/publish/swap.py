"""Put a finished site in the place of the last good one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from helpers import files
from helpers.problems import MissingTool


def swap_in(rendered: Path, site: Path, manifest_text: str) -> None:
    """Put a finished site in the old one's place by renaming; a stop leaves the old or the new one whole.

    Raises
    ------
    MissingTool
        Another program holds a file; the old site stands then, or, where only the old one could not be removed, the new.
    """
    beside, old = _beside(site)
    recover(site)
    files.remove_folder(beside)
    try:
        files.copy_folder(rendered, beside)
        files.write(beside / "manifest.json", manifest_text)
        if site.exists():
            files.rename(site, old)
        files.rename(beside, site)
    except MissingTool:
        with contextlib.suppress(MissingTool):
            recover(site)
        with contextlib.suppress(MissingTool):
            files.remove_folder(beside)
        raise
    files.remove_folder(old)


def recover(site: Path) -> None:
    """Put back the last good site if a stop fell between the two renamings."""
    _, old = _beside(site)
    if old.exists() and not site.exists():
        files.rename(old, site)
    files.remove_folder(old)


def _beside(site: Path) -> tuple[Path, Path]:
    """Where a site is made, and where the old one is put aside."""
    return site.with_name(site.name + files.NEW), site.with_name(site.name + files.OLD)
