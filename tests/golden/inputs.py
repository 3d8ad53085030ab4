"""What the model is fitted to, for R to fit it too: run `python tests/golden/inputs.py <folder>`.

Writes `<data set>-<year>.csv` into the folder: school_id, y (outcome), v (its sampling
variance), x (index) of the schools in the model. Nothing of it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from helpers.intake import accept
from helpers.measure import index_scale, outcome, pupil_spread, wellbeing_index
from helpers.report import Report, open_report

DATA_SETS = {
    "california-2000": "california-2000",
    "french-lycees": str(Path(__file__).parents[1] / "reports" / "french-lycees.yml"),
}
"""Data sets and how `open_report` finds them."""


def model_inputs(report: Report) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Tables `outcome`, `wellbeing_index` and `schools` of a report, as `expectation` takes them."""
    params, layout = report.params, report.params.data.school_table
    accepted = accept(report)
    fitted = accepted["schools"].filter("in_model").select("year", "school_id")
    scale = index_scale(
        accepted["context"], fitted, layout.indicators, params.index, params.context_class, params.base_year
    )
    index = wellbeing_index(accepted["context"], layout.indicators, scale, params.index)
    spreads = pupil_spread(accepted["results"], layout.results)
    placed = index.join(accepted["schools"].select("year", "school_id", "in_model"), on=["year", "school_id"])
    made = outcome(accepted["results"], layout.results, spreads, params.outcome, placed)
    return made, index, accepted["schools"]


def write(folder: Path) -> None:
    """Write the inputs of every data set and year."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, where in DATA_SETS.items():
        outcomes, index, schools = model_inputs(open_report(where))
        inputs = (
            schools.filter("in_model")
            .join(outcomes, on=["year", "school_id"])
            .join(index, on=["year", "school_id"])
            .select("year", "school_id", y="outcome", v=pl.col("outcome_se") ** 2, x="index")
            .sort("year", "school_id")
        )
        for (year,), rows in inputs.group_by("year"):
            rows.drop("year").write_csv(folder / f"{name}-{year}.csv")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
