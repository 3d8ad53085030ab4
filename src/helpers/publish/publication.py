"""An edition that goes to its readers is written into the ledger: every later one is held against it."""

from __future__ import annotations

from helpers import tables
from helpers.disclosure.ledger import add
from helpers.problems import BadInput, Problem
from helpers.publish.downloads import FOLDER, csv_bytes
from helpers.report import Report
from helpers.support import Conclusions, keep, rules_of


def record(report: Report) -> str | None:
    """Write the built public edition into the ledger; its name there, or None if it need not be or stands there already.

    It is written before the site is carried anywhere: an upload that stops halfway may have been read. Open data are no
    secret, so their editions are not held against one another.

    Raises
    ------
    BadInput
        The tables are not those that the site shows.
    """
    if report.sight("public") != "protected":
        return None
    shown = {name: report.read(name, "public") for name in tables.seen("protected")}
    _refuse_other_tables(report, "public", shown)
    numbers = {name: report.read_numbers(name, "public") for name in tables.NUMBERS}
    return add(report.ledger, report.name, report.params.years, shown, numbers)


def keep_conclusions(report: Report, edition: str) -> None:
    """Keep what the published report concludes on single schools: the next one says what has changed since.

    Raises
    ------
    BadInput
        The tables are not those that the internal site shows.
    """
    said = concluded(report)
    if edition == "internal":
        _refuse_other_tables(report, edition, {"flags": said.flags, "effect": said.effect})
    keep(report.conclusions, said)


def concluded(report: Report) -> Conclusions:
    """What a built report concludes on its schools."""
    made = {name: report.read(name) for name in ("flags", "effect", "schools")}
    return Conclusions(report.name, report.params.years[-1], rules_of(report.params), **made)


def _refuse_other_tables(report: Report, edition: str, shown: dict) -> None:
    folder = report.site(edition) / FOLDER
    for name, frame in shown.items():
        there = folder / f"{name}.csv"
        if (there.read_bytes() if there.is_file() else b"") != (csv_bytes(frame) if frame.height else b""):
            raise BadInput(
                Problem(
                    file=f"таблица {name}",
                    found="не та, что на построенном сайте",
                    expected="сайт, собранный из нынешних таблиц",
                    advice=f"постройте отчёт заново: report build {report.name} --edition {edition}",
                )
            )
