"""What share a school's context lets expect: the error of a share is told by it, not by the share that happened.

A school that was lucky to come near 0 or 100 % would otherwise seem to be known well and weigh much.
"""

from __future__ import annotations

import numpy as np

_STEPS = 50
_FAR = 15.0
"""Logits beyond which a share is as good as 0 or 1."""


def expected_share(share: np.ndarray, n: np.ndarray, index: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Logistic regression of a share on the index, by iterated weighted least squares (McCullagh, Nelder, 1989).

    Parameters
    ----------
    share, n, index : array (schools,)
        Shares, of how many participants, index; nan for a school without one.
    fitted : array (schools,) of bool
        Schools by which the line is found; their index is known.

    Returns
    -------
    array (schools,)
        Expected shares; that of all participants where there is no index, or where fewer than three schools differ in it.
        Half a participant is kept from 0 and from 1, as of a share of all that were counted.
    """
    counted = float(n.sum())
    of_all = (float(share @ n) + 0.5) / (counted + 1)
    expected = np.full(len(share), of_all)
    known = np.isfinite(index)
    if len(np.unique(index[fitted])) > 2 and 0 < share[fitted] @ n[fitted] < n[fitted].sum():
        x = (index - index[fitted].mean()) / index[fitted].std()
        X = np.column_stack([np.ones_like(x), x])
        beta = np.array([np.log(of_all / (1 - of_all)), 0.0])
        for _ in range(_STEPS):
            p = _inverse_logit(X[fitted] @ beta)
            information = X[fitted].T @ (X[fitted] * (n[fitted] * p * (1 - p))[:, None])
            step = np.linalg.solve(information, X[fitted].T @ (n[fitted] * (share[fitted] - p)))
            beta = beta + step
            if np.abs(step).max() < 1e-12 or np.abs(beta).max() > _FAR:
                break
        expected[known] = _inverse_logit(X[known] @ beta)
    least = 0.5 / (counted + 1)
    return np.clip(expected, least, 1 - least)


def _inverse_logit(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logit, -2 * _FAR, 2 * _FAR)))
