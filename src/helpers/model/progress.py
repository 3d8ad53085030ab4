"""Progress: how a school's cohorts do now against what their own earlier result lets expect.

The earlier mean is measured with error, so the expected later result is that of its shrunken value (regression calibration:
Carroll, Ruppert, Stefanski, Crainiceanu, 2006, ch. 4); with equal errors the slope is Fuller's (1987, ch. 2) moment estimator.
What a school adds beyond expectation is judged by the same functions as its deviation from context. Expectation is what
schools of the same earlier result come to: a school that has added for years has a high earlier result, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from helpers import tables
from helpers.model.effect import by_year
from helpers.model.expectation import MetaRegression, meta_regression, shrink
from helpers.model.flags import flags
from helpers.model.posterior import lasting_effects
from helpers.params import FlagRules, ModelRules, SmallNRules

_ROUNDS = 100
_CLOSE = 1e-12


@dataclass(frozen=True)
class ProgressLine:
    """Expected later result by the earlier one.

    Attributes
    ----------
    mean, spread : float
        Mean of the true earlier results and their variance between schools, pupil SDs (squared).
    fit : MetaRegression
        The later results, less what their errors share with the earlier ones, on the shrunken earlier results: its
        coefficients are the line of true results, its τ² the variance of progress between schools.
    """

    mean: float
    spread: float
    fit: MetaRegression

    @property
    def slope(self) -> float:
        return float(self.fit.beta[1])

    def gain(self, x_variance: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """By how much the expected later result grows with the observed earlier one: (βσ² + s_xy) / (σ² + s_x²)."""
        return (self.slope * self.spread + covariance) / (self.spread + x_variance)

    def expected(
        self, x: np.ndarray, x_variance: np.ndarray, y_variance: np.ndarray, covariance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Expected later result, its standard error, and the variance that the two errors leave around it; arrays (schools,)."""
        calibrated, carried = _calibrated(x, x_variance, covariance, self.mean, self.spread)
        design = _design(calibrated)
        noise = _noise(self.slope, self.spread, x_variance, y_variance, covariance)
        return design @ self.fit.beta + carried, np.sqrt(self.fit.expected_variance(design)), noise


def progress_line(
    x: np.ndarray, x_variance: np.ndarray, y: np.ndarray, y_variance: np.ndarray, covariance: np.ndarray
) -> ProgressLine:
    """Fit η = α + βξ + u where x = ξ + δ, y = η + ε, and the errors δ, ε of a school have known variances and covariance.

    ξ ~ N(μ, σ²) by Paule–Mandel. Given x, ξ is expected to be μ + λ(x − μ), λ = σ²/(σ² + s_x²), and ε to be
    s_xy (x − μ)/(σ² + s_x²). What the meta-regression of y, less the latter, on the former takes for sampling variance is
    (β − κ)²σ² + s_y² − 2κs_xy + κ²s_x², κ the gain; it depends on β, so that the two are found by turns.

    Parameters
    ----------
    x, x_variance, y, y_variance, covariance : array (schools,)
        Earlier and later means, their sampling variances, the covariance of their errors.

    Raises
    ------
    ValueError
        Too few schools, or their earlier results do not differ beyond their errors.
    """
    earlier = meta_regression(x, x_variance, np.ones((len(x), 1)))
    mean, spread = float(earlier.beta[0]), earlier.tau2
    if spread == 0:
        raise ValueError("earlier results do not differ beyond their errors")
    calibrated, carried = _calibrated(x, x_variance, covariance, mean, spread)
    slope = 1.0
    for _ in range(_ROUNDS):
        noise = _noise(slope, spread, x_variance, y_variance, covariance)
        fit = meta_regression(y - carried, noise, _design(calibrated))
        before, slope = slope, float(fit.beta[1])
        if abs(slope - before) < _CLOSE:
            break
    return ProgressLine(mean, spread, fit)


def _calibrated(
    x: np.ndarray, x_variance: np.ndarray, covariance: np.ndarray, mean: float, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """E[ξ | x] and E[ε | x]."""
    own, _, _ = shrink(x - mean, x_variance, np.zeros_like(x), spread)
    return mean + own, covariance / (spread + x_variance) * (x - mean)


def _design(calibrated: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones_like(calibrated), calibrated])


def _noise(
    slope: float, spread: float, x_variance: np.ndarray, y_variance: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """Var(y − u | x) at a given slope."""
    gain = (slope * spread + covariance) / (spread + x_variance)
    return (slope - gain) ** 2 * spread + y_variance - 2 * gain * covariance + gain**2 * x_variance


def cohort_progress(
    means: pl.DataFrame, schools: pl.DataFrame, index: pl.DataFrame, years: list[int], least_n: int, rules: ModelRules
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fit each later year and place every school that has two results of the same cohorts.

    Parameters
    ----------
    means : DataFrame
        From `measure.cohort_means`.
    schools, index : DataFrame
        Tables `schools` (those left out by type, or in a year before a merger, have no progress) and `wellbeing_index`.
    years : list of int
        Later years asked for.
    least_n : int
        Participants, before and now, for a school to be in the fit.
    rules : ModelRules

    Returns
    -------
    table : DataFrame
        Table `cohort_progress`: `means` with `reliability` (of the earlier mean), `expected`, `expected_se`, `residual`,
        `noise_se` (standard error of the residual around the school's true progress), `gain`, `in_line`.
    lines : DataFrame
        Table `progress_lines`, of the years in which `rules.min_schools` can be compared: `mean` and `spread` of the true
        earlier results, `intercept`, `slope`, `slope_se`, `tau2`, `reliability` (median of the earlier means'), and what is
        left of context: `index_slope` and its standard error, of the residuals on the index.
    """
    of_kind = schools.filter(pl.col("why_excluded").is_in(["type", "before_merger"]))
    able = (
        means.filter(pl.col("year").is_in(years))
        .join(of_kind, on=["year", "school_id"], how="anti")
        .with_columns(in_line=pl.min_horizontal("n_earlier", "n_later") >= least_n)
        .join(index.select("year", "school_id", "index"), on=["year", "school_id"], how="left")
        .sort("year", "school_id")
    )
    placed_years, lines = [], []
    for rows in able.partition_by("year", maintain_order=True):
        in_line = rows["in_line"].to_numpy()
        if in_line.sum() < rules.min_schools:
            continue
        x, x_se, y, y_se, covariance = (
            rows[name].to_numpy() for name in ("earlier", "earlier_se", "later", "later_se", "covariance")
        )
        try:
            line = progress_line(*(values[in_line] for values in (x, x_se**2, y, y_se**2, covariance)))
        except ValueError:  # nothing tells how the later result goes with the earlier one
            continue
        expected, expected_se, noise = line.expected(x, x_se**2, y_se**2, covariance)
        placed = rows.with_columns(
            reliability=pl.Series(line.spread / (line.spread + x_se**2)),
            expected=pl.Series(expected),
            expected_se=pl.Series(expected_se),
            residual=pl.Series(y - expected),
            noise_se=pl.Series(np.sqrt(noise)),
            gain=pl.Series(line.gain(x_se**2, covariance)),
        )
        placed_years.append(placed.drop("index"))
        lines.append(_told(line, placed.filter("in_line")))
    if not placed_years:
        made = {name: pl.lit(None, pl.Float64) for name in _PLACED}
        return able.drop("index").clear().with_columns(**made), pl.DataFrame(schema=_LINE)
    return pl.concat(placed_years), pl.DataFrame(lines, schema=_LINE)


_PLACED = ("reliability", "expected", "expected_se", "residual", "noise_se", "gain")
_LINE = {"year": pl.Int64, "n_schools": pl.Int64} | dict.fromkeys(
    ("mean", "spread", "intercept", "slope", "slope_se", "tau2", "reliability", "index_slope", "index_slope_se"),
    pl.Float64,
)


def _told(line: ProgressLine, rows: pl.DataFrame) -> dict:
    """A year's row of `progress_lines`, by the schools in its line."""
    known = rows.drop_nulls("index")
    slope: tuple[float | None, float | None] = (None, None)
    if known.height > 2 and known["index"].n_unique() > 1:
        design = np.column_stack([np.ones(known.height), known["index"].to_numpy()])
        fit = meta_regression(known["residual"].to_numpy(), known["noise_se"].to_numpy() ** 2, design)
        slope = float(fit.beta[1]), float(np.sqrt(fit.cov_beta[1, 1]))
    return {
        "year": rows["year"][0],
        "n_schools": rows.height,
        "mean": line.mean,
        "spread": line.spread,
        "intercept": float(line.fit.beta[0]),
        "slope": line.slope,
        "slope_se": float(np.sqrt(line.fit.cov_beta[1, 1])),
        "tau2": line.fit.tau2,
        "reliability": rows["reliability"].median(),
        "index_slope": slope[0],
        "index_slope_se": slope[1],
    }


def noise_covariances(
    table: pl.DataFrame, covariances: pl.DataFrame, lines: pl.DataFrame, schools: pl.Series, of_year: float
) -> np.ndarray:
    """What the residuals of two years have in common beside progress, (years, years, schools), 0 on the diagonal.

    A residual is (β − κ)(ξ − μ) + u + ε − κδ. One year's later result is the next one's earlier: luck of its pupils counts once
    for and once against, and so does what that year alone did to the school, of variance `of_year`, −β of it. What the gain κ
    leaves of the true earlier results is taken to be the same in both years: a level lasts.
    """
    years = lines["year"].to_list()
    gain, earlier_year = (by_year(table, name, years, schools) for name in ("gain", "earlier_year"))
    slope, spread = lines["slope"].to_numpy(), lines["spread"].to_numpy()
    left = np.nan_to_num((slope[:, None] - gain) * np.sqrt(spread)[:, None])
    made = left[:, None] * left[None, :]
    made[np.arange(len(years)), np.arange(len(years))] = 0.0
    place = pl.DataFrame({"school_id": schools}).with_row_index("place")
    for first, second in combinations(range(len(years)), 2):
        rows = covariances.filter(year=years[first], later_year=years[second]).join(place, on="school_id")
        at = rows["place"].to_numpy()
        k, k_later = gain[first, at], gain[second, at]
        common = np.where(earlier_year[second] == years[first], -slope[second] * of_year, 0.0)
        common[at] += (
            rows["later_later"].to_numpy() - k * rows["earlier_later"].to_numpy()
            - k_later * rows["later_earlier"].to_numpy() + k * k_later * rows["earlier_earlier"].to_numpy()
        )  # fmt: skip
        made[first, second] += common
        made[second, first] += common
    return np.nan_to_num(made)


def progress(
    table: pl.DataFrame, covariances: pl.DataFrame, lines: pl.DataFrame, schools: pl.DataFrame, of_year: float,
    flag: FlagRules, small_n: SmallNRules,
) -> pl.DataFrame:  # fmt: skip
    """Every school's lasting progress: what its later years have in common beyond expectation, and what is said of it.

    Parameters
    ----------
    table, lines : DataFrame
        From `cohort_progress`.
    covariances : DataFrame
        From `measure.cohort_covariances`.
    schools : DataFrame
        Table `schools`.
    of_year : float
        Variance of what a single year does to a school's results and the next one does not: τ_d² of the main view. It is in the
        later result, and −β of it in what is expected by the earlier one.
    flag, small_n
        The rules by which schools are named in their context; those on specifications ask nothing here.

    Returns
    -------
    DataFrame
        Table `progress`: school_id, effect, effect_se, prob_below, prob_above (P beyond ∓delta), years_below, years_above,
        years, and `tier`, `direction`, `reason` as of table `flags`.
    """
    years, ids = lines["year"].to_list(), table["school_id"].unique().sort()
    residual, noise, line_se, in_line = (
        by_year(table, name, years, ids) for name in ("residual", "noise_se", "expected_se", "in_line")
    )
    if not years:
        return pl.DataFrame(schema=_PROGRESS)
    shared = noise_covariances(table, covariances, lines, ids, of_year)
    variance = noise**2 + of_year * (1 + lines["slope"].to_numpy()[:, None] ** 2)
    known = lasting_effects(residual, variance, line_se, in_line, 0.0, shared, coefficients=2)
    effect = pl.DataFrame(
        {
            "school_id": ids,
            "effect": known.effect,
            "effect_se": known.effect_se,
            "prob_below": known.prob_below(-flag.delta),
            "prob_above": 1 - known.prob_below(flag.delta),
            "years_below": (residual < 0).sum(axis=0),
            "years_above": (residual > 0).sum(axis=0),
            "years": np.isfinite(residual).sum(axis=0),
        }
    )
    both = table.select("year", "school_id", n_participants=pl.min_horizontal("n_earlier", "n_later"))
    # by the rules of the main view; neither context, specifications nor the federal rule speak of progress
    named = flags(
        effect.with_columns(pooled_residual=None, pooled_residual_se=None).cast(
            {"pooled_residual": pl.Float64, "pooled_residual_se": pl.Float64}
        ),
        schools,
        both,
        tables.empty("wellbeing_index"),
        pl.DataFrame(schema={"school_id": pl.String, "share_below": pl.Float64, "share_above": pl.Float64}),
        pl.DataFrame(schema={"school_id": pl.String, "federal_low": pl.Boolean}),
        years,
        flag.model_copy(update={"min_spec_share": 0.0}),
        small_n,
    )
    return effect.join(named.select("school_id", "tier", "direction", "reason"), on="school_id").select(*_PROGRESS)


_PROGRESS = {
    "school_id": pl.String,
    **dict.fromkeys(("effect", "effect_se", "prob_below", "prob_above"), pl.Float64),
    **dict.fromkeys(("years_below", "years_above", "years"), pl.Int64),
    **dict.fromkeys(("tier", "direction", "reason"), pl.String),
}
