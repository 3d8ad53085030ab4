"""The method: expectation given context, shrinkage over years, flags, typology."""

from helpers.model.effect import VarianceComponents, school_effects, variance_components
from helpers.model.expectation import Influence, MetaRegression, expectation, influence, meta_regression, shrink
from helpers.model.flags import expected_false_share, flags

__all__ = [
    "Influence",
    "MetaRegression",
    "VarianceComponents",
    "expectation",
    "expected_false_share",
    "flags",
    "influence",
    "meta_regression",
    "school_effects",
    "shrink",
    "variance_components",
]
