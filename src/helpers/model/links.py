"""The link of outcome and context under scrutiny: each year's checks, each procedure's own slope."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from helpers.measure.outcome import PupilSpread, entering
from helpers.measure.outcome import outcome as measured
from helpers.model.diagnostics import diagnose, lowess_curve
from helpers.model.expectation import arrays, bends, fitted_years, meta_regression, placed
from helpers.model.funnel import overdispersion
from helpers.params import Assessment, ModelRules, OutcomeRules


def year_checks(outcome: pl.DataFrame, index: pl.DataFrame, schools: pl.DataFrame) -> list[dict]:
    """Check every year's fitted line.

    Returns
    -------
    list of dict
        Per year `diagnose` of the fit; `phi`: how many times residuals spread more than sampling alone explains
        (variances); `curve`: pairs of index and lowess-smoothed outcome.
    """
    checks = []
    fitted = placed(outcome, index, schools).filter("in_model")
    bent = bends(fitted_years(fitted))
    for (year,), rows in fitted.group_by("year", maintain_order=True):
        remote = rows["remote"].cast(pl.Float64).to_numpy() if "remote" in rows.columns else None
        fit = meta_regression(*arrays(rows, bent))
        phi, _ = overdispersion(fit.residual, np.sqrt(fit.variance))
        curve = lowess_curve(rows["index"].to_numpy(), rows["outcome"].to_numpy())
        checks.append(
            {"year": year, **diagnose(fit, remote, rows["group_id"].to_numpy()), "phi": phi, "curve": curve.rows()}
        )
    return checks


def procedure_slopes(
    results: pl.DataFrame,
    described: Iterable[Assessment],
    spreads: Iterable[PupilSpread],
    rules: OutcomeRules,
    index: pl.DataFrame,
    schools: pl.DataFrame,
    model: ModelRules,
) -> list[dict]:
    """Fit the line to each procedure and subject alone.

    Returns
    -------
    list of dict
        year, procedure, subject, n_schools, slope (pupil-SD per index point), slope_se; where enough schools
        have the procedure and differ in context.
    """
    spreads, alone = list(spreads), rules.model_copy(update={"min_results": 1})
    slopes = []
    context = index.join(schools.select("year", "school_id", "in_model"), on=["year", "school_id"])
    for assessment in described:
        own = (pl.col("procedure") == assessment.procedure) & (pl.col("subject") == assessment.subject)
        table = measured(entering(results).filter(own), [assessment], spreads, alone, context)
        for (year,), rows in placed(table, index, schools).filter("in_model").group_by("year", maintain_order=True):
            if rows.height < model.min_schools or np.ptp(rows["index"].to_numpy()) == 0:
                continue
            fit = meta_regression(*arrays(rows))
            slopes.append(
                {
                    "year": year, "procedure": assessment.procedure, "subject": assessment.subject,
                    "n_schools": rows.height, "slope": float(fit.beta[1]), "slope_se": float(np.sqrt(fit.cov_beta[1, 1])),
                }
            )  # fmt: skip
    return slopes
