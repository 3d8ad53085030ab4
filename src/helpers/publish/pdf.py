"""The letter as PDF by LibreOffice, which lays out the same document; it also tells on which page each annex begins."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from pypdf import PdfReader

from helpers import files
from helpers.publish.document import ANNEX
from helpers.publish.kept import Kept

NO_OFFICE = (
    "LibreOffice не найден: документа PDF не будет, а страницы приложений Word впишет в письмо сам, когда его откроют. "
    "Установите LibreOffice или укажите путь к программе soffice в переменной SOFFICE_PATH."
)
NOT_MADE = "LibreOffice не сделал PDF, в документе Word всё есть; что он сказал: "
_PLACES = (
    "C:/Program Files/LibreOffice/program/soffice.com",
    "C:/Program Files (x86)/LibreOffice/program/soffice.com",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
)
_SECONDS = 180
_OF_THIS_RUN = re.compile(
    rb"(?P<before>/CreationDate\(D:|/DocChecksum /|/ID \[ <|>\s<)(?P<told>[0-9A-F]{14,32})", re.DOTALL
)
"""The time and the marks of a run, which make other bytes of the same document."""


def office() -> str | None:
    """Path of LibreOffice: `SOFFICE_PATH` if it is set, else the one found on this machine."""
    named = os.environ.get("SOFFICE_PATH")
    if named is not None:
        return named if os.access(named, os.X_OK) else None
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return found or next((place for place in _PLACES if os.access(place, os.X_OK)), None)


def pdf(docx: bytes, kept: Kept) -> tuple[bytes | None, str]:
    """A document as PDF, the same bytes on every run of one LibreOffice; None where there is none, and why."""
    program = office()
    if program is None:
        return None, NO_OFFICE
    made = kept.get(docx, _version(program))
    if made is not None:
        return made, ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        files.write(folder / "letter.docx", docx)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"  # an office that is open has the usual one
        told = _run(
            program, profile, "--headless", "--convert-to", "pdf", "--outdir", name, str(folder / "letter.docx")
        )
        target = folder / "letter.pdf"
        if not target.is_file():
            return None, f"{NOT_MADE}{told or 'ничего'}"
        return kept.put(_OF_THIS_RUN.sub(_blank, target.read_bytes()), docx, _version(program)), ""


def annex_pages(pdf: bytes) -> list[int]:
    """The pages on which the annexes begin, counted from 1."""
    reader = PdfReader(io.BytesIO(pdf))
    heads = [entry for entry in reader.outline if not isinstance(entry, list)]
    return [
        (reader.get_destination_page_number(head) or 0) + 1
        for head in heads
        if (head.title or "").startswith(f"{ANNEX} ")
    ]


@cache
def _version(program: str) -> str:
    return _run(program, "--version")


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return b" ".join([done.stdout, done.stderr]).decode(errors="replace").strip()[-300:]


def _blank(found: re.Match[bytes]) -> bytes:
    return found["before"] + b"0" * len(found["told"])
