"""Put a finished site in the place of the last good one."""

from __future__ import annotations

import shutil
from pathlib import Path


def swap_in(rendered: Path, site: Path, manifest_text: str) -> None:
    """Put a finished site in the old one's place by renaming; a stop leaves the old or the new one whole."""
    beside, old = site.with_name(f"{site.name}.new"), site.with_name(f"{site.name}.old")
    recover(site)
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(rendered, beside)
    (beside / "manifest.json").write_text(manifest_text, encoding="utf-8", newline="\n")
    if site.exists():
        site.rename(old)
    beside.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def recover(site: Path) -> None:
    """Put back the last good site if a stop fell between the two renamings."""
    old = site.with_name(f"{site.name}.old")
    if old.exists() and not site.exists():
        old.rename(site)
    shutil.rmtree(old, ignore_errors=True)
