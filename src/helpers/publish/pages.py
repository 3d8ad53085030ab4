"""Which pages a report has: one for each page notebook, or many from one."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from helpers.report import PROJECT, Report

PAGES = PROJECT / "notebooks" / "pages"
STEPS = PROJECT / "notebooks" / "steps"
FANNED = {"municipality": "group_id", "school": "school_id"}
"""Notebooks that make many pages, and the parameter that tells these apart."""
INTERNAL = {"protocol"}
"""Notebooks whose pages the public edition does not have."""


@dataclass(frozen=True)
class Target:
    """One page to be: its path within the site, without ending, and its notebook's own parameter."""

    path: str
    parameters: dict[str, str]


def single_pages(edition: str) -> list[str]:
    """Names of the notebooks that make one page each in an edition."""
    names = {path.stem for path in PAGES.glob("*.ipynb")} - FANNED.keys()
    return sorted(names if edition == "internal" else names - INTERNAL)


def targets(notebook: str, report: Report, edition: str) -> list[Target]:
    """The pages that a page notebook makes for this report: one, or one for each group or card."""
    if notebook not in FANNED:
        return [Target(notebook, {})]
    from helpers.show import views  # late: the workflow asks only for names, and views bring scipy

    view = views.schools(report, edition)
    if notebook == "municipality":
        return [Target(f"municipality/{slug}", {"group_id": key}) for key, slug in views.group_slugs(view).items()]
    cards = view.filter("has_card").select("school_id", views.school_slug(pl.col("school_id")).alias("slug"))
    return [Target(f"school/{slug}", {"school_id": key}) for key, slug in cards.iter_rows()]
