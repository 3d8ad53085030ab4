"""Files that cost time to make, kept between builds under the digest of what they are made from."""

from __future__ import annotations

import hashlib
from pathlib import Path


class Kept:
    """A folder of made files; each is found again by its parts: whatever shapes it, versions of tools included.

    What a build has not asked for is of no use to the next one: `forget_others` removes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: set[str] = set()

    def get(self, *parts: str | bytes) -> bytes | None:
        """The file made from these parts; None where there is none yet."""
        path = self.folder / self._name(parts)
        return path.read_bytes() if path.is_file() else None

    def put(self, content: bytes, *parts: str | bytes) -> bytes:
        """Keep a file that was made from these parts, whole or not at all."""
        path = self.folder / self._name(parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(content)
        beside.replace(path)
        return content

    def forget_others(self) -> None:
        """Remove what was neither got nor put."""
        for path in self.folder.glob("*"):
            if path.name not in self.asked:
                path.unlink()

    def _name(self, parts: tuple[str | bytes, ...]) -> str:
        # the length of each part stands before it: other parts cannot run together to the same whole
        as_bytes = [part.encode() if isinstance(part, str) else part for part in parts]
        name = hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in as_bytes)).hexdigest()
        self.asked.add(name)
        return name
