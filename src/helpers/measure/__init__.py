"""From canonical tables to the two measures: wellbeing index and outcome, their variants and reliability."""

from helpers.measure.carry import carried_forward
from helpers.measure.cohorts import cohort_covariances, cohort_means, cohort_pairs
from helpers.measure.index import IndexScale, class_probability, cronbach_alpha, index_scale, wellbeing_index
from helpers.measure.outcome import (
    PupilSpread,
    entering,
    outcome,
    pupil_scales,
    pupil_spread,
    shared_errors,
    standardised,
)
from helpers.measure.reliability import IndexReliability, believed_reliability, index_reliability
from helpers.measure.summaries import (
    histograms,
    index_years,
    indicator_summary,
    outcome_years,
    precision,
    procedure_summary,
    procedure_trends,
)
from helpers.measure.variants import index_variants, outcome_variants, shared_error_variants, variant_weights

__all__ = [
    "IndexReliability",
    "IndexScale",
    "PupilSpread",
    "believed_reliability",
    "carried_forward",
    "class_probability",
    "cohort_covariances",
    "cohort_means",
    "cohort_pairs",
    "cronbach_alpha",
    "entering",
    "histograms",
    "index_reliability",
    "index_scale",
    "index_variants",
    "index_years",
    "indicator_summary",
    "outcome",
    "outcome_variants",
    "outcome_years",
    "precision",
    "procedure_summary",
    "procedure_trends",
    "pupil_scales",
    "pupil_spread",
    "shared_error_variants",
    "shared_errors",
    "standardised",
    "variant_weights",
    "wellbeing_index",
]
