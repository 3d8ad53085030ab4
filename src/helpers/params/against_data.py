"""Rules of the params that speak of what the data do not have."""

from __future__ import annotations

import polars as pl

from helpers.params.rules import DisclosureRules
from helpers.problems import Problem, quoted


def disclosure_unknown(
    rules: DisclosureRules, schools: pl.DataFrame, results: pl.DataFrame, report: str
) -> list[Problem]:
    """Procedures and municipalities of the rules of disclosure that no result and no school has.

    Parameters
    ----------
    schools, results : DataFrame
        The tables of these names.
    report : str
        Whose params file it is.
    """

    def unknown(key: str, value: str, expected: str, advice: str) -> Problem:
        return Problem(f"{report}.yml", quoted(value), expected, advice, column=f"disclosure.{key}")

    procedures = set(rules.region_only) - set(results["procedure"])
    places = set(rules.districts) - set(schools["group_name"])
    return [
        *(
            unknown("region_only", procedure, "код процедуры из таблицы results", "исправьте код, например VPR")
            for procedure in sorted(procedures)
        ),
        *(
            unknown(
                "districts", name, "название муниципалитета из реестра школ", "исправьте название или удалите строку"
            )
            for name in sorted(places)
        ),
    ]
