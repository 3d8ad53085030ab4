"""How surely a school's context is of the class that its index shows: against drawn schools whose true context is known."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.measure import class_probability

SCHOOLS, THIRDS = 400_000, [1 / 3, 2 / 3]


def drawn(reliability: float) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Index and true context of schools, and the thirds of the index."""
    random = np.random.default_rng(7)
    context = random.normal(size=SCHOOLS)
    index = 50 + 10 * (np.sqrt(reliability) * context + np.sqrt(1 - reliability) * random.normal(size=SCHOOLS))
    low, high = np.quantile(index, THIRDS)
    return index, context, (low, high)


@pytest.mark.parametrize("reliability", [0.95, 0.9, 0.8, 0.6])
def test_so_many_classes_are_right_as_is_said(reliability):
    index, context, cuts = drawn(reliability)
    said = class_probability(index, cuts, 50, 10, reliability)
    right = np.digitize(index, cuts) == np.digitize(context, np.quantile(context, THIRDS))
    of_tens = np.minimum((said * 10).astype(int), 9)
    for ten in np.unique(of_tens):
        here = of_tens == ten
        if here.sum() > 2000:
            assert abs(right[here].mean() - said[here].mean()) < 0.02, (ten, here.sum())


def test_at_a_bound_the_class_is_a_coin_and_with_a_perfect_index_it_is_sure():
    index, _, cuts = drawn(0.9)
    low, high = cuts
    at = np.array([low - 1e-9, low, high - 1e-9, high])
    assert class_probability(at, cuts, 50, 10, 0.9) == pytest.approx(0.5, abs=0.08)
    assert class_probability(index[:100], cuts, 50, 10, 1.0) == pytest.approx(1.0)
