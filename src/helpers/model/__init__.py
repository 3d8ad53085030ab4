"""The method: expectation given context, shrinkage over years, flags, typology, and what all of it is worth."""

from helpers.model.backtest import backtest
from helpers.model.effect import (
    VarianceComponents,
    judged_effects,
    school_effects,
    split_variance,
    variance_components,
    year_to_year,
)
from helpers.model.expectation import (
    Influence,
    MetaRegression,
    expectation,
    expected_at,
    influence,
    meta_regression,
    shrink,
)
from helpers.model.federal import agreement, chance_table, federal
from helpers.model.flags import flags
from helpers.model.links import procedure_slopes, year_checks
from helpers.model.overview import choices, group_summary, line_numbers, lines, procedure_lines
from helpers.model.posterior import index_error_variance, lasting_effects
from helpers.model.progress import cohort_progress, progress, progress_line
from helpers.model.ranks import rank_intervals
from helpers.model.similar import similar
from helpers.model.simulation import simulate_report
from helpers.model.stability import stability
from helpers.model.summary import summary

__all__ = [
    "Influence",
    "MetaRegression",
    "VarianceComponents",
    "agreement",
    "backtest",
    "chance_table",
    "choices",
    "cohort_progress",
    "expectation",
    "expected_at",
    "federal",
    "flags",
    "group_summary",
    "index_error_variance",
    "influence",
    "judged_effects",
    "lasting_effects",
    "line_numbers",
    "lines",
    "meta_regression",
    "procedure_lines",
    "procedure_slopes",
    "progress",
    "progress_line",
    "rank_intervals",
    "school_effects",
    "shrink",
    "similar",
    "simulate_report",
    "split_variance",
    "stability",
    "summary",
    "variance_components",
    "year_checks",
    "year_to_year",
]
