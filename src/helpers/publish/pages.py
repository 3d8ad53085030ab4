"""Which pages a report has: one for each page notebook, or many from one.

Page notebooks lie in folders that say who sees them: `common` shows numbers that no school stands behind alone,
`by_school` needs tables by school, `by_group` stands in its place where the public may see groups only, `internal`
never leaves the centre; `slides` are not pages of the site but shown to an audience.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from helpers import files
from helpers.report import PROJECT, Report

PAGES = PROJECT / "notebooks" / "pages"
STEPS = PROJECT / "notebooks" / "steps"
FANNED = {"municipality": "group_id", "school": "school_id"}
"""Notebooks that make many pages, and the parameter that tells these apart."""
SLIDES = "webinar"
"""The notebook that makes slides."""
HELP = {"recommendations", "risks", "tutors", "teachers", "roadmaps", "effect", "decisions"}
"""Pages on the help to schools: only editions that tell of it have them (`Report.tells_of_help`)."""
_FOLDERS = {
    "internal": ("common", "by_school", "internal", "slides"),
    "open": ("common", "by_school", "slides"),
    "protected": ("common", "by_group", "slides"),
}
"""Folders of page notebooks by `Report.sight`."""


@dataclass(frozen=True)
class Target:
    """One page to be: its path within the site, without ending, and its notebook's own parameter."""

    path: str
    parameters: dict[str, str]


def notebooks(report: Report, edition: str) -> dict[str, Path]:
    """The page notebooks of an edition by name."""
    found = [path for folder in _FOLDERS[report.sight(edition)] for path in (PAGES / folder).glob("[!.]*.ipynb")]
    left_out = set() if report.tells_of_help(edition) else HELP
    return {path.stem: path for path in sorted(found, key=lambda path: path.stem) if path.stem not in left_out}


def targets(notebook: str, report: Report, edition: str) -> list[Target]:
    """The pages that a page notebook makes for this report: one, or one for each group or card."""
    if notebook not in FANNED:
        return [Target(notebook, {})]
    from helpers.show import views  # late: the workflow asks only for names, and views bring scipy

    if report.sight(edition) == "protected":
        pages = views.group_slugs(report.read("groups", edition))
        return [Target(f"municipality/{slug}", {"group_id": key}) for key, slug in pages.items()]
    view = views.schools(report, edition)
    if notebook == "municipality":
        return [Target(f"municipality/{slug}", {"group_id": key}) for key, slug in views.group_slugs(view).items()]
    cards = view.filter("has_card").select("school_id", views.school_slug(pl.col("school_id")).alias("slug"))
    return [Target(f"school/{slug}", {"school_id": key}) for key, slug in cards.iter_rows()]


def remove_others(report: Report, edition: str, goals: Mapping[str, Sequence[Target]]) -> None:
    """Remove what an earlier run left of pages that are not among all these."""
    folder = report.build / edition / "pages"
    wanted = {folder / f"{goal.path}.ipynb" for several in goals.values() for goal in several}
    for stale in set(folder.rglob("*.ipynb")) - wanted:
        files.remove(stale)


def record(report: Report, edition: str) -> Path:
    """Where it is written what the executed pages were made from (`batches`)."""
    return report.build / edition / "pages.json"


def plan(report: Report, edition: str) -> Path:
    """Where it is written which pages are left to batches: a list of them, empty where all run together."""
    return report.build / edition / "batches.json"


def batch_record(report: Report, edition: str, number: int | str) -> Path:
    """As `record`, of the pages of one batch."""
    return report.build / edition / "batches" / f"{number}.json"


def batch_records(report: Report, edition: str) -> list[Path]:
    """The records of all batches that are planned."""
    planned = json.loads(plan(report, edition).read_text(encoding="utf-8"))
    return [batch_record(report, edition, number) for number in range(len(planned))]
