"""Files that cost time to make, kept between builds under the digest of what they are made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from helpers import files

_DIGEST = hashlib.sha256().digest_size
"""Bytes before a kept file's content: what its content must hash to."""


def recorded(path: Path) -> dict:
    """A JSON file that a build has left for the next one; nothing where there is none, or a damaged one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


class Kept:
    """A folder of made files; each is found again by its parts: whatever shapes it, versions of tools included.

    What a build has not asked for is of no use to the next one: `forget_others` removes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: set[str] = set()

    def get(self, *parts: str | bytes) -> bytes | None:
        """The file made from these parts; None where there is none yet, or a damaged one."""
        path = self.folder / self._name(parts)
        if not path.is_file():
            return None
        whole = path.read_bytes()
        digest, content = whole[:_DIGEST], whole[_DIGEST:]
        return content if digest == hashlib.sha256(content).digest() else None

    def put(self, content: bytes, *parts: str | bytes) -> bytes:
        """Keep a file that was made from these parts, whole or not at all."""
        files.write(self.folder / self._name(parts), hashlib.sha256(content).digest() + content)
        return content

    def forget_others(self) -> None:
        """Remove what was neither got nor put."""
        for path in self.folder.glob("*"):
            if path.name not in self.asked:
                files.remove(path)

    def _name(self, parts: tuple[str | bytes, ...]) -> str:
        # the length of each part stands before it: other parts cannot run together to the same whole
        as_bytes = [part.encode() if isinstance(part, str) else part for part in parts]
        name = hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in as_bytes)).hexdigest()
        self.asked.add(name)
        return name
