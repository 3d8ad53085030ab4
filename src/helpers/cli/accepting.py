"""Verbs about the raw files: whether they are acceptable, and what to correct in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helpers import files
from helpers.cli.options import Out, ReportName, list_all, try_targets
from helpers.report import open_report

if TYPE_CHECKING:
    from helpers.intake.findings import Finding

verbs = typer.Typer()

_IN_ORDER = "✓ порядок"
_TOLD = 5
"""How many findings of a check are printed."""


@verbs.command()
def check(
    report: ReportName,
    protocol: Annotated[str, typer.Option("--protocol", help="Папка, куда положить протокол книгами Excel.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Сказать всё одной строкой JSON, для программ.")] = False,
    out: Out = "",
) -> None:
    """Проверить сырые файлы отчёта и всё, на чём могла бы остановиться сборка."""
    from helpers.intake import examine
    from helpers.publish import readiness
    from helpers.show import received, words

    this = open_report(report, out)
    try_targets(this)
    examined = examine(this)
    acceptance = examined.tables["acceptance"]
    counted = [
        f"{file + ': ' if file else ''}{count:>8}  {what}" + (f"  {state}" if state != _IN_ORDER else "")
        for file, count, what, state in received.accepted(acceptance)
        .select("file", "count", "what", "state")
        .iter_rows()
    ]
    if as_json or protocol:
        from helpers.publish import protocol as protocols

        titles = acceptance.select("check", title="note")
        findings = received.named(examined.tables["protocol"], titles, examined.tables["schools"])
    failed = bool(examined.findings.fails)
    obstacles = [] if failed else [str(problem) for problem in readiness.obstacles(this, examined.tables)]
    if as_json:
        found = protocols.for_machines(findings, this.params)
        typer.echo(json.dumps({"counted": counted, "findings": found, "obstacles": obstacles}, ensure_ascii=False))
    else:
        typer.echo("\n".join(counted))
        for status in ("ADVICE", "FAIL"):
            _tell(examined.findings.of(status), f"{words.STATUS_MARK[status]} {words.STATUS[status].capitalize()}")
        list_all("\n✗ Данные читаются, но отчёта из них не построить", obstacles)
    if protocol:
        made = protocols.books(findings, this.params) | protocols.names_to_confirm(examined.unknown)
        files.write_all(Path(protocol), {name.partition("/")[2]: content for name, content in made.items()})
        typer.echo(f"\nПротокол: {Path(protocol).resolve()}, файлов: {len(made)}.", err=as_json)
    if failed or obstacles:
        raise typer.Exit(1)
    readiness.require_renderer()
    if not as_json:
        typer.echo("Данные приняты.")


def _tell(findings: list[Finding], heading: str) -> None:
    """Print the first few findings of each check; the protocol has them all."""
    if not findings:
        return
    typer.echo(f"\n{heading} — {len(findings)}:")
    for check in dict.fromkeys(one.check for one in findings):
        problems = [one.problem for one in findings if one.check == check]
        for problem in problems[:_TOLD]:
            typer.echo(str(problem))
        if len(problems) > _TOLD:
            typer.echo(f"… и ещё {len(problems) - _TOLD} таких: все — в протоколе (ключ --protocol)")


@verbs.command()
def corrections(
    book: Annotated[Path, typer.Argument(metavar="КНИГА", help="Заполненная книга с вопросами к данным.")],
    report: Annotated[
        str, typer.Argument(metavar="[ОТЧЁТ]", help="Чьи это данные; без него исправления только печатаются.")
    ] = "",
) -> None:
    """Превратить ответы муниципалитета или школы в записи для corrections.yml."""
    from helpers.intake.answers import proposed_text, read_answers, write_proposed
    from helpers.intake.corrections import load_corrections

    raw = open_report(report).raw if report else None
    answers = read_answers(book, load_corrections(raw) if raw else ())
    list_all("Без исправлений: верно или пришлют файл", answers.kept)
    list_all("Решите сами", [str(problem) for problem in answers.unread])
    if answers.empty:
        typer.echo(f"Без ответа — {answers.empty}.")
    if not answers.proposed:
        typer.echo("Исправлений нет.")
        return
    text = proposed_text(answers.proposed, book.name)
    typer.echo(f"Предложено исправлений — {len(answers.proposed)}:")
    typer.echo(f"Записаны: {write_proposed(raw, text)}. Проверьте и перенесите в corrections.yml." if raw else text)
