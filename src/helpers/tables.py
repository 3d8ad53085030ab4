"""The table contract: every table's columns, keys and ranges; atomic read and write.

Tables lie as parquet in `data/processed/<report>/<edition>/`. Columns named here
are promised; more may stand beside them (one share per indicator, say). Shares
are 0–1, outcomes and effects are in standard deviations of a pupil's result.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from helpers import files

if TYPE_CHECKING:
    import pandera.polars as pa

TEXT, INT, FLOAT, BOOL, DAY = pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Date
_BANDS = {
    "n_text": TEXT, "share_text": TEXT, "n_low": FLOAT, "n_high": FLOAT, "share_low": FLOAT, "share_high": FLOAT,
}  # fmt: skip
_SOURCE = {"source_file": TEXT, "source_sheet": TEXT, "source_row": INT}

# name: (key columns, {column: type})
CONTRACT: dict[str, tuple[list[str], dict[str, type[pl.DataType]]]] = {
    "acceptance": (
        ["number"],
        {"number": INT, "check": TEXT, "file": TEXT, "count": INT, "note": TEXT, "status": TEXT},
    ),
    "protocol": (
        ["number"],
        {
            "number": INT, "check": TEXT, "status": TEXT, "file": TEXT, "sheet": TEXT, "row": INT, "column": TEXT,
            "school_id": TEXT, "municipality": TEXT, "found": TEXT, "expected": TEXT, "advice": TEXT,
            "asked": TEXT, "columns": TEXT, "fields": TEXT, "cells": TEXT,
        },
    ),
    "corrections": (
        ["number"],
        {
            "number": INT, "file": TEXT, "sheet": TEXT, "school_id": TEXT, "row": INT, "column": TEXT, "year": INT,
            "action": TEXT, "expect": TEXT, "value": TEXT, "reason": TEXT, "author": TEXT, "source": TEXT,
        },
    ),
    "calendar": (
        ["year", "procedure"],
        {
            "year": INT, "procedure": TEXT, "title": TEXT, "held": BOOL, "compared": BOOL, "season": TEXT,
            "grades": TEXT, "subjects": TEXT, "reason": TEXT,
        },
    ),
    "schools": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "school_name": TEXT, "group_id": TEXT, "group_name": TEXT,
            "school_type": TEXT, "locality": TEXT, "in_model": BOOL, "why_excluded": TEXT,
        },
    ),
    "context": (["year", "school_id"], {"year": INT, "school_id": TEXT, "n_pupils": FLOAT}),
    "results": (
        ["year", "school_id", "procedure", "subject", "grade"],
        {
            "year": INT, "school_id": TEXT, "procedure": TEXT, "subject": TEXT, "grade": TEXT,
            "n_participants": FLOAT, "mean": FLOAT, "sd": FLOAT, "share_low": FLOAT, "set_aside": TEXT, **_SOURCE,
        },
    ),
    "passports": (["year", "school_id"], {"year": INT, "school_id": TEXT, "n_pupils": FLOAT, "as_of_date": DAY, **_SOURCE}),
    "journal": (
        ["year", "school_id", "subject", "grade"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "grade": TEXT, "n_participants": FLOAT,
            "share_lowered": FLOAT, "share_confirmed": FLOAT, "share_raised": FLOAT, **_SOURCE,
        },
    ),
    "primary_scores": (
        ["year", "school_id", "subject", "grade", "score"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "grade": TEXT, "score": INT, "n_participants": FLOAT,
            "share": FLOAT, **_SOURCE,
        },
    ),
    "tasks": (
        ["year", "school_id", "subject", "grade", "task"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "grade": TEXT, "task": TEXT, "n_participants": FLOAT,
            "max_score": FLOAT, "share_done": FLOAT, **_SOURCE,
        },
    ),
    "staff": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "posts": FLOAT, "vacancies": FLOAT, "n_teachers": FLOAT,
            "n_higher_category": FLOAT, "n_experience_under_3": FLOAT, **_SOURCE,
        },
    ),
    "questionnaires": (
        ["year", "school_id", "role", "item"],
        {
            "year": INT, "school_id": TEXT, "role": TEXT, "item": TEXT, "n_answers": FLOAT, "mean": FLOAT, **_SOURCE,
        },
    ),
    "diagnostics": (
        ["year", "school_id", "subject", "competence"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "competence": TEXT, "n_started": FLOAT,
            "n_finished": FLOAT, "n_low": FLOAT, "n_middle": FLOAT, "n_high": FLOAT, "n_advised": FLOAT,
            "n_enrolled": FLOAT, "n_trained": FLOAT, **_SOURCE,
        },
    ),
    "knowledge": (
        ["year", "school_id", "subject", "grade"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "grade": TEXT, "n_participants": FLOAT,
            "share_done": FLOAT, "mean": FLOAT, "share_low": FLOAT, **_SOURCE,
        },
    ),
    "biased": (
        ["year", "school_id", "subject", "grade"],
        {"year": INT, "school_id": TEXT, "subject": TEXT, "grade": TEXT, "sign": TEXT, **_SOURCE},
    ),
    "programme": (
        ["school_id", "programme", "from_year"],
        {"school_id": TEXT, "programme": TEXT, "from_year": INT, "to_year": INT, **_SOURCE},
    ),
    "roadmaps": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "deadline_date": DAY, "published_date": DAY, "link": TEXT, **_SOURCE,
        },
    ),
    "explanations": (
        ["year", "school_id"],
        {"year": INT, "school_id": TEXT, "answer_date": DAY, "answer": TEXT, **_SOURCE},
    ),
    "wellbeing_index": (
        ["year", "school_id"],
        {"year": INT, "school_id": TEXT, "index": FLOAT, "context_class": TEXT, "class_prob": FLOAT},
    ),
    "outcome": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "outcome": FLOAT, "outcome_se": FLOAT,
            "n_participants": FLOAT, "procedures": TEXT,
        },
    ),
    "index_variants": (
        ["year", "school_id", "variant"],
        {"year": INT, "school_id": TEXT, "variant": TEXT, "index": FLOAT},
    ),
    "outcome_variants": (
        ["year", "school_id", "variant"],
        {
            "year": INT, "school_id": TEXT, "variant": TEXT, "outcome": FLOAT, "outcome_se": FLOAT,
            "n_participants": FLOAT,
        },
    ),
    "shared_errors": (
        ["variant", "year", "later_year", "school_id"],
        {"variant": TEXT, "year": INT, "later_year": INT, "school_id": TEXT, "covariance": FLOAT},
    ),
    "indicator_summary": (
        ["year", "indicator"],
        {
            "year": INT, "indicator": TEXT, "schools": INT, "lower": FLOAT, "median": FLOAT, "upper": FLOAT,
            "correlation": FLOAT,
        },
    ),
    "procedure_summary": (
        ["year", "procedure", "subject", "grade"],
        {
            "year": INT, "procedure": TEXT, "subject": TEXT, "grade": TEXT, "schools": INT, "n_participants": FLOAT,
            "mean": FLOAT, "spread": FLOAT, "share_low": FLOAT,
        },
    ),
    "procedure_trends": (
        ["year", "procedure", "subject"],
        {
            "year": INT, "procedure": TEXT, "subject": TEXT, "schools": INT, "n_participants": FLOAT, "mean": FLOAT,
            "share_low": FLOAT,
        },
    ),
    "index_years": (
        ["year"],
        {
            "year": INT, "schools": INT, "lower": FLOAT, "median": FLOAT, "upper": FLOAT, "disadvantaged": INT,
            "middle": INT, "advantaged": INT, "carried": INT,
        },
    ),
    "outcome_years": (
        ["year"],
        {"year": INT, "schools": INT, "lower": FLOAT, "median": FLOAT, "upper": FLOAT},
    ),
    "histograms": (
        ["measure", "year", "bin"],
        {"measure": TEXT, "year": INT, "bin": INT, "lower": FLOAT, "upper": FLOAT, "schools": INT},
    ),
    "precision": (
        ["more_than"],
        {"more_than": INT, "up_to": INT, "school_years": INT, "outcome_se": FLOAT},
    ),
    "lines": (
        ["year"],
        {
            "year": INT, "n_schools": INT, "intercept": FLOAT, "slope": FLOAT, "slope_se": FLOAT, "bend": FLOAT,
            "tau": FLOAT, "r2": FLOAT, "ten": FLOAT, "lower": FLOAT, "upper": FLOAT, "placed": INT, "band": FLOAT,
            "beyond_band": FLOAT, "beyond_limit": INT, "expected_beyond": FLOAT, "unit_variance": FLOAT,
        },
    ),
    "procedure_lines": (
        ["year", "procedure", "subject"],
        {
            "year": INT, "procedure": TEXT, "subject": TEXT, "n_schools": INT, "slope": FLOAT, "slope_se": FLOAT,
            "ten": FLOAT, "lower": FLOAT, "upper": FLOAT,
        },
    ),
    "cohort_pairs": (
        ["year", "school_id", "procedure", "subject", "grade"],
        {
            "year": INT, "school_id": TEXT, "procedure": TEXT, "subject": TEXT, "grade": TEXT, "earlier_year": INT,
            "earlier_procedure": TEXT, "earlier_grade": TEXT, "n_earlier": FLOAT, "n_later": FLOAT, "coverage": FLOAT,
            "earlier": FLOAT, "earlier_se": FLOAT, "later": FLOAT, "later_se": FLOAT, "weight": FLOAT, "set_aside": TEXT,
        },
    ),
    "expectation": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "outcome": FLOAT, "outcome_se": FLOAT, "index": FLOAT, "expected": FLOAT,
            "residual": FLOAT, "residual_se": FLOAT, "leverage": FLOAT, "studentized": FLOAT, "cooks_distance": FLOAT,
            "shrunken": FLOAT, "shrunken_se": FLOAT, "reliability": FLOAT, "in_model": BOOL,
        },
    ),
    "effect": (
        ["school_id"],
        {
            "school_id": TEXT, "effect": FLOAT, "effect_se": FLOAT, "reliability": FLOAT, "prob_below": FLOAT,
            "prob_above": FLOAT, "years_below": INT, "years_above": INT, "least_reliability": FLOAT,
        },
    ),
    "specifications": (
        ["number"],
        {
            "number": INT, "index": TEXT, "outcome": TEXT, "sample": TEXT, "weights": TEXT, "form": TEXT,
            "reliability": FLOAT, "slope": FLOAT, "n_below": INT, "n_above": INT,
        },
    ),
    "choices": (
        ["choice", "variant"],
        {
            "choice": TEXT, "variant": TEXT, "specifications": INT, "ten": FLOAT, "n_below": FLOAT, "n_above": FLOAT,
        },
    ),
    "group_summary": (
        ["group_id"],
        {
            "group_id": TEXT, "schools": INT, "n_below": INT, "n_within": INT, "n_above": INT, "n_unknown": INT,
            "mean_index": FLOAT, "mean_effect": FLOAT,
        },
    ),
    "stability": (
        ["school_id"],
        {
            "school_id": TEXT, "share_below": FLOAT, "share_above": FLOAT, "school_below": FLOAT,
            "school_above": FLOAT, "year_below": FLOAT, "year_above": FLOAT, "gia9_below": FLOAT, "gia9_above": FLOAT,
            "weights_below": FLOAT, "weights_above": FLOAT,
        },
    ),
    "simulation": (
        ["reliability", "rule"],
        {
            "reliability": FLOAT, "rule": TEXT, "flags": FLOAT, "ppv": FLOAT, "sensitivity": FLOAT, "small": FLOAT,
            "wrong_sign": FLOAT, "coverage": FLOAT, "runs": INT,
        },
    ),
    "fairness": (
        ["reliability", "quartile"],
        {"reliability": FLOAT, "quartile": INT, "below": FLOAT, "above": FLOAT},
    ),
    "federal": (
        ["year", "school_id"],
        {"year": INT, "school_id": TEXT, "n_procedures": INT, "n_low": INT, "federal_low": BOOL},
    ),
    "chance": (["share", "n"], {"share": FLOAT, "n": INT, "one": FLOAT, "two_of_three": FLOAT}),
    "agreement": (
        ["direction", "tier"],
        {"direction": TEXT, "tier": TEXT, "on_list": INT, "not_on_list": INT},
    ),
    "backtest": (
        ["direction", "tier"],
        {
            "direction": TEXT, "tier": TEXT, "n": INT, "flagged_residual": FLOAT, "predicted": FLOAT,
            "predicted_se": FLOAT, "actual": FLOAT, "z": FLOAT,
        },
    ),
    "ranks": (["school_id"], {"school_id": TEXT, "rank": FLOAT, "lower": FLOAT, "upper": FLOAT}),
    "similar": (
        ["school_id", "place"],
        {"school_id": TEXT, "place": INT, "neighbour_id": TEXT, "distance": FLOAT},
    ),
    "flags": (
        ["school_id"],
        {
            "school_id": TEXT, "tier": TEXT, "direction": TEXT, "type": TEXT, "context_class": TEXT, "class_prob": FLOAT,
            "spec_share": FLOAT, "q_value": FLOAT, "federal_low": BOOL, "reason": TEXT,
        },
    ),
    "cohort_progress": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "earlier": FLOAT, "earlier_se": FLOAT, "later": FLOAT, "later_se": FLOAT,
            "covariance": FLOAT, "n_earlier": FLOAT, "n_later": FLOAT, "earlier_year": INT, "cohorts": INT, "in_line": BOOL,
            "reliability": FLOAT, "expected": FLOAT, "expected_se": FLOAT, "residual": FLOAT, "noise_se": FLOAT,
            "gain": FLOAT,
        },
    ),
    "progress_lines": (
        ["year"],
        {
            "year": INT, "n_schools": INT, "mean": FLOAT, "spread": FLOAT, "intercept": FLOAT, "slope": FLOAT,
            "slope_se": FLOAT, "tau2": FLOAT, "reliability": FLOAT, "index_slope": FLOAT, "index_slope_se": FLOAT,
        },
    ),
    "progress": (
        ["school_id"],
        {
            "school_id": TEXT, "effect": FLOAT, "effect_se": FLOAT, "prob_below": FLOAT, "prob_above": FLOAT,
            "years_below": INT, "years_above": INT, "years": INT, "tier": TEXT, "direction": TEXT, "reason": TEXT,
        },
    ),
    "tutors": (
        ["school_id", "place"],
        {
            "school_id": TEXT, "place": INT, "tutor_id": TEXT, "status": TEXT, "reason": TEXT, "cost": FLOAT,
            "distance": FLOAT, "same_group": BOOL, "reach": TEXT, "same_type": BOOL, "same_locality": BOOL,
            "weak_subjects": TEXT, "subjects": TEXT, "missing": TEXT, "tutor_why": TEXT,
        },
    ),
    "risk_profile": (
        ["school_id", "factor"],
        {
            "school_id": TEXT, "factor": TEXT, "title": TEXT, "level": TEXT, "evidence": TEXT, "others": TEXT,
            "value": FLOAT, "measure": TEXT, "source_file": TEXT,
        },
    ),
    "skill_profile": (
        ["school_id", "skill"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "skill": TEXT, "title": TEXT, "n_participants": FLOAT,
            "share_done": FLOAT, "expected": FLOAT, "deficit": FLOAT, "deficit_se": FLOAT, "weakest_task": TEXT,
            "weakest_grade": TEXT, "weakest_done": FLOAT, "weakest_region": FLOAT,
        },
    ),
    "recommendations": (
        ["school_id", "number"],
        {
            "school_id": TEXT, "number": INT, "rule_id": TEXT, "measure": TEXT, "owner": TEXT, "deadline_date": DAY,
            "document": TEXT, "because": TEXT, "factor": TEXT, "conflict_with": TEXT,
        },
    ),
    "rule_coverage": (
        ["rule_id"],
        {"rule_id": TEXT, "measure": TEXT, "n_triggered": INT, "n_undecided": INT, "never_triggered": BOOL},
    ),
    "tracks": (
        ["year", "school_id", "subject", "module"],
        {
            "year": INT, "school_id": TEXT, "subject": TEXT, "module": TEXT, "course": TEXT, "n_started": FLOAT,
            "n_finished": FLOAT, "n_low": FLOAT, "n_middle": FLOAT, "n_high": FLOAT, "n_advised": FLOAT,
            "n_enrolled": FLOAT, "n_trained": FLOAT, "note": TEXT,
        },
    ),
    "funnel": (
        ["year", "group_id", "stage"],
        {
            "year": INT, "group_id": TEXT, "stage": TEXT, "place": INT, "of_stage": TEXT, "n": FLOAT,
            "share_of_previous": FLOAT, "note": TEXT,
        },
    ),
    "funnel_schools": (
        ["year", "school_id", "stage"],
        {
            "year": INT, "school_id": TEXT, "stage": TEXT, "place": INT, "of_stage": TEXT, "n": FLOAT,
            "share_of_previous": FLOAT, "note": TEXT,
        },
    ),
    "membership": (
        ["year", "school_id", "programme"],
        {"year": INT, "school_id": TEXT, "programme": TEXT, "state": TEXT, "why": TEXT},
    ),
    "changed_conclusions": (
        ["school_id"],
        {
            "school_id": TEXT, "school_name": TEXT, "group_name": TEXT, "change": TEXT, "why": TEXT, "earlier_report": TEXT,
            "earlier_year": INT, "earlier_tier": TEXT, "earlier_direction": TEXT, "earlier_effect": FLOAT,
            "earlier_effect_se": FLOAT, "tier": TEXT, "direction": TEXT, "effect": FLOAT, "effect_se": FLOAT,
            "other_rules": TEXT,
        },
    ),
    "context_panel": (
        ["year", "panel", "item"],
        {
            "year": INT, "panel": TEXT, "item": TEXT, "members": FLOAT, "n_members": INT, "others": FLOAT,
            "n_others": INT,
        },
    ),
    "roadmap_status": (
        ["year", "school_id"],
        {
            "year": INT, "school_id": TEXT, "group_id": TEXT, "deadline_date": DAY, "published_date": DAY,
            "as_of_date": DAY, "link": TEXT, "status": TEXT, "days_late": INT, "note": TEXT,
        },
    ),
    "monitoring": (
        ["indicator", "year"],
        {
            "indicator": TEXT, "year": INT, "title": TEXT, "unit": TEXT, "better": TEXT, "n": INT, "planned": FLOAT,
            "actual": FLOAT, "lower": FLOAT, "upper": FLOAT, "signal": TEXT, "before": FLOAT,
            "expected_without_programme": FLOAT, "beyond_rtm": FLOAT, "beyond_rtm_se": FLOAT, "n_compared": INT,
            "beyond_signal": TEXT, "baseline": FLOAT, "baseline_year": INT, "target": FLOAT, "target_year": INT,
            "note": TEXT, "source": TEXT,
        },
    ),
    "decisions": (
        ["number"],
        {
            "number": INT, "decision": TEXT, "owner": TEXT, "deadline": DAY, "state": TEXT, "finding": TEXT,
            "as_of_date": DAY,
        },
    ),
    "project_calendar": (
        ["number"],
        {
            "number": INT, "title": TEXT, "from_date": DAY, "to_date": DAY, "owner": TEXT, "state": TEXT,
            "as_of_date": DAY,
        },
    ),
    "directory": (
        ["school_id"],
        {
            "school_id": TEXT, "school_name": TEXT, "group_id": TEXT, "group_name": TEXT, "school_type": TEXT,
            "locality": TEXT, "named": TEXT,
        },
    ),
    "groups": (
        ["group_id"],
        {
            "group_id": TEXT, "group_name": TEXT, "members": TEXT, "schools": INT, "mean_index": FLOAT,
            "mean_effect": FLOAT,
        },
    ),
    "published_results": (
        ["year", "procedure", "subject", "grade", "group_id"],
        {
            "year": INT, "procedure": TEXT, "subject": TEXT, "grade": TEXT, "group_id": TEXT, "schools": INT,
            "mean": FLOAT, **_BANDS,
        },
    ),
    "published_context": (
        ["year", "indicator", "group_id"],
        {"year": INT, "indicator": TEXT, "group_id": TEXT, "schools": INT, **_BANDS},
    ),
    "published_flags": (
        ["group_id", "context_class", "direction"],
        {"group_id": TEXT, "context_class": TEXT, "direction": TEXT, "schools": INT, "schools_text": TEXT},
    ),
    "distributions": (
        ["measure", "year", "bin"],
        {"measure": TEXT, "year": INT, "bin": INT, "lower": FLOAT, "upper": FLOAT, "schools": INT},
    ),
    "link_bins": (
        ["year", "bin"],
        {
            "year": INT, "bin": INT, "lower": FLOAT, "upper": FLOAT, "schools": INT, "outcome": FLOAT, "expected": FLOAT,
        },
    ),
    "excluded": (["year", "why_excluded"], {"year": INT, "why_excluded": TEXT, "schools": INT}),
    "support_counts": (
        ["topic", "year", "item", "level"],
        {"topic": TEXT, "year": INT, "item": TEXT, "level": TEXT, "schools": INT, "schools_text": TEXT},
    ),
    "published_funnel": (
        ["year", "stage", "group_id"],
        {
            "year": INT, "stage": TEXT, "group_id": TEXT, "place": INT, "n_text": TEXT, "n_low": FLOAT,
            "n_high": FLOAT,
        },
    ),
    "hidden_cells": (
        ["table", "cell"],
        {
            "table": TEXT, "cell": TEXT, "n": FLOAT, "count": FLOAT, "code": TEXT, "why": TEXT,
            "known_n_low": FLOAT, "known_n_high": FLOAT, "known_count_low": FLOAT, "known_count_high": FLOAT,
        },
    ),
    "kept_blocks": (["table", "block"], {"table": TEXT, "block": TEXT, "edition": TEXT, "changed": INT}),
    "refusals": (
        ["number"],
        {"number": INT, "file": TEXT, "column": TEXT, "found": TEXT, "expected": TEXT, "advice": TEXT},
    ),
}  # fmt: skip

NAMES = list(CONTRACT)
MEASURED = ["wellbeing_index", "outcome", "index_variants", "outcome_variants", "shared_errors", "indicator_summary",
            "procedure_summary", "procedure_trends", "index_years", "outcome_years", "histograms", "precision", "cohort_pairs"]  # fmt: skip
EXPECTED = ["expectation", "lines", "procedure_lines"]
JUDGED = ["effect", "flags", "specifications", "choices", "group_summary", "stability", "simulation", "fairness",
          "federal", "chance", "agreement", "backtest", "ranks", "similar", "cohort_progress", "progress_lines", "progress"]  # fmt: skip
SUPPORT = ["tutors", "risk_profile", "skill_profile", "recommendations", "rule_coverage", "tracks", "funnel", "funnel_schools",
           "membership", "changed_conclusions", "context_panel", "roadmap_status", "monitoring", "decisions",
           "project_calendar"]  # fmt: skip
PROTECTED = ["directory", "groups", "published_results", "published_context", "published_flags", "distributions",
             "link_bins", "excluded", "support_counts", "published_funnel"]  # fmt: skip
"""What the public reads in place of tables by school, where the data are not open."""
ANONYMOUS = ["calendar", "specifications", "simulation", "fairness", "chance", "agreement", "backtest", "monitoring",
             "context_panel", "decisions", "project_calendar"]  # fmt: skip
"""Tables in which no school has a row: the public has them, counts of one or two schools and needless digits aside."""
HIDDEN = ["hidden_cells", "kept_blocks", "refusals"]
"""What disclosure control says of itself, internally."""
_MADE = [*MEASURED, *EXPECTED, *JUDGED, *SUPPORT, *PROTECTED, *HIDDEN]
FROM_INTAKE = [name for name in NAMES if name not in _MADE]
"""Tables by the step that makes them: 01 intake, 02 measures, 03 expectation, 04 flags, 05 support, 06 disclosure."""
NUMBERS = ["measures", "model", "summary"]
"""Files of named numbers beside the tables: scales and spreads; fitted models; how many schools are named."""
INTERNAL = [
    *HIDDEN,
    "protocol",
    "corrections",
    "ranks",
    "journal",
    "primary_scores",
    "tasks",
    "biased",
    "questionnaires",
    "diagnostics",
    "roadmaps",
    "explanations",
    "tutors",
    "risk_profile",
    "skill_profile",
    "recommendations",
    "tracks",
    "funnel",
    "funnel_schools",
    "membership",
    "changed_conclusions",
    "roadmap_status",
]
"""Tables that never leave the centre, be the data open or not: they speak of single teachers, or of trust in a school."""
_NULL_IN_KEY = {"biased": {"subject", "grade"}}
"""Key columns in which nothing means «every one»."""
_SHARES = {
    *("share_low", "share_done", "share", "share_lowered", "share_confirmed", "share_raised"),
    *(
        "share_below",
        "share_above",
        "school_below",
        "school_above",
        "year_below",
        "year_above",
        "gia9_below",
        "gia9_above",
        "weights_below",
        "weights_above",
    ),
    *(
        "weakest_done",
        "weakest_region",
        "ppv",
        "sensitivity",
        "small",
        "wrong_sign",
        "coverage",
        "below",
        "above",
        "one",
        "two_of_three",
    ),
    *("leverage", "reliability", "prob_below", "prob_above", "spec_share", "q_value"),
}
_NOT_NEGATIVE = {
    "n_pupils",
    "n_participants",
    "outcome_se",
    "residual_se",
    "shrunken_se",
    "effect_se",
    "cooks_distance",
}


_ROW_GROUP = 2**16
"""Rows of a table that are read together: those of a few schools lie in a few groups, as rows are sorted by key."""


def write(folder: Path, name: str, frame: pl.DataFrame) -> None:
    """Check a table against the contract and swap it in whole.

    Rows are sorted by key, so the same numbers make the same bytes.

    Raises
    ------
    pandera.errors.SchemaErrors
        The table breaks the contract: a fault of the code, not of the data.
    """
    key, columns = CONTRACT[name]
    frame = frame.with_columns(pl.col(column).cast(kind) for column, kind in columns.items())
    _schema(name).validate(frame, lazy=True)
    rest = [column for column in frame.columns if column not in columns]
    content = io.BytesIO()
    frame.select(*columns, *rest).sort(key).write_parquet(content, row_group_size=_ROW_GROUP)
    files.write(folder / f"{name}.parquet", content.getvalue())


def read(folder: Path, name: str, school_id: str | Collection[str] = ()) -> pl.DataFrame:
    """Read a table of the contract from `folder`; of some schools, and then no more of the file than may hold them."""
    path = folder / f"{name}.parquet"
    if not school_id:
        return pl.read_parquet(path)
    wanted = [school_id] if isinstance(school_id, str) else list(school_id)
    return pl.scan_parquet(path).filter(pl.col("school_id").is_in(wanted)).collect()


def seen(sight: str) -> list[str]:
    """Names of the tables that an edition may hold, by `Report.sight`."""
    if sight == "protected":
        return [name for name in CONTRACT if name in (*PROTECTED, *ANONYMOUS)]
    return [name for name in CONTRACT if name not in PROTECTED and (sight == "internal" or name not in INTERNAL)]


def conformed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the contract's columns that no file of this report has, as null."""
    columns = CONTRACT[name][1]
    return frame.with_columns(pl.lit(None, columns[c]).alias(c) for c in columns.keys() - set(frame.columns))


def empty(name: str) -> pl.DataFrame:
    """A table of the contract without rows: of what a report does not have."""
    return pl.DataFrame(schema=CONTRACT[name][1])


def write_numbers(folder: Path, name: str, numbers: Mapping) -> None:
    """Write named numbers as `<name>.json` and swap the file in whole."""
    files.write(folder / f"{name}.json", json.dumps(numbers, ensure_ascii=False, indent=1, allow_nan=False))


def read_numbers(folder: Path, name: str) -> dict:
    """Read `<name>.json` from `folder`."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def _schema(name: str) -> pa.DataFrameSchema:
    import pandera.polars as pa  # late: it costs half a second

    key, columns = CONTRACT[name]

    def checks(column: str) -> list[pa.Check]:
        if column in _SHARES:
            return [pa.Check.in_range(-1e-12, 1 + 1e-12)]
        return [pa.Check.ge(0)] if column in _NOT_NEGATIVE else []

    return pa.DataFrameSchema(
        {
            c: pa.Column(kind, nullable=c not in key or c in _NULL_IN_KEY.get(name, ()), checks=checks(c))
            for c, kind in columns.items()
        },
        unique=key,
        strict=False,
    )
