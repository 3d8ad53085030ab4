"""Verbs about a finished site: show it, verify it, attack it, publish it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from helpers.cli.options import OneEdition, OneEditionOption, Out, ReportName, list_all
from helpers.problems import MissingTool
from helpers.publish import processes, progress
from helpers.report import open_report

verbs = typer.Typer()

_LAST_PORT = 65535


@verbs.command()
def preview(
    report: ReportName,
    edition: OneEditionOption = OneEdition.public,
    out: Out = "",
    port: Annotated[int, typer.Option("--port", help="Порт на этом компьютере; 0 — любой свободный.")] = 8000,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Следить за тетрадями страниц: сохранённая выполняется, её страница обновляется."),
    ] = False,
) -> None:
    """Показать построенный сайт в браузере по адресу http://localhost:ПОРТ."""
    from helpers.publish import preview as shown

    this = open_report(report, out)
    site = this.site(edition)
    if not (site / "index.html").is_file():
        raise MissingTool(f"сайта ещё нет: постройте его командой report build {report} --edition {edition}")
    if not 0 <= port <= _LAST_PORT:
        raise typer.BadParameter(f"порт {port}; бывают порты от 0 до {_LAST_PORT}, 0 — любой свободный")
    with shown.served(site, port, live=watch) as server, contextlib.suppress(processes.Stopped):
        typer.echo(f"http://localhost:{server.server_port}/ — остановить: Ctrl+C")
        if watch:
            from helpers.publish.watch import follow

            follow(this, str(edition), server)
        else:
            threading.Event().wait()


@verbs.command()
def verify(
    report: ReportName,
    edition: OneEditionOption = OneEdition.public,
    site: Annotated[str, typer.Option("--site", help="Папка сайта; без ключа — там, где его оставила сборка.")] = "",
    out: Out = "",
) -> None:
    """Пересобрать отчёт в стороне и сказать, совпадает ли с ним построенный сайт."""
    from helpers.publish import quarto, workflow
    from helpers.publish import verify as check

    this = open_report(report, out)
    built = Path(site) if site else this.site(edition)
    before = check.inputs_of_site(built, this, edition)
    engine, version = check.engine_of(built)
    if engine == "quarto" and version != quarto.identity():
        typer.echo(f"Сайт собран Quarto {version}, здесь {quarto.identity()}: страницы могут различаться только этим.")
    inputs = check.changed_inputs(before, check.inputs_now(this, edition))
    list_all("Исходное с тех пор изменилось", inputs)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rebuilt = open_report(report, folder)
        with progress.shown():
            workflow.build(rebuilt, [str(edition)], engine, os.cpu_count() or 1)
        files = check.changed_files(built, rebuilt.site(edition))
    list_all("Сайт не тот, что получается сейчас", files)
    if inputs or files:
        raise typer.Exit(1)
    typer.echo(f"Сайт {built} совпадает с тем, что получается из нынешних файлов.")


@verbs.command()
def attack(report: ReportName, out: Out = "") -> None:
    """Напасть на построенную открытую редакцию: что скрытое вычисляется из сайта, прежних выпусков и известного всем."""
    from helpers.attack import attack as attacked
    from helpers.publish.downloads import FOLDER

    this = open_report(report, out)
    if this.sight("public") != "protected":
        typer.echo("Данные открыты: скрывать нечего.")
        return
    with progress.shown():
        found = attacked(this, this.site("public") / FOLDER, progress.counted("cells"))
    for row in found.sort("secret", "table", "cell", descending=[True, False, False]).iter_rows(named=True):
        known = "" if row["low"] is None else f" — от {row['low']:.0f} до {row['high']:.0f}"
        mark = ("✗ тайна" if row["judged"] else "✗ тайна?") if row["secret"] else "· скрыто ради других"
        typer.echo(f"{mark}: {row['table']}, {row['cell']}{known}\n    путь: {row['path']}")
    secrets = found.filter("secret").height
    typer.echo(f"Вычисляется или не проверено тайн: {secrets}, скрытого ради других: {found.height - secrets}.")
    if secrets:
        raise typer.Exit(1)


@verbs.command()
def publish(
    report: ReportName,
    target: Annotated[
        str, typer.Option("--to", metavar="КУДА", help="Папка или адрес: sftp://, ftp://, s3:// и другие.")
    ],
    edition: OneEditionOption = OneEdition.public,
    production: Annotated[
        bool, typer.Option("--production", help="Для читателей; без ключа — в папку staging.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Только сказать, что изменится.")] = False,
    out: Out = "",
) -> None:
    """Перенести построенный сайт в папку или на сервер, на место прежнего."""
    from helpers.publish import publication, upload
    from helpers.publish.verify import changed_inputs, inputs_now, inputs_of_site

    this = open_report(report, out)
    site, where = this.site(edition), upload.place(this, edition, production)
    before, now = inputs_of_site(site, this, edition), inputs_now(this, edition)
    upload.refuse_other_params(before, now)
    stale = changed_inputs(before, now)
    if stale:
        typer.echo(f"Сайт построен не из нынешних файлов, различий: {len(stale)}; какие — report verify {report}")
    with upload.told(target):
        fs, root = upload.connected(target)
        folder = f"{root}/{where}"
        if dry_run:
            lines = upload.in_words(upload.changes(fs, folder, site))
            list_all(f"Изменится в {upload.shown(folder)}", lines)
            typer.echo("Ничего не записано." if lines else f"В {upload.shown(folder)} уже этот сайт.")
        else:
            upload.refuse_others(fs, folder, site)
            issue = publication.record(this) if production else None
            if production or edition == "internal":
                publication.keep_conclusions(this, str(edition))
            count = upload.upload(fs, folder, site)
            listed = upload.renew_list(fs, folder.rpartition("/")[0])
            typer.echo(f"Опубликовано: {upload.shown(target)} → {upload.shown(folder)}, файлов: {count}.")
            if issue:
                typer.echo(
                    f"Выпуск записан: {this.ledger / issue}. Следующие редакции сверяются с ним; папку храните с данными."
                )
            if not listed:
                typer.echo("Список отчётов не написан: рядом уже есть чужая страница index.html.")
