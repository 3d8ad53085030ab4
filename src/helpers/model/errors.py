"""Errors of a school's results in several years, which correlate where the same pupils sat in two of them.

Arrays of several years are (years, schools).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Errors:
    """A school's errors turned into independent ones, by the eigenvectors of their covariance matrix.

    Turned, they keep whatever variance all years have in common: what a year adds of its own need not be known.

    Attributes
    ----------
    there : array (years, schools) of bool
        As many of a school's turned errors as it has results.
    variance : array (years, schools)
        Of the turned errors; 1 where there is none.
    turn : array (years, turned, schools) or None
        The eigenvectors; None where the errors are independent as they are.
    """

    there: np.ndarray
    variance: np.ndarray
    turn: np.ndarray | None

    @classmethod
    def of(cls, there: np.ndarray, variance: np.ndarray, shared: np.ndarray | None = None) -> Errors:
        """Of results where `there`, by their sampling variances and the covariances (years, years, schools) beside them."""
        if shared is None:
            return cls(there, np.where(there, variance, 1.0), None)
        years = np.arange(len(there))
        covariance = np.where(there[:, None] & there[None, :], shared, 0.0)
        # beyond any eigenvalue of the others, which are no greater than their trace: a year without a result comes last
        apart = 2 * len(there) * np.where(there, variance, 0.0).max(initial=0.0) + 1e-9
        covariance[years, years] = np.where(there, variance, apart)
        values, vectors = np.linalg.eigh(np.moveaxis(covariance, -1, 0))
        known = years[:, None] < there.sum(axis=0)
        return cls(known, np.where(known, values.T, 1.0), np.moveaxis(vectors, 0, -1) * known)

    def turned(self, values: np.ndarray) -> np.ndarray:
        """Values by year, nan where there is none, as the errors are turned."""
        if self.turn is None:
            return np.where(self.there, values, 0.0)
        return np.einsum("tks,ts->ks", self.turn, np.nan_to_num(values))

    @property
    def ones(self) -> np.ndarray:
        """1 in every year, turned."""
        return self.there.astype(float) if self.turn is None else self.turn.sum(axis=0)

    def weights(self, transient: float) -> np.ndarray:
        """Precision of the turned errors together with a variance that every year has of its own; 0 where there is none."""
        return self.there / (self.variance + transient)

    def log_det(self, transient: float) -> np.ndarray:
        """Log determinant of their covariance matrix with that variance, (schools,)."""
        total = np.where(self.there, self.variance + transient, 1.0)
        return np.log(total).sum(axis=0)

    def drawn(self, random: np.random.Generator) -> np.ndarray:
        """Errors drawn at random, (years, schools); of no meaning where there is no result."""
        turned = random.normal(size=self.variance.shape) * np.sqrt(self.variance)
        return turned if self.turn is None else np.einsum("tks,ks->ts", self.turn, turned)
