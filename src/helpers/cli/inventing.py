"""Verbs that invent regions: to say what the rule is worth, and to show the report on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from helpers.cli.options import Out, ReportName
from helpers.publish import progress
from helpers.report import open_report

verbs = typer.Typer()


@verbs.command()
def simulate(
    report: ReportName,
    runs: Annotated[int, typer.Option("--runs", min=10, help="Сколько регионов разыграть.")] = 200,
    out: Out = "",
) -> None:
    """Разыграть регионы с известной истиной на школах построенного отчёта и сказать, чего стоит правило."""
    from helpers.model import simulate_report
    from helpers.model.stability import assumed_reliabilities, form_of, report_cells
    from helpers.show import certainty, words

    this = open_report(report, out)
    params = this.params
    shared = this.read("shared_errors")
    data = report_cells(
        this.read("outcome_variants"), this.read("index_variants"), this.read("schools"), params.pooled_years, shared
    )
    numbers = this.read_numbers("model")
    assumed = assumed_reliabilities(numbers, params.pooled_years, params.specifications)
    rules = params.simulation.model_copy(update={"runs": runs})
    with progress.shown():
        judged, _ = simulate_report(
            data,
            assumed,
            params.flag,
            params.small_n,
            rules,
            numbers["index_reliability"]["value"],
            form_of(numbers["years"]),
            progress.counted("runs"),
        )
    typer.echo(f"{'надёжность':>10} {'правило':40} {'выделено':>8} {'верно':>6} {'найдено':>8} {'малые':>6} {'не туда':>8} "
               f"{'накрывают':>9}")  # fmt: skip
    for row in certainty.simulation(judged).iter_rows(named=True):
        typer.echo(
            f"{words.number(row['reliability']):>10} {row['rule']:40} {words.tenth(row['flags']):>8} "
            f"{words.percent(row['ppv']):>6} {words.percent(row['sensitivity']):>8} {words.percent(row['small']):>6} "
            f"{words.precise_percent(row['wrong_sign']):>8} {words.percent(row['coverage']):>9}"
        )


@verbs.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Пустая папка, куда положить файлы; с --year — папка отчёта.")],
    year: Annotated[
        int | None,
        typer.Option("--year", help="Файлы одного следующего года того же региона, поверх папки нового отчёта."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Какой из выдуманных регионов.")] = 2021,
    clean: Annotated[bool, typer.Option("--clean", help="Без грязи в файлах.")] = False,
) -> None:
    """Сделать исходные файлы выдуманного региона с очертаниями Камчатского края."""
    from helpers.demo import write_region, write_year

    if year is None:
        write_region(seed, out, clean)
        typer.echo(f"Файлы выдуманного региона: {out.resolve()}")
    else:
        write_year(seed, year, out, clean)
        typer.echo(f"Файлы выдуманного региона за {year} год: {out.resolve()}")
