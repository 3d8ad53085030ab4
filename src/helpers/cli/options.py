"""What several verbs share: their arguments and options, and how they say a list."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from helpers import files
from helpers.report import Report


class Edition(StrEnum):
    """Which edition to make."""

    public = "public"
    internal = "internal"
    all = "all"


class OneEdition(StrEnum):
    """Which of the finished sites."""

    public = "public"
    internal = "internal"


class Engine(StrEnum):
    """What renders the pages."""

    quarto = "quarto"
    pandoc = "pandoc"


ReportName = Annotated[str, typer.Argument(metavar="ОТЧЁТ", help="Имя из папки params или путь к файлу параметров.")]
Out = Annotated[str, typer.Option("--out", help="Папка для таблиц и сайта; без ключа — папка проекта.")]
EditionOption = Annotated[Edition, typer.Option("--edition", help="Редакция.")]
OneEditionOption = Annotated[OneEdition, typer.Option("--edition", help="Редакция.")]
EngineOption = Annotated[
    Engine | None, typer.Option("--engine", help="Чем собирать страницы; без ключа — Quarto, если он найден.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Сказать только последнюю строку и ошибки.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Говорить строками JSON, для программ; последняя — чем кончилось (outcome).")
]


def try_targets(this: Report) -> None:
    """Refuse, before any work, a full disk, a folder that cannot be written, a table or page that a program holds."""
    files.refuse_unwritable(this.out)
    files.refuse_held(folder(edition) for folder in (this.site, this.tables) for edition in OneEdition)


def list_all(heading: str, lines: list[str]) -> None:
    """Print how many lines there are, and each; nothing where there is none."""
    if lines:
        typer.echo("\n".join([f"{heading} — {len(lines)}:", *(f"  {line}" for line in lines)]))


def editions_of(named: Edition) -> list[str]:
    """The editions that the option stands for."""
    return ["public", "internal"] if named == Edition.all else [str(named)]


def engine_of(named: Engine | None) -> str:
    """The engine named, else Quarto where it is found, else pandoc."""
    from helpers.publish import quarto

    return str(named) if named else ("quarto" if quarto.find() else "pandoc")
