"""The `report` command.

Exit codes: 0 done; 1 the data, the params or a notebook are not acceptable; 2 wrong
usage; 3 a tool is missing or failed. Heavy libraries are imported by the verbs that
need them: `report list` answers at once.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
import tempfile
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helpers import files
from helpers.problems import BadInput, BrokenPage, BuildFailed, MissingTool, NotebookFailed
from helpers.publish import processes, progress
from helpers.report import PROJECT, Report, open_report, report_names

if TYPE_CHECKING:
    from helpers.intake.findings import Finding

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_IN_ORDER = "✓ порядок"
_TOLD = 5
"""How many findings of a check are printed."""
_LAST_PORT = 65535


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


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("school-context-report"))
        raise typer.Exit


@app.callback()
def _every_command(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Номер версии программы.")
    ] = False,
) -> None:
    """Отчёт о результатах школ в социальном контексте."""


@app.command("list")
def list_reports() -> None:
    """Перечислить отчёты: имя, годы, название."""
    for name in report_names():
        try:
            params = open_report(name).params
        except BadInput as error:  # a new year's params that are not filled in yet must not hide the other reports
            typer.echo(f"{name:24} {error.problems[0]}")
        else:
            typer.echo(f"{name:24} {params.years[0]}–{params.years[-1]}  {params.title}")


@app.command()
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


@app.command("new-page")
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


@app.command()
def check(
    report: ReportName,
    protocol: Annotated[str, typer.Option("--protocol", help="Папка, куда положить протокол книгами Excel.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Сказать всё одной строкой JSON, для программ.")] = False,
    out: Out = "",
) -> None:
    """Проверить сырые файлы отчёта и всё, на чём могла бы остановиться сборка."""
    from helpers.intake import examine
    from helpers.publish import readiness
    from helpers.show import views, words

    this = open_report(report, out)
    _try_targets(this)
    examined = examine(this)
    acceptance = examined.tables["acceptance"]
    counted = [
        f"{file + ': ' if file else ''}{count:>8}  {what}" + (f"  {state}" if state != _IN_ORDER else "")
        for file, count, what, state in views.accepted(acceptance).select("file", "count", "what", "state").iter_rows()
    ]
    if as_json or protocol:
        from helpers.publish import protocol as protocols

        titles = acceptance.select("check", title="note")
        findings = views.named(examined.tables["protocol"], titles, examined.tables["schools"])
    failed = bool(examined.findings.fails)
    obstacles = [] if failed else [str(problem) for problem in readiness.obstacles(this, examined.tables)]
    if as_json:
        found = protocols.for_machines(findings, this.params)
        typer.echo(json.dumps({"counted": counted, "findings": found, "obstacles": obstacles}, ensure_ascii=False))
    else:
        typer.echo("\n".join(counted))
        for status in ("ADVICE", "FAIL"):
            _tell(examined.findings.of(status), f"{words.STATUS_MARK[status]} {words.STATUS[status].capitalize()}")
        _list_all("\n✗ Данные читаются, но отчёта из них не построить", obstacles)
    if protocol:
        made = protocols.books(findings, this.params) | protocols.names_to_confirm(examined.unknown)
        files.write_all(Path(protocol), {name.partition("/")[2]: content for name, content in made.items()})
        typer.echo(f"\nПротокол: {Path(protocol).resolve()}, файлов: {len(made)}.", err=as_json)
    if failed or obstacles:
        raise typer.Exit(1)
    readiness.require_renderer()
    if not as_json:
        typer.echo("Данные приняты.")


@app.command()
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
    _list_all("Без исправлений: верно или пришлют файл", answers.kept)
    _list_all("Решите сами", [str(problem) for problem in answers.unread])
    if answers.empty:
        typer.echo(f"Без ответа — {answers.empty}.")
    if not answers.proposed:
        typer.echo("Исправлений нет.")
        return
    text = proposed_text(answers.proposed, book.name)
    typer.echo(f"Предложено исправлений — {len(answers.proposed)}:")
    typer.echo(f"Записаны: {write_proposed(raw, text)}. Проверьте и перенесите в corrections.yml." if raw else text)


@app.command()
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
    judged, _ = simulate_report(
        data,
        assumed,
        params.flag,
        params.small_n,
        rules,
        numbers["index_reliability"]["value"],
        form_of(numbers["years"]),
    )
    typer.echo(f"{'надёжность':>10} {'правило':40} {'выделено':>8} {'верно':>6} {'найдено':>8} {'малые':>6} {'не туда':>8} "
               f"{'накрывают':>9}")  # fmt: skip
    for row in certainty.simulation(judged).iter_rows(named=True):
        typer.echo(
            f"{words.number(row['reliability']):>10} {row['rule']:40} {words.tenth(row['flags']):>8} "
            f"{words.percent(row['ppv']):>6} {words.percent(row['sensitivity']):>8} {words.percent(row['small']):>6} "
            f"{words.precise_percent(row['wrong_sign']):>8} {words.percent(row['coverage']):>9}"
        )


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


@app.command()
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


@app.command()
def run(report_notebook: Annotated[Path, typer.Argument(metavar="ТЕТРАДЬ", help="notebooks/…/имя.ipynb")],
        report: ReportName, edition: EditionOption = Edition.public, out: Out = "") -> None:  # fmt: skip
    """Выполнить одну тетрадь: шаг или страницу (для страниц округов и карточек — все сразу)."""
    from helpers.publish import sources
    from helpers.publish.execute import run_notebook, run_page, warm_kernel
    from helpers.publish.held import unchanged
    from helpers.publish.pages import PAGES, STEPS

    this = open_report(report, out)
    source = report_notebook.resolve()
    started = time.monotonic()
    if not source.is_file() or (source.parent != STEPS and PAGES not in source.parents):
        raise typer.BadParameter(f"нет тетради {report_notebook}; тетради лежат в notebooks/steps и notebooks/pages")
    used = [source, *sources.rules(this), *sources.all_code(), *(this.raw_files if source.parent == STEPS else [])]
    with unchanged(this, used), warm_kernel(this.params.build.cell_seconds) as kernel:
        if source.parent == STEPS:
            given = {"report": str(this.params_file), "out": str(this.out)}
            run_notebook(source, this.build / "steps" / source.name, given, kernel)
            made = 0
        else:
            made = run_page(source, this, str(edition), kernel)
    progress.tell("finished", name=source.stem, pages=made, seconds=round(time.monotonic() - started, 1))


@app.command(hidden=True)
def steps(report: ReportName, out: Out = "") -> None:
    """Выполнить изменившиеся шаги от исходных файлов до таблиц обеих редакций: шаг сборки."""
    from helpers.publish import sources
    from helpers.publish.held import unchanged
    from helpers.publish.steps import run_steps

    this = open_report(report, out)
    with unchanged(this, [*sources.rules(this), *sources.all_code()]):
        for name, seconds in run_steps(this):
            progress.tell("finished", stage="steps", name=name, seconds=round(seconds, 1))


@app.command(hidden=True)
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


@app.command()
def render(
    report: ReportName, edition: EditionOption = Edition.public, engine: EngineOption = None, out: Out = ""
) -> None:
    """Собрать сайт из уже выполненных тетрадей."""
    from helpers.publish import figures, held, site, sources

    this, chosen = open_report(report, out), _engine(engine)
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


@app.command()
def build(
    report: ReportName,
    edition: EditionOption = Edition.public,
    engine: EngineOption = None,
    cores: Annotated[int, typer.Option("--cores", min=1, help="Сколько тетрадей выполнять сразу.")] = os.cpu_count()
    or 1,
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
        editions = _editions(edition)
        chosen = _engine(engine)
        if chosen == "pandoc" and engine is None:
            progress.tell("note", text="Quarto не найден: страницы соберёт pandoc (те же страницы и то же содержание).")
        _try_targets(this)
        files.make_folder(this.build)
        try:
            with FileLock(this.build / "build.lock", timeout=0):
                for one in editions:
                    recover(this.site(one))
                later = workflow.build(this, editions, chosen, cores)
        except Timeout:
            raise MissingTool(f"отчёт {this.name} уже строится другой командой; дождитесь её конца") from None
        first_pages = {one: str(this.site(one) / "index.html") for one in editions}
        for one in editions:
            shelf.renew(this.site(one).parent)
        result |= {"sites": first_pages, "changed_meanwhile": later}
    if as_json:
        return
    _list_all("Изменено, пока шла сборка, и в сайт не вошло (постройте отчёт ещё раз)", later)
    for one, first in first_pages.items():
        typer.echo(f"Отчёт готов: {first}")
        where = f' --out "{out}"' if out else ""
        if not quiet:
            typer.echo(f'Показать в браузере: report preview "{report}" --edition {one}{where}')


@app.command("build-all")
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
            _engine(engine),
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
        shelves = [root / ("_site" if one == "public" else "_site-internal") for one in _editions(edition)]
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


@app.command()
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


@app.command()
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
    _list_all("Исходное с тех пор изменилось", inputs)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rebuilt = open_report(report, folder)
        with progress.shown():
            workflow.build(rebuilt, [str(edition)], engine, os.cpu_count() or 1)
        files = check.changed_files(built, rebuilt.site(edition))
    _list_all("Сайт не тот, что получается сейчас", files)
    if inputs or files:
        raise typer.Exit(1)
    typer.echo(f"Сайт {built} совпадает с тем, что получается из нынешних файлов.")


def _try_targets(this: Report) -> None:
    """Refuse, before any work, a full disk, a folder that cannot be written, a table or page that a program holds."""
    files.refuse_unwritable(this.out)
    files.refuse_held(folder(edition) for folder in (this.site, this.tables) for edition in OneEdition)


def _list_all(heading: str, lines: list[str]) -> None:
    if lines:
        typer.echo("\n".join([f"{heading} — {len(lines)}:", *(f"  {line}" for line in lines)]))


@app.command()
def attack(report: ReportName, out: Out = "") -> None:
    """Напасть на построенную открытую редакцию: что скрытое вычисляется из сайта, прежних выпусков и известного всем."""
    from helpers.attack import attack as attacked
    from helpers.publish.downloads import FOLDER

    this = open_report(report, out)
    if this.sight("public") != "protected":
        typer.echo("Данные открыты: скрывать нечего.")
        return
    found = attacked(this, this.site("public") / FOLDER)
    for row in found.sort("secret", "table", "cell", descending=[True, False, False]).iter_rows(named=True):
        known = "" if row["low"] is None else f" — от {row['low']:.0f} до {row['high']:.0f}"
        mark = ("✗ тайна" if row["judged"] else "✗ тайна?") if row["secret"] else "· скрыто ради других"
        typer.echo(f"{mark}: {row['table']}, {row['cell']}{known}\n    путь: {row['path']}")
    secrets = found.filter("secret").height
    typer.echo(f"Вычисляется или не проверено тайн: {secrets}, скрытого ради других: {found.height - secrets}.")
    if secrets:
        raise typer.Exit(1)


@app.command()
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
            _list_all(f"Изменится в {upload.shown(folder)}", lines)
            typer.echo("Ничего не записано." if lines else f"В {upload.shown(folder)} уже этот сайт.")
        else:
            upload.refuse_others(fs, folder, site)
            issue = publication.record(this) if production else None
            count = upload.upload(fs, folder, site)
            listed = upload.renew_list(fs, folder.rpartition("/")[0])
            typer.echo(f"Опубликовано: {upload.shown(target)} → {upload.shown(folder)}, файлов: {count}.")
            if issue:
                typer.echo(
                    f"Выпуск записан: {this.ledger / issue}. Следующие редакции сверяются с ним; папку храните с данными."
                )
            if not listed:
                typer.echo("Список отчётов не написан: рядом уже есть чужая страница index.html.")


def _editions(named: Edition) -> list[str]:
    return ["public", "internal"] if named == Edition.all else [str(named)]


def _engine(named: Engine | None) -> str:
    from helpers.publish import quarto

    return str(named) if named else ("quarto" if quarto.find() else "pandoc")


def main() -> None:
    """Run the command; say what is wrong in words, not in a traceback."""
    sys.stdout, sys.stderr = _spoken(sys.stdout), _spoken(sys.stderr)
    processes.end_together()
    try:
        app(standalone_mode=True)
    except (BadInput, NotebookFailed, BrokenPage) as error:
        _fail(1, str(error))
    except MissingTool as error:
        _fail(3, str(error))
    except BuildFailed as error:
        _fail(error.code, str(error))
    except processes.Stopped:
        processes.end_descendants()
        _fail(processes.CODE, "Остановлено.")
    except (OSError, MemoryError) as error:
        _fail(3, files.in_words(error))


class _Pipe(io.FileIO):
    """Output whose reader may have gone: then nothing more is told, and the work goes on."""

    gone = False

    def write(self, data: bytes) -> int:
        if self.gone:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self.gone = True
            if error.errno not in {errno.EPIPE, errno.EINVAL}:  # Windows calls a closed pipe an invalid argument
                raise
            return len(data)


def _spoken(stream: io.TextIOWrapper | None) -> io.TextIOWrapper | None:
    """A stream that takes any letter, whatever the console's code page, and the end of its reader; None if it is closed."""
    if stream is None:
        return None
    stream.reconfigure(encoding="utf-8", errors="replace")
    if stream.isatty():
        return stream
    pipe = io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(pipe, encoding="utf-8", errors="replace", line_buffering=True)


def _fail(code: int, message: str) -> None:
    from helpers.publish.workflow import leave

    if not leave(code, message):
        typer.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
