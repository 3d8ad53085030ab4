"""Verbs that show which reports there are, and start a new report or page."""

from __future__ import annotations

from typing import Annotated

import typer

from helpers.problems import BadInput
from helpers.report import open_report, report_names

verbs = typer.Typer()


@verbs.command("list")
def list_reports() -> None:
    """Перечислить отчёты: имя, годы, название."""
    for name in report_names():
        try:
            params = open_report(name).params
        except BadInput as error:  # a new year's params that are not filled in yet must not hide the other reports
            typer.echo(f"{name:24} {error.problems[0]}")
        else:
            typer.echo(f"{name:24} {params.years[0]}–{params.years[-1]}  {params.title}")


@verbs.command()
def new(
    name: Annotated[str, typer.Argument(metavar="ИМЯ", help="Имя нового отчёта или один его год.")],
    model: Annotated[str, typer.Option("--from", metavar="ОТЧЁТ", help="Прежний отчёт из папки params.")],
) -> None:
    """Завести отчёт нового года по прежнему: файл параметров, папка с файлами прежних лет, список дел."""
    from helpers.publish.new_year import CHECKLIST, start_report

    params, raw = start_report(name, model)
    typer.echo(f"Параметры: {params}\nПапка для файлов: {raw}")
    if (raw / CHECKLIST).is_file():
        typer.echo(f"Что сделать дальше: {raw / CHECKLIST}")
    else:
        typer.echo(
            "Что сделать дальше: положите в папку таблицу школ, назовите в параметрах её файл и столбцы нового года."
        )


@verbs.command("new-page")
def new_page(
    name: Annotated[str, typer.Argument(metavar="ИМЯ", help="Имя тетради и адрес страницы: my-page.")],
    title: Annotated[str, typer.Option("--title", metavar="НАЗВАНИЕ", help="Название страницы.")] = "Моя страница",
) -> None:
    """Завести страницу: тетрадь с примером фразы, таблицы и графика."""
    from helpers.publish.new_page import menu_line, start_page

    typer.echo(f"Тетрадь: {start_page(name, title)}")
    typer.echo(
        "Кто видит страницу и в каком она разделе меню, сказано в её первой ячейке (editions, section). Если важно место среди "
        f"других, впишите в _quarto.yml, в нужный раздел, строку:\n{menu_line(name, title)}"
    )
