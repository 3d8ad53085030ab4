"""What conclusions are worth: sentences and tables that several pages show, and long tables of the page on reliability."""

from __future__ import annotations

import polars as pl

from helpers.report import Report
from helpers.show import prose, words
from helpers.show.views import verdict


def false_flags(summary: dict) -> str:
    """How many schools are expected to be named by mistake, and what that hangs on; `summary` is the report's `summary.json`."""
    if not (summary["below"]["named"] or summary["above"]["named"]):
        return mistaken(summary)
    return f"{mistaken(summary)}\n\n" + prose.markdown(
        """
        Эти числа верны, если верна модель: надёжность индекса — {reliability:2}, форма линии та, ошибки
        результатов разных лет независимы. Когда это не так, ошибок больше, и в тяжёлом контексте чаще: «ниже».
        """,
        reliability=summary["reliability"],
    )


def mistaken(summary: dict) -> str:
    """The expected number of schools named by mistake, a line for each direction in which any is named."""
    sides = [
        {"direction": words.DIRECTION[direction], **summary[direction]}
        for direction in ("below", "above")
        if summary[direction]["named"]
    ]
    if not sides:
        return "Ни одна школа не выделена."
    return prose.bullets(
        """
        {direction}: из {named:выделенной школы} ожидаемое число выделенных ошибочно — {false:1} ({share:%1}).
        """,
        pl.DataFrame(sides, infer_schema_length=None).with_columns(share=pl.col("false") / pl.col("named")),
    )


def left_out(summary: dict) -> str:
    """How many flags survive leaving out one other school, or one year."""
    named = summary["below"]["named"] + summary["above"]["named"]
    if not named:
        return "Выделенных школ нет."
    text = f"Если убрать из расчёта любую одну другую школу, {_changes(summary['without_school'], named)}."
    if summary["without_year"] is not None:
        text += f" Если убрать любой один год, {_changes(summary['without_year'], named)}."
    return text


def _changes(changed: int, named: int) -> str:
    """«вывод меняется у 2 из 12 выделенных школ»."""
    some, none = (
        "вывод меняется у {changed:0} из {named:выделенной школы}",
        "вывод не меняется ни у одной из {named:выделенной школы}",
    )
    return prose.plain(some if changed else none, changed=changed, named=named)


def simulation(table: pl.DataFrame) -> pl.DataFrame:
    """Table `simulation` with the rules named, the exact index first."""
    order = {rule: place for place, rule in enumerate(words.RULE)}
    return table.sort(
        "reliability", pl.col("rule").replace_strict(order, return_dtype=pl.Int64), descending=[True, False]
    ).with_columns(rule=pl.col("rule").replace(words.RULE))


def concluded(report: Report, edition: str, name: str) -> pl.DataFrame:
    """A table by direction and tier (`agreement`, `backtest`) with our conclusion in words, below first."""
    order = {direction: place for place, direction in enumerate(words.DIRECTION)}
    return (
        report.read(name, edition)
        .with_columns(flagged=pl.col("direction") != "within")
        .with_columns(verdict=verdict())
        .sort(pl.col("direction").replace_strict(order, return_dtype=pl.Int64), "tier")
    )
