"""The outcome: a school's mean result in standard deviations of a pupil's result.

Each procedure × subject × grade × year is centred at its own pupil-weighted mean
and divided by its own pupil standard deviation, so that results of different
assessments can be averaged and differences read in one unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.special import chdtr, chdtrc, chdtri

from helpers.measure.shares import expected_share
from helpers.params import Assessment, OutcomeRules, Result
from helpers.problems import BadInput, Problem

CELL = ["year", "procedure", "subject", "grade"]
"""What is standardised on its own."""


@dataclass(frozen=True)
class PupilSpread:
    """Variance of pupils' results around their own school's mean, in squared points of one procedure.

    `origin` says where it comes from: `shares` (it follows from the share
    itself), `marks` (the schools' shares of marks tell it), `pupil_sd` (params give the standard deviation over all pupils) or
    `estimated` (from how differences between years, or residuals of a single
    year, get smaller as schools get larger); `standard_error` goes with the last.
    """

    procedure: str
    subject: str
    origin: str
    variance: float | None
    standard_error: float | None = None

    def as_dict(self) -> dict:
        return asdict(self)


def entering(results: pl.DataFrame) -> pl.DataFrame:
    """The results that enter the outcome: those not set aside at intake."""
    return results.filter(pl.col("set_aside").is_null())


def pupil_spread(results: pl.DataFrame, described: Iterable[Assessment]) -> list[PupilSpread]:
    """Find the within-school variance for each procedure.

    Parameters
    ----------
    results : DataFrame
        Table `results`.
    described : iterable of Assessment
        The params of the results.

    Raises
    ------
    BadInput
        It is neither known nor can be estimated, or is wider than the scale allows.
    """
    spreads = []
    for result in described:
        rows = results.filter((pl.col("procedure") == result.procedure) & (pl.col("subject") == result.subject))
        if result.measure != "mean":
            spreads.append(PupilSpread(result.procedure, result.subject, "shares", None))
        elif result.pupil_sd is not None:
            between = _between_variance(rows)
            if between >= result.pupil_sd**2:
                raise BadInput(
                    Problem(
                        file="файл параметров",
                        column=f"results.{result.procedure}.pupil_sd",
                        found=f"{result.pupil_sd:g}",
                        expected=f"больше {between**0.5:.3g} — разброса средних между школами",
                        advice="укажите стандартное отклонение результатов учеников, а не школ",
                    )
                )
            spreads.append(PupilSpread(result.procedure, result.subject, "pupil_sd", result.pupil_sd**2 - between))
        elif rows.height and rows["sd"].null_count() == 0:
            spreads.append(PupilSpread(result.procedure, result.subject, "marks", None))
        else:
            spreads.append(_estimated(rows, result))
        if (variance := spreads[-1].variance) is not None:
            _check_scale(variance + _between_variance(rows), rows, result)
    return spreads


def _between_variance(rows: pl.DataFrame) -> float:
    """Pupil-weighted variance of school means around the mean of their cell."""
    n, mean = pl.col("n_participants"), pl.col("mean")
    deviation = mean - (mean * n).sum().over(CELL) / n.sum().over(CELL)
    return float(rows.select((n * deviation**2).sum() / n.sum()).item())


_UNTOLD = {True: "средние или численность у школ одинаковы", False: "по одному году шум не отличить от различий школ"}


def _check_scale(variance: float, rows: pl.DataFrame, result: Assessment) -> None:
    """Refuse a variance of all pupils above (highest − μ)(μ − lowest): no scale has a wider one (Bhatia, Davis, 2000)."""
    if not isinstance(result, Result) or result.minimum is None or result.maximum is None:
        return
    n, mean = (
        pl.col("n_participants"),
        (pl.col("mean") * pl.col("n_participants")).sum() / pl.col("n_participants").sum(),
    )
    cells = rows.group_by(CELL).agg(n.sum(), mean=mean)
    widest = float(
        cells.select((n * (result.maximum - pl.col("mean")) * (pl.col("mean") - result.minimum)).sum() / n.sum()).item()
    )
    if variance > widest:
        raise BadInput(
            Problem(
                file="файл параметров",
                column=f"results.{result.procedure}.pupil_sd",
                found=f"разброс учеников {variance**0.5:.3g}" + ("" if result.pupil_sd else " (оценка по данным)"),
                expected=f"не больше {widest**0.5:.3g}: шире при таких средних на шкале {result.minimum:g}–{result.maximum:g} не бывает",
                advice="впишите стандартное отклонение результатов учеников из статистического сборника процедуры",
            )
        )


_REACH = chdtri(1, 0.01)
"""Squares of a standard normal deviate are greater in one case of a hundred."""
_KEPT = chdtr(3, _REACH) + _REACH * chdtrc(1, _REACH)
"""What is left of their mean where greater ones count as that."""


def _estimated(rows: pl.DataFrame, result: Assessment) -> PupilSpread:
    """Regress squared noise on 1/n: the slope is the within-school variance.

    The noise is a school's change from year to year, whose variance is 2τ_d² + σ²(1/n₁ + 1/n₂): what is lasting about
    the school drops out. Within one year it does not: differences between schools that fall with size would be
    taken for noise. Weights are the squared fitted variances' reciprocals, iterated (Davidian, Carroll, 1987). Squares
    beyond `_REACH` of their fitted variances count as that much, so that a school that leaps is one of many (Huber, 1964).
    """
    years = rows["year"].unique().sort().to_list()
    squared, inverse_n = [np.empty(0)], [np.empty(0)]
    for first, second in pairwise(years):
        both = (
            rows.filter(pl.col("year") == first)
            .join(rows.filter(pl.col("year") == second), on=["school_id", "subject", "grade"], suffix="_next")
            .sort("grade", "subject", "school_id")
        )
        change = both.select(pl.col("mean_next") - pl.col("mean"), "grade")
        centred = change.select(pl.col("mean_next") - pl.col("mean_next").mean().over("grade")).to_series()
        squared.append(centred.to_numpy() ** 2)
        inverse_n.append(
            both.select(1 / pl.col("n_participants") + 1 / pl.col("n_participants_next")).to_series().to_numpy()
        )
    noise, x = np.concatenate(squared), np.concatenate(inverse_n)
    slope, standard_error = 0.0, float("inf")
    if fits := bool(
        len(x) and noise.any() and np.ptp(x) > 0
    ):  # else nothing tells what is noise, or how it depends on a school's size
        design = np.column_stack([np.ones_like(x), x])
        fitted = np.full_like(x, np.median(noise) / chdtri(1, 0.5) or noise.mean())
        for _ in range(50):
            weight = 1 / fitted**2
            held = np.minimum(noise, _REACH * fitted) / _KEPT
            covariance = np.linalg.pinv(design.T @ (design * weight[:, None]))
            coefficients = covariance @ (design.T @ (weight * held))
            fitted = np.maximum(design @ coefficients, noise.mean() * 1e-3)
        slope = float(coefficients[1])
        # a squared normal deviate has variance 2 · (its mean)²
        standard_error = float(np.sqrt(2 * covariance[1, 1]))
    if not slope > 2 * standard_error:
        told = f"наклон {slope:.4g} при ошибке {standard_error:.4g}" if fits else _UNTOLD[len(years) > 1]
        raise BadInput(
            Problem(
                file="файл параметров",
                column=f"results.{result.procedure}.pupil_sd",
                found=f"пустое место, а по данным разброс внутри школ оценить нельзя ({told})",
                expected="стандартное отклонение результатов учеников",
                advice="впишите его из статистического сборника процедуры",
            )
        )
    return PupilSpread(result.procedure, result.subject, "estimated", slope, standard_error)


def outcome(
    results: pl.DataFrame,
    described: Iterable[Assessment],
    spreads: Iterable[PupilSpread],
    rules: OutcomeRules,
    context: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Average a school's `standardised` results of a year.

    Results of the same grade are taken to be the same pupils': their errors correlate. Parameters as in `standardised`.

    Returns
    -------
    DataFrame
        Table `outcome`: year, school_id, outcome and outcome_se (pupil-SD units),
        n_participants (of the largest result), procedures (those that entered), error_growth (by how much outcome_se² grows
        for each pupil SD of the school's own effect).
    """
    return averaged(standardised(results, described, spreads, rules, context), rules)


def standardised(
    results: pl.DataFrame,
    described: Iterable[Assessment],
    spreads: Iterable[PupilSpread],
    rules: OutcomeRules,
    context: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Put every result in standard deviations of a pupil's.

    z = (mean − μ) / σ, where σ² is the variance over all pupils: within schools
    plus between them. Its sampling variance is the pooled within-school variance
    over n, in units of σ². For shares it is p̂(1 − p̂), p̂ what the school's index lets expect (`expected_share`), not what
    came out. Where shares of marks tell each school's variance v_j, σ² is Σ n_j (v_j + (m_j − μ)²) / Σ n_j and the pooled one
    Σ n_j v_j / Σ (n_j − 1).

    Parameters
    ----------
    results : DataFrame
        Table `results`, what enters.
    described, spreads
        The params of the results, and their pupils' spreads.
    context : DataFrame, optional
        year, school_id, index, in_model. None: no context is known, p̂ is the share of all participants.

    Returns
    -------
    DataFrame
        The rows of `results` that enter, with z, se and weight; those of a school's year add up to 1. `growth` is the
        derivative of se² by the school's effect: of a share (1 − 2p̂)/(nσ), signed as z is; else 0. A school with fewer than
        `min_results` results in a year has none.
    """
    variance, given = pl.col("sd") ** 2, pl.col("given")
    n, mean, mu, sigma2 = (pl.col(name) for name in ("n_participants", "mean", "mu", "sigma2"))
    expected = pl.col("expected_share")
    pooled = ((n * variance).sum() / (n - 1).sum()).over(CELL)
    sampling = pl.coalesce(given, pl.when("by_marks").then(pooled).otherwise(expected * (1 - expected))) / n
    is_share = pl.col("given").is_null() & ~pl.col("by_marks")
    growth = pl.when(is_share).then(pl.col("sign") * (1 - 2 * expected) / (n * sigma2.sqrt())).otherwise(0.0)
    weights = pl.col("procedure").replace_strict(rules.procedure_weights, default=1.0, return_dtype=pl.Float64)
    return (
        _with_expected_share(_on_scales(results, described, spreads), context)
        .with_columns(
            z=pl.col("sign") * (mean - mu) / sigma2.sqrt(),
            se=(sampling / sigma2).sqrt(),
            weight=weights * n,
            growth=growth,
        )
        .drop("mu", "sigma2")
        .filter(pl.col("weight") > 0, pl.col("z").is_finite(), pl.col("se").is_finite())
        .sort("year", "school_id", "grade", "procedure", "subject")  # whose sums are to have the same last bits always
        .filter(pl.len().over("year", "school_id") >= rules.min_results)
        .with_columns(weight=pl.col("weight") / pl.col("weight").sum().over("year", "school_id"))
    )


def pupil_scales(
    results: pl.DataFrame, described: Iterable[Assessment], spreads: Iterable[PupilSpread]
) -> pl.DataFrame:
    """Mean and standard deviation over all pupils by which each cell's results are standardised.

    Returns
    -------
    DataFrame
        year, procedure, subject, grade, mean, sd: in the units of the results.
    """
    rows = _on_scales(results, described, spreads).select(*CELL, mean="mu", sd=pl.col("sigma2").sqrt())
    return rows.unique(CELL, keep="first").filter(pl.col("sd").is_finite()).sort(CELL)


def _on_scales(results: pl.DataFrame, described: Iterable[Assessment], spreads: Iterable[PupilSpread]) -> pl.DataFrame:
    """The results that enter, with sign, given (variance within schools), by_marks, and μ, σ² of their cell."""
    of_procedure = pl.DataFrame(
        [
            {"procedure": r.procedure, "subject": r.subject, "sign": -1.0 if r.higher_is == "worse" else 1.0}
            for r in described
        ]
    ).unique(["procedure", "subject"], maintain_order=True)
    within = pl.DataFrame(
        [
            {"procedure": s.procedure, "subject": s.subject, "given": s.variance, "by_marks": s.origin == "marks"}
            for s in spreads
        ],
        schema={"procedure": pl.String, "subject": pl.String, "given": pl.Float64, "by_marks": pl.Boolean},
    ).unique(["procedure", "subject"], maintain_order=True)
    n, mean, variance = pl.col("n_participants"), pl.col("mean"), pl.col("sd") ** 2
    mu = ((mean * n).sum() / n.sum()).over(CELL)
    # For shares the variance over pupils is μ(1 − μ), which the same sum gives with m(1 − m) as the within part.
    own_within = pl.coalesce("given", pl.when("by_marks").then(variance).otherwise(mean * (1 - mean)))
    sigma2 = ((n * (own_within + (mean - mu) ** 2)).sum() / n.sum()).over(CELL)
    entering_results = results.join(of_procedure, on=["procedure", "subject"]).join(within, on=["procedure", "subject"])
    return entering_results.with_columns(mu=mu, sigma2=sigma2)


def _with_expected_share(rows: pl.DataFrame, context: pl.DataFrame | None) -> pl.DataFrame:
    """`expected_share` of every result that is a share, by its cell; null of the others."""
    keys = {"year": pl.Int64, "school_id": pl.String, "index": pl.Float64, "in_model": pl.Boolean}
    known = pl.DataFrame(schema=keys) if context is None else context.select(*keys)
    placed = rows.join(known, on=["year", "school_id"], how="left", maintain_order="left")
    is_share = pl.col("given").is_null() & ~pl.col("by_marks")
    shares = placed.filter(is_share & pl.col("mean").is_not_null() & pl.col("n_participants").is_not_null())
    found = [
        cell.select(
            *CELL,
            "school_id",
            expected_share=pl.Series(
                expected_share(
                    _floats(cell, "mean"),
                    _floats(cell, "n_participants"),
                    _floats(cell, "index"),
                    (cell["in_model"].fill_null(False) & cell["index"].is_not_null()).to_numpy(),
                )
            ),
        )
        for cell in shares.sort(*CELL, "school_id").partition_by(CELL, maintain_order=True)
    ]
    if not found:
        return placed.with_columns(expected_share=pl.lit(None, pl.Float64))
    return placed.join(pl.concat(found), on=[*CELL, "school_id"], how="left", maintain_order="left")


def _floats(rows: pl.DataFrame, column: str) -> np.ndarray:
    """A column as an array, nan where it is null."""
    return rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def averaged(rows: pl.DataFrame, rules: OutcomeRules) -> pl.DataFrame:
    """Table `outcome` of `standardised` results."""
    rho = rules.same_cohort_correlation
    part, grown = pl.col("weight") * pl.col("se"), pl.col("weight") * pl.col("growth") / pl.col("se")  # 2 d(part)
    cohorts = (
        rows.group_by("year", "school_id", "grade")
        .agg(
            variance=(1 - rho) * (part**2).sum() + rho * part.sum() ** 2,
            error_growth=(1 - rho) * (part * grown).sum() + rho * part.sum() * grown.sum(),
            outcome=(pl.col("weight") * pl.col("z")).sum(),
            n_participants=pl.col("n_participants").max(),
            procedures=pl.col("procedure").unique().sort(),
        )
        .sort("year", "school_id", "grade")
    )
    return (
        cohorts.group_by("year", "school_id")
        .agg(
            pl.col("outcome").sum(),
            outcome_se=pl.col("variance").sum().sqrt(),
            n_participants=pl.col("n_participants").max(),
            procedures=pl.col("procedures").explode().unique().sort().str.join(", "),
            error_growth=pl.col("error_growth").sum(),
        )
        .sort("year", "school_id")
    )


def shared_errors(rows: pl.DataFrame, rules: OutcomeRules) -> pl.DataFrame:
    """Covariances of the errors of a school's outcomes in two years: the same pupils enter both.

    A cohort is year − grade. The smaller of two results of one cohort is taken to be of pupils of the larger one, the
    most that can be shared; a pupil's deviations in two years correlate by ρ = `next_year_correlation`. The means of n
    and n′ ≤ n of the same pupils then have the covariance ρ s s′ √(n′/n), with their standard errors s and s′.

    Parameters
    ----------
    rows : DataFrame
        From `standardised`. A grade that is no number has no cohort.

    Returns
    -------
    DataFrame
        year, later_year, school_id, covariance (pupil SDs squared); where cohorts meet again.
    """
    of_cohort = rows.with_columns(
        cohort=pl.col("year") - pl.col("grade").cast(pl.Int64, strict=False), sat=pl.col("year")
    ).drop_nulls("cohort")
    return (
        met(of_cohort, of_cohort, rules)
        .filter(pl.col("year") < pl.col("year_later"))
        .group_by("year", later_year="year_later", school_id="school_id", maintain_order=True)
        .agg(pl.col("covariance").sum())
    )


def met(left: pl.DataFrame, right: pl.DataFrame, rules: OutcomeRules) -> pl.DataFrame:
    """Covariances of the errors of weighted results in which pupils of the same cohort meet.

    Of two years as `shared_errors` says; within a year the results of a cohort are of the same pupils, as `averaged` takes them.

    Parameters
    ----------
    left, right : DataFrame
        year (of the mean that the result enters), sat (its own year), school_id, cohort, procedure, subject,
        n_participants, weight, se.

    Returns
    -------
    DataFrame
        A row for each two results of one school and cohort: year, year_later (of the left and of the right one), school_id, covariance.
    """
    key = ["school_id", "cohort"]
    kept = [*key, "year", "sat", "procedure", "subject", "n_participants"]
    part = pl.col("weight") * pl.col("se")
    pairs = left.select(*kept, part=part).join(right.select(*kept, part=part), on=key, suffix="_later")
    n, n_later = pl.col("n_participants"), pl.col("n_participants_later")
    alike = rules.next_year_correlation * (pl.min_horizontal(n, n_later) / pl.max_horizontal(n, n_later)).sqrt()
    same_result = (pl.col("procedure") == pl.col("procedure_later")) & (pl.col("subject") == pl.col("subject_later"))
    of_day = pl.when(same_result).then(1.0).otherwise(rules.same_cohort_correlation)
    correlation = pl.when(pl.col("sat") == pl.col("sat_later")).then(of_day).otherwise(alike)
    return (
        pairs.with_columns(covariance=correlation * pl.col("part") * pl.col("part_later"))
        .select("year", "year_later", "school_id", "cohort", "covariance")
        .sort("year", "year_later", "school_id", "cohort", "covariance")  # the same last bits always
    )
