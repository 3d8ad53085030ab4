"""How two sets of files differ, by their contents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from helpers.publish.held import sha256

State = Literal["added", "changed", "removed"]


def digests(folder: Path) -> dict[str, str]:
    """Every file below a folder by its path there, with the hash of its content."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, State]:
    """What has become of each name whose content is not the same before and now."""
    states: dict[str, State] = dict.fromkeys(before.keys() - now.keys(), "removed")
    states |= dict.fromkeys(now.keys() - before.keys(), "added")
    states |= {name: "changed" for name in before.keys() & now.keys() if before[name] != now[name]}
    return dict(sorted(states.items()))
