"""Which pages a report has: one for each page notebook, or many from one.

A notebook says in its first cell who sees its page and without which tables there is none (`front_matter`). It is the only one of
its name: what its editions do not share stands in it under a condition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from helpers import files, tables
from helpers.problems import BadInput, Problem
from helpers.publish.front_matter import FrontMatter, front_matter
from helpers.report import PROJECT, Report

PAGES = PROJECT / "notebooks" / "pages"
STEPS = PROJECT / "notebooks" / "steps"
FANNED = {"municipality": "group_id", "school": "school_id"}
"""Notebooks that make many pages, and the parameter that tells these apart."""
SLIDES = "webinar"
"""The notebook that makes slides."""
LETTER = "letter"
"""The notebook that makes the letter with its annexes."""
DOCUMENTS = {SLIDES, LETTER}
"""Notebooks that make files beside the pages, and no page."""


@dataclass(frozen=True)
class Target:
    """One page to be: its path within the site, without ending, and its notebook's own parameter."""

    path: str
    parameters: dict[str, str]


def all_notebooks() -> list[Path]:
    """All page notebooks, without what JupyterLab keeps beside them, whose names begin with a dot."""
    found = (path.relative_to(PAGES) for path in PAGES.rglob("*.ipynb"))
    return sorted(PAGES / path for path in found if not any(part.startswith(".") for part in path.parts))


def notebooks(report: Report, edition: str) -> dict[str, Path]:
    """The page notebooks of an edition by name.

    Raises
    ------
    BadInput
        A notebook does not say what page it is, or two make the same one.
    """
    sight, found = report.sight(edition), all_notebooks()
    by_name = {path.stem: path for path in sorted(found, key=lambda path: path.stem)}
    twice = [path for path in found if by_name[path.stem] != path]
    if twice:
        raise BadInput(*(
            Problem(path.relative_to(PAGES).as_posix(), found=f"страница «{path.stem}» уже есть",
                    expected=f"одна тетрадь: {by_name[path.stem].relative_to(PAGES).as_posix()}",
                    advice="переименуйте тетрадь, а что показывается не всем редакциям, поставьте под if this.names_schools:")
            for path in twice
        ))  # fmt: skip
    return {name: path for name, path in by_name.items() if sight in front_matter(path).editions}


def is_empty(report: Report, edition: str, needs: FrontMatter) -> bool:
    """Whether no table that a page needs has a row for this edition to see."""
    seen = tables.seen(report.sight(edition))
    needed = [(name, values) for name, values in needs.parts if name in seen]
    return bool(needs.needs) and not any(report.read(name, edition).filter(**values).height for name, values in needed)


def targets(notebook: str, report: Report, edition: str) -> list[Target]:
    """The pages that a page notebook makes for this report: one, or one for each group or card; none without its data."""
    source = notebooks(report, edition).get(notebook)
    if source and is_empty(report, edition, front_matter(source)):
        return []
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
