"""How surely a school's context is of the class that its index shows: against drawn schools whose true context is known."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.measure import IndexScale, class_probability
from helpers.params import IndexRules

SCHOOLS = 400_000


def drawn(reliability: float) -> tuple[np.ndarray, np.ndarray, IndexScale, IndexRules]:
    """Index and true context of schools, the scale with thirds of the index as its classes."""
    random = np.random.default_rng(7)
    context = random.normal(size=SCHOOLS)
    index = 50 + 10 * (np.sqrt(reliability) * context + np.sqrt(1 - reliability) * random.normal(size=SCHOOLS))
    rules = IndexRules(
        scale_mean=50, scale_sd=10, carry_forward_years=0, reliability={"value": reliability, "origin": "assumption"}
    )
    return index, context, IndexScale(2021, {}, {}, 0.0, 1.0, tuple(np.quantile(index, [1 / 3, 2 / 3]))), rules


@pytest.mark.parametrize("reliability", [0.95, 0.9, 0.8, 0.6])
def test_so_many_classes_are_right_as_is_said(reliability):
    index, context, scale, rules = drawn(reliability)
    said = class_probability(index, scale, rules, reliability)
    right = np.digitize(index, scale.class_cuts) == np.digitize(context, np.quantile(context, [1 / 3, 2 / 3]))
    of_tens = np.minimum((said * 10).astype(int), 9)
    for ten in np.unique(of_tens):
        here = of_tens == ten
        if here.sum() > 2000:
            assert abs(right[here].mean() - said[here].mean()) < 0.02, (ten, here.sum())


def test_at_a_bound_the_class_is_a_coin_and_with_a_perfect_index_it_is_sure():
    index, _, scale, rules = drawn(0.9)
    low, high = scale.class_cuts
    at = np.array([low - 1e-9, low, high - 1e-9, high])
    assert class_probability(at, scale, rules, 0.9) == pytest.approx(0.5, abs=0.08)
    assert class_probability(index[:100], scale, rules, 1.0) == pytest.approx(1.0)
