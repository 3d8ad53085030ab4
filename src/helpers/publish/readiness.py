"""What would stop the build of data that were accepted, told before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import polars as pl

from helpers import measure, support
from helpers.model import expectation
from helpers.params import Params
from helpers.params.against_data import disclosure_unknown
from helpers.problems import BadInput, MissingTool, Problem
from helpers.publish import pandoc, quarto
from helpers.report import Report


def obstacles(report: Report, tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Faults of the params, the rules and the data that the steps of a build would find: they are asked, and nothing is written.

    Parameters
    ----------
    tables : mapping
        Canonical tables, accepted.
    """
    tried = [lambda: _measures(tables, report.params), lambda: _public_rules(tables, report)]
    if report.params.data.region_files is not None:
        tried += _rules(tables, report.params)
    return [problem for one in tried for problem in _problems(one)]


def require_renderer() -> None:
    """Try what renders the pages.

    Raises
    ------
    MissingTool
        There is neither Quarto nor pandoc.
    """
    if quarto.find() is None:
        try:
            pandoc.identity()
        except OSError:
            raise MissingTool(
                "Страницы собрать нечем: нет ни Quarto, ни pandoc; установите пакет pypandoc-binary"
            ) from None


def _problems(tried: Callable[[], object]) -> Iterator[Problem]:
    try:
        tried()
    except BadInput as error:
        yield from error.problems


def _measures(tables: Mapping[str, pl.DataFrame], params: Params) -> None:
    """Both measures, the variants of the index and the line of each year, as steps 02 and 03 find them."""
    described, schools, results = params.described, tables["schools"], measure.entering(tables["results"])
    fitted = schools.filter("in_model").select("year", "school_id")
    whole = schools.filter(pl.col("why_excluded").ne_missing("before_merger"))
    context = measure.carried_forward(tables["context"], whole, described.indicators, params.index.carry_forward_years)
    scale = measure.index_scale(
        context, fitted, described.indicators, params.index, params.context_class, params.base_year
    )
    index = measure.wellbeing_index(context, described.indicators, scale, params.index)
    spreads = measure.pupil_spread(results, described.results)
    placed = index.join(schools.select("year", "school_id", "in_model"), on=["year", "school_id"])
    outcome = measure.outcome(results, described.results, spreads, params.outcome, placed)
    names = params.specifications.index
    measure.index_variants(context, fitted, outcome, described.indicators, scale, params.index, names)
    expectation(outcome, index, schools, params.model)


def _public_rules(tables: Mapping[str, pl.DataFrame], report: Report) -> None:
    """What the rules of disclosure speak of; whom they name is known only when it is computed."""
    if report.sight("public") == "protected" and (
        unknown := disclosure_unknown(report.params.disclosure, tables["schools"], tables["results"], report.name)
    ):
        raise BadInput(*unknown)


def _rules(tables: Mapping[str, pl.DataFrame], params: Params) -> list[Callable[[], object]]:
    """The files of rules, and what of them the data and the years may contradict, as step 05 reads them."""

    def skills() -> None:
        support.require_described(tables["tasks"], support.load_skills(), params.years[-1])

    def recommendations() -> None:
        support.load_recommendations(support.load_risk_factors(), support.load_skills())

    def decisions() -> None:
        decided = support.load_decisions()
        support.decisions(decided, params)
        support.project_calendar(decided, params)

    return [skills, recommendations, support.load_programme, decisions]
