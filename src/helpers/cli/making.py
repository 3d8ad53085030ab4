"""Verbs that make a report: from one notebook to all reports of a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from helpers import files
from helpers.cli.options import (
    AsJson,
    Edition,
    EditionOption,
    EngineOption,
    Out,
    Quiet,
    ReportName,
    editions_of,
    engine_of,
    list_all,
    try_targets,
)
from helpers.problems import MissingTool
from helpers.publish import progress
from helpers.report import PROJECT, open_report

verbs = typer.Typer()


@verbs.command()
def run(report_notebook: Annotated[Path, typer.Argument(metavar="ТЕТРАДЬ", help="notebooks/…/имя.ipynb")],
        report: ReportName, edition: EditionOption = Edition.public, out: Out = "") -> None:  # fmt: skip
    """Выполнить одну тетрадь: шаг или страницу (для страниц округов и карточек — все сразу)."""
    from helpers.publish import batches, sources
    from helpers.publish.execute import run_notebook, run_page, warm_kernel
    from helpers.publish.held import unchanged
    from helpers.publish.pages import PAGES, STEPS, targets

    this = open_report(report, out)
    source = report_notebook.resolve()
    started = time.monotonic()
    if not source.is_file() or (source.parent != STEPS and PAGES not in source.parents):
        raise typer.BadParameter(f"нет тетради {report_notebook}; тетради лежат в notebooks/steps и notebooks/pages")
    used = [source, *sources.rules(this), *sources.all_code(), *(this.raw_files if source.parent == STEPS else [])]
    told = {"stage": "steps"} if source.parent == STEPS else {"stage": "pages", "edition": str(edition)}
    with progress.shown(), unchanged(this, used), warm_kernel(this.params.build.cell_seconds) as kernel:
        goals = []
        if source.parent != STEPS:
            batches.refuse(this, str(edition))
            goals = targets(source.stem, this, str(edition))
        progress.tell("planned", **told, total=max(len(goals), 1))
        progress.tell("started", **told, name=source.stem)
        if source.parent == STEPS:
            given = {"report": str(this.params_file), "out": str(this.out)}
            run_notebook(source, this.build / "steps" / source.name, given, kernel)
            made = 0
        else:
            made = run_page(source, this, str(edition), kernel, goals)
        progress.tell("finished", **told, name=source.stem, pages=made, seconds=round(time.monotonic() - started, 1))


@verbs.command(hidden=True)
def steps(report: ReportName, out: Out = "") -> None:
    """Выполнить изменившиеся шаги от исходных файлов до таблиц обеих редакций: шаг сборки."""
    from helpers.publish import sources
    from helpers.publish.held import unchanged
    from helpers.publish.steps import run_steps

    this = open_report(report, out)
    with unchanged(this, [*sources.rules(this), *sources.all_code()]):
        for name, seconds in run_steps(this):
            progress.tell("finished", stage="steps", name=name, seconds=round(seconds, 1))


@verbs.command(hidden=True)
def pages(
    report: ReportName,
    edition: EditionOption = Edition.public,
    out: Out = "",
    batch: Annotated[int | None, typer.Option("--batch", help="Только эта пачка карточек и страниц округов.")] = None,
) -> None:
    """Выполнить изменившиеся тетради страниц: шаг сборки."""
    from helpers.publish import sources
    from helpers.publish.batches import run_batch, run_pages
    from helpers.publish.held import unchanged

    this = open_report(report, out)
    with unchanged(this, [*sources.rules(this), *sources.all_code()]):
        ran = run_pages(this, str(edition)) if batch is None else run_batch(this, str(edition), batch)
        for name, count, seconds in ran:
            progress.tell(
                "finished", stage="pages", edition=str(edition), name=name, pages=count, seconds=round(seconds, 1)
            )


@verbs.command()
def render(
    report: ReportName, edition: EditionOption = Edition.public, engine: EngineOption = None, out: Out = ""
) -> None:
    """Собрать сайт из уже выполненных тетрадей."""
    from helpers.publish import figures, held, site, sources

    this, chosen = open_report(report, out), engine_of(engine)
    started = time.monotonic()
    told = {"stage": "site", "edition": str(edition)}
    long = ", для сотни страниц это около минуты" if chosen == "quarto" else ""
    progress.tell("started", **told, name=chosen)
    progress.tell("note", text=f"… {chosen} собирает сайт{long}")
    with held.unchanged(this, [*sources.rules(this), *sources.all_code(), *sources.site_settings()]):
        first = site.render(this, edition, chosen)
    if figures.browser() is None:
        progress.tell("note", text=figures.NO_BROWSER)
    seconds = round(time.monotonic() - started, 1)
    progress.tell("finished", **told, name=f"сайт ({chosen})", seconds=seconds, where=str(first))


@verbs.command()
def build(
    report: ReportName,
    edition: EditionOption = Edition.public,
    engine: EngineOption = None,
    cores: Annotated[int, typer.Option("--cores", min=1, help="Сколько тетрадей выполнять сразу.")] = os.cpu_count()
    or 1,
    profile: Annotated[
        str,
        typer.Option("--profile", help="Профиль Snakemake: slurm (задания идут на кластер Slurm) или папка со своим."),
    ] = "",
    out: Out = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Построить отчёт: от сырых файлов до сайта; не изменившееся не пересчитывается."""
    from filelock import FileLock, Timeout

    from helpers.publish import shelf, workflow
    from helpers.publish.swap import recover

    with progress.shown(quiet, as_json) as result:
        this = open_report(report, out)
        editions = editions_of(edition)
        chosen = engine_of(engine)
        if chosen == "pandoc" and engine is None:
            progress.tell("note", text="Quarto не найден: страницы соберёт pandoc (те же страницы и то же содержание).")
        try_targets(this)
        files.make_folder(this.build)
        try:
            with FileLock(this.build / "build.lock", timeout=0):
                for one in editions:
                    recover(this.site(one))
                later = workflow.build(this, editions, chosen, cores, profile)
        except Timeout:
            raise MissingTool(f"отчёт {this.name} уже строится другой командой; дождитесь её конца") from None
        first_pages = {one: str(this.site(one) / "index.html") for one in editions}
        for one in editions:
            shelf.renew(this.site(one).parent)
        result |= {"sites": first_pages, "changed_meanwhile": later}
    if as_json:
        return
    list_all("Изменено, пока шла сборка, и в сайт не вошло (постройте отчёт ещё раз)", later)
    for one, first in first_pages.items():
        typer.echo(f"Отчёт готов: {first}")
        where = f' --out "{out}"' if out else ""
        if not quiet:
            typer.echo(f'Показать в браузере: report preview "{report}" --edition {one}{where}')


@verbs.command("build-all")
def build_all(
    folder: Annotated[Path, typer.Argument(metavar="ПАПКА", help="Файлы параметров — в ней и в папках в ней.")],
    edition: EditionOption = Edition.public,
    engine: EngineOption = None,
    cores: Annotated[int, typer.Option("--cores", min=1, help="Сколько ядер занять.")] = os.cpu_count() or 1,
    out: Out = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Построить все отчёты папки; беда в данных одного не мешает остальным и названа в конце."""
    from helpers.publish import many, shelf

    with progress.shown(quiet, as_json) as result:
        reports = many.params_files(folder)
        options = [
            "--edition",
            str(edition),
            "--engine",
            engine_of(engine),
            *(["--out", str(Path(out).resolve())] if out else []),
        ]
        progress.tell("planned", stage="reports", total=len(reports))
        failed = []
        for number, one in enumerate(many.build_each(reports, options, cores), start=1):
            told = {"name": one.params.stem, "number": number, "of": len(reports), "seconds": round(one.seconds, 1)}
            progress.tell("finished", stage="reports", **told, **({"error": one.said} if one.code else {}))
            if one.code:
                failed.append(one)
        root = Path(out).resolve() if out else PROJECT
        shelves = [root / ("_site" if one == "public" else "_site-internal") for one in editions_of(edition)]
        lists = [str(shelf_of / shelf.PAGE) for shelf_of in shelves if shelf_of.is_dir()]
        for shelf_of in shelves:
            if shelf_of.is_dir():
                shelf.renew(shelf_of)
        result |= {"outcome": "failed" if failed else "done", "lists": lists, "failed": len(failed)}
    for page in [] if as_json else lists:
        typer.echo(f"Список отчётов: {page}")
    for one in sorted(failed, key=lambda one: one.params):
        typer.echo(f"\n✗ {one.params.stem} ({one.params}):\n{one.said}", err=True)
    if failed:
        typer.echo(f"\nПостроено отчётов: {len(reports) - len(failed)}, не построено: {len(failed)}.", err=True)
        raise typer.Exit(1)
