"""The public tables of a report whose data are not open: groups instead of schools, nothing that gives one away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import polars as pl

from helpers import tables
from helpers.disclosure import cells as made
from helpers.disclosure import coarse, helped, joint
from helpers.disclosure.groups import REGION, directory, group_table, published_groups, regrouped
from helpers.disclosure.ledger import Published, frozen
from helpers.disclosure.protection import hidden_cells, protect
from helpers.disclosure.rounding import HIDDEN_WORD, banded, exact
from helpers.disclosure.suppression import Code, Rules, Why, cell_ids, complementary, is_hidden, margins, primary
from helpers.params import DisclosureRules, Params
from helpers.params.against_data import disclosure_unknown
from helpers.problems import BadInput, Problem, quoted
from helpers.support import load_programme

Tables = dict[str, pl.DataFrame]
Shown = Callable[[pl.DataFrame], pl.DataFrame]
_DIMENSIONS = {
    "published_results": made.RESULTS,
    "published_context": made.CONTEXT,
    "published_flags": made.FLAGS,
    "support_counts": helped.SUPPORT,
    "published_funnel": helped.FUNNEL,
}
_OF_SHARES = ("published_results", "published_context")


def _people(rules: DisclosureRules) -> tuple[Rules, Shown]:
    return Rules.of(rules), banded


def _schools(rules: DisclosureRules, shown: Shown = exact) -> tuple[Rules, Shown]:
    return Rules(1, 1, 1, rules.least_schools - 1), shown


_WAYS: dict[str, Callable[[DisclosureRules], tuple[Rules, Shown]]] = {
    "published_results": _people,
    "published_context": _people,
    "published_flags": lambda rules: _schools(rules, made.shown_flags),
    "support_counts": _schools,
    "published_funnel": _people,
}
"""By which thresholds the numbers of a table are judged, and how they are shown."""
_IN_FIT = "none"
"""`why_excluded` of school-years that are in the fit, in table `excluded`."""
_BEST_MARK = 5


def protected_tables(internal: Tables, params: Params, edition: str, earlier: Sequence[Published] = ()) -> Tables:
    """Make everything that the public may read, and what disclosure control says of it.

    Parameters
    ----------
    internal : dict of DataFrame
        The internal tables by name.
    edition : str
        The report's name.
    earlier : sequence of Published
        The editions that readers have seen: of what these have shown nothing else is shown.

    Returns
    -------
    dict of DataFrame
        Tables `tables.PROTECTED`, `tables.ANONYMOUS` and, of `tables.HIDDEN`, `hidden_cells` and `kept_blocks`.

    Raises
    ------
    BadInput
        The params' rules speak of what is not there.
    """
    rules, years = params.disclosure, params.years
    schools, flags = internal["schools"], _no_secrets(internal["flags"], rules)
    check_rules(rules, schools, flags, internal["results"], edition)
    published = published_groups(schools, years, rules)

    def grouped(table: pl.DataFrame) -> pl.DataFrame:
        return regrouped(table, schools, published)

    shares = [name for name, item in params.described.indicators.items() if item.unit != "score"]
    cells = {
        "published_results": made.result_cells(grouped(internal["results"]), params.described.results, years, rules),
        "published_context": made.context_cells(grouped(internal["context"]), shares, years, rules),
        "published_flags": made.flag_cells(grouped(flags), years[-1], rules),
        "published_funnel": helped.funnel_cells(grouped(internal["funnel_schools"]), rules),
    }
    helped_schools = helped.of_programme(internal, years[-1])
    of_conclusion = helped.of_conclusion(helped_schools, flags)
    support = helped.support_cells(helped_schools, years[-1], rules)
    alone = protect(support, helped.SUPPORT, *_WAYS["support_counts"](rules))
    cells["support_counts"] = helped.veiled(support, alone, helped.twins(helped_schools), of_conclusion)
    links = joint.Links(
        years[-1], helped.rules_of_one_factor(), of_conclusion,
        {name: plan.measure for name, plan in load_programme().indicators.items()},
        internal["federal"].filter("federal_low", year=years[-1]).height,
    )  # fmt: skip
    judged, anonymous, more = _together(cells, internal, links, rules)
    listed = directory(schools, published, flags, years[-1], rules)
    index = internal["wellbeing_index"].filter(year=years[-1]).select("school_id", "index")
    public = {
        "directory": listed,
        "groups": group_table(listed, published, index, internal["effect"], rules.least_schools, params.flag.delta),
        **{name: _as_read(judged[name], name) for name in ("published_results", "published_context")},
        "published_flags": _conclusions(judged["published_flags"], made.type_counts(flags)),
        "support_counts": _schools_told(made.named_total(judged["support_counts"], helped.SUPPORT), helped.SUPPORT),
        "published_funnel": made.named_total(judged["published_funnel"], helped.FUNNEL),
        "distributions": coarse.distributions(
            internal["wellbeing_index"], internal["outcome"], years, rules.least_schools
        ),
        "link_bins": coarse.link_bins(internal["expectation"], rules.least_schools),
        "excluded": _excluded(schools),
        **anonymous,
    }
    # promised columns only: what stands beside them here is what they were judged by
    fresh = {name: public[name].select(tables.CONTRACT[name].types.keys()) for name in public}
    shown, kept = frozen(fresh, earlier, years[-1])
    return {
        **shown,
        "hidden_cells": pl.concat(
            [*(_hidden(seen, name, shown[name]) for name, seen in judged.items()), _rows_hidden(internal, more)]
        ),
        "kept_blocks": kept,
    }


def _together(
    cells: Tables, internal: Tables, links: joint.Links, rules: DisclosureRules
) -> tuple[Tables, Tables, list[joint.Cell]]:
    """Protect every table, and hide further numbers until all tables together tell no secret.

    Returns
    -------
    judged : dict of DataFrame
        The tables of cells as `protect` gives them.
    anonymous : dict of DataFrame
        The tables without schools.
    more : list
        The numbers hidden for the sake of other tables.
    """
    more: set[joint.Cell] = set()
    judged: Tables = {}
    changed = set(cells)
    while True:
        for name in changed & set(cells):
            people, shown = _WAYS[name](rules)
            seen = protect(
                cells[name], _DIMENSIONS[name], people, shown, [cell for table, cell in more if table == name]
            )
            judged[name] = with_numbers(seen, _DIMENSIONS[name], people) if name in _OF_SHARES else seen
        anonymous = _anonymous(internal, rules, more)
        ordered = {name: judged[name] for name in cells}
        programme = joint.of_tables(ordered, _DIMENSIONS, anonymous["monitoring"], anonymous["agreement"], links, rules)
        found = set(joint.next_hidden(programme)) - more
        if not found:
            return ordered, anonymous, sorted(more)
        more |= found
        changed = {table for table, _ in found}


def check_rules(
    rules: DisclosureRules, schools: pl.DataFrame, flags: pl.DataFrame, results: pl.DataFrame, report: str
) -> None:
    """Refuse rules that speak of what is not there, above all a consent of a school that is not above expectation."""
    above = set(flags.filter(direction="above")["school_id"])
    problems = [
        Problem(
            f"{report}.yml", quoted(school), "код школы, которая сейчас выше ожидаемого",
            "удалите код: назвать эту школу нельзя", column="disclosure.named",
        )
        for school in rules.named
        if school not in above
    ]  # fmt: skip
    problems += disclosure_unknown(rules, schools, results, report)
    if problems:
        raise BadInput(*sorted(problems, key=str))


def protected_numbers(numbers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`measures`, `model`, `summary` for the public."""
    coarser = {
        "measures": coarse.coarse_measures, "model": coarse.coarse_model, "summary": coarse.coarse_summary,
    }  # fmt: skip
    return {name: coarser[name](values) for name, values in numbers.items()}


def with_numbers(seen: pl.DataFrame, dimensions: list[str], rules: Rules) -> pl.DataFrame:
    """Show the number of participants, and `told`, also where only the share may not be shown.

    Of a cell with enough participants and schools it is the count behind the share that is hidden; `protect` has
    audited that against a reader who knows every number of participants. What is too small in itself stays hidden,
    and another cell beside it, so that neither follows by subtraction.
    """
    small = pl.when(pl.col("why").is_in([Why.SCHOOLS, Why.OTHERS])).then("why")
    alone = seen.select("cell", *dimensions, "n", count=pl.lit(None, pl.Float64), why=small)
    judged = complementary(primary(alone, rules), margins(alone, dimensions))
    numbers = banded(judged).select("cell", "n_text", "n_low", "n_high", told=pl.col("code").is_null())
    return seen.drop("n_text", "n_low", "n_high").join(numbers, on="cell").sort("cell")


def _as_read(seen: pl.DataFrame, name: str) -> pl.DataFrame:
    """The cells as the public reads them: no count, no reason of hiding; a mean to a tenth, where it does not bound a count.

    Of marks from 2 to 5 with mean m at least 3 − m and at most (5 − m) / 3 are twos: where their share is hidden the mean
    is as well. Scores of a hundred bound nothing.
    """
    without_share = pl.col("count").is_null() & ~is_hidden()
    read = seen.with_columns(
        pl.when(~without_share).then("share_text").alias("share_text"), pl.when("told").then("schools").alias("schools")
    )
    if "mean" in seen.columns:
        told = pl.col("told") & (~is_hidden() | (pl.col("mean") > _BEST_MARK))
        read = read.with_columns(pl.when(told).then(pl.col("mean").round(1)).alias("mean"))
    return made.named_total(read, _DIMENSIONS[name])


def _conclusions(by_group: pl.DataFrame, by_class: pl.DataFrame) -> pl.DataFrame:
    """Schools by conclusion, of groups and of classes of context, as the public reads them."""
    keys, total = ["group_id", "context_class", "direction"], pl.lit(None, pl.String)
    groups = by_group.with_columns(context_class=total).select(*keys, "n", "code")
    classes = by_class.with_columns(group_id=total, code=total).select(*keys, "n", "code")
    return _schools_told(made.named_total(pl.concat([groups, classes]), keys), keys)


def _schools_told(cells: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Counts of schools as number and as text, hidden ones as the one word."""
    number = pl.col("n").cast(pl.Int64)
    return cells.select(
        *keys,
        schools=pl.when(~is_hidden()).then(number),
        schools_text=pl.when(is_hidden()).then(pl.lit(HIDDEN_WORD)).otherwise(number.cast(pl.String)),
    )


def _hidden(seen: pl.DataFrame, name: str, shown: pl.DataFrame) -> pl.DataFrame:
    """What the public reads as hidden, by the rule that hid it now or, where it did not, by an earlier edition."""
    texts = [column for column in shown.columns if column.endswith("_text")]
    word = shown.filter(pl.any_horizontal(pl.col(texts) == HIDDEN_WORD))
    if "context_class" in word.columns:
        word = word.filter(context_class=REGION)
    dimensions = [column for column in _DIMENSIONS[name] if column in word.columns]
    cells = seen.join(made.named_total(seen, dimensions).select("cell", *dimensions).join(word, on=dimensions, how="semi"),
                      on="cell", how="semi")  # fmt: skip
    earlier = ~is_hidden()
    told = cells.with_columns(
        code=pl.when(earlier).then(pl.lit(Code.DERIVABLE.value)).otherwise("code"),
        why=pl.when(earlier).then(pl.lit(Why.EARLIER.value)).otherwise("why"),
    )
    return (
        hidden_cells(told)
        .with_columns(pl.lit(name).alias("table"))
        .select(tables.CONTRACT["hidden_cells"].types.keys())
    )


def _rows_hidden(internal: Tables, more: Sequence[joint.Cell]) -> pl.DataFrame:
    """Rows of tables without cells that were emptied for the sake of other tables."""
    rows = [
        {"table": table, "cell": cell, "code": Code.DERIVABLE.value, "why": Why.JOINT.value}
        for table, cell in more if table not in _DIMENSIONS
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.CONTRACT["hidden_cells"].types)


def _no_secrets(flags: pl.DataFrame, rules: DisclosureRules) -> pl.DataFrame:
    """Mark the schools whose conclusion anyone knows: named ones, and kinds of school of which nothing is concluded."""
    return flags.with_columns(known=pl.col("school_id").is_in(rules.named) | (pl.col("tier") == "outside"))


def _excluded(schools: pl.DataFrame) -> pl.DataFrame:
    """Schools by year and reason, ones and twos too: the reasons speak of data, not of results, and the sum is known."""
    return schools.group_by("year", pl.col("why_excluded").fill_null(_IN_FIT)).agg(schools=pl.len().cast(pl.Int64))


def _anonymous(internal: Tables, rules: DisclosureRules, more: Collection[joint.Cell] = ()) -> Tables:
    """Tables without schools: as they are, but for counts of one or two schools, needless digits and `more` to hide."""
    least, kept = rules.least_schools, {name: internal[name] for name in tables.ANONYMOUS}
    agreed = kept["agreement"].group_by("direction").agg(pl.col("on_list", "not_on_list").sum())
    emptied = cell_ids(["direction"]).is_in([cell for table, cell in more if table == "agreement"])
    counts = [pl.when(~emptied).then(name).alias(name) for name in ("on_list", "not_on_list")]
    return kept | {
        "agreement": coarse.without_few(agreed, ["on_list", "not_on_list"], least).with_columns(
            *counts, tier=pl.when(pl.col("direction") == "within").then(pl.lit("none")).otherwise(pl.lit("watch"))
        ),
        "backtest": kept["backtest"]
        .filter(pl.col("n") >= least)
        .with_columns(pl.col("flagged_residual", "predicted", "predicted_se", "actual", "z").round(2)),
        "specifications": kept["specifications"].with_columns(pl.col("slope").round(3)),
        "monitoring": helped.coarse_monitoring(
            kept["monitoring"], rules, [cell for table, cell in more if table == "monitoring"]
        ),
        "context_panel": helped.coarse_panel(kept["context_panel"], least),
    }
