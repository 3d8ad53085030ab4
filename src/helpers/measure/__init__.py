"""From canonical tables to the two measures: wellbeing index and outcome."""

from helpers.measure.index import IndexScale, cronbach_alpha, index_scale, wellbeing_index
from helpers.measure.outcome import PupilSpread, entering, outcome, pupil_spread

__all__ = [
    "IndexScale",
    "PupilSpread",
    "cronbach_alpha",
    "entering",
    "index_scale",
    "outcome",
    "pupil_spread",
    "wellbeing_index",
]
