"""The year by buttons: the `report` command for people who never open a terminal (`notebooks/panel.ipynb`)."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets as widgets

from helpers.intake.answers import DROP, NO_DATA, RIGHT, propose, proposed_text, write_proposed
from helpers.problems import BadInput
from helpers.publish import pages, processes
from helpers.report import Report, open_report, report_names

ALL = "все"
_EDITIONS = [("открытая", "public"), ("внутренняя", "internal"), ("обе", "all")]
_ADDRESS = re.compile(r"http://\S+")
_KEPT_LINES = 500
_WHOLE = widgets.Layout(width="100%")
_WIDE = {"description_width": "9em"}


class Command:
    """A `report` command at work: each line it says is passed on, then its exit code."""

    def __init__(self, arguments: Sequence[str], said: Callable[[str], None], ended: Callable[[int], None]) -> None:
        environment = os.environ | processes.bound() | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "helpers.cli", *arguments], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, args=(said, ended), daemon=True)
        self._listener.start()

    def _listen(self, said: Callable[[str], None], ended: Callable[[int], None]) -> None:
        for line in self._process.stdout:
            said(line.rstrip("\n"))
        ended(self._process.wait())

    def stop(self) -> None:
        """Ask it to end, with all that it has started."""
        self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended and all is passed on."""
        self._listener.join(seconds)


def stages(report: Report, editions: Sequence[str]) -> int:
    """How many lines «✓ …» a build of everything says: steps, notebooks of pages, sites."""
    steps = len(list(pages.STEPS.glob("[!.]*.ipynb")))
    return steps + sum(len(pages.notebooks(report, edition)) + 1 for edition in editions)


def shown_findings(findings: Sequence[dict], choices: dict[str, str]) -> list[dict]:
    """Those findings that agree with the choices: column and value, or `ALL`."""
    return [row for row in findings if all(value in (ALL, row[column]) for column, value in choices.items())]


def open_file(path: Path) -> None:
    """Open a file in the program that this computer opens such files with.

    Raises
    ------
    OSError
        There is no such program, or no such file.
    """
    if sys.platform == "win32":
        os.startfile(path)
    else:
        subprocess.Popen(["open" if sys.platform == "darwin" else "xdg-open", str(path)], stderr=subprocess.DEVNULL)


class Panel(widgets.VBox):
    """Choose a report, check its files, build, look, begin the next year, publish.

    Parameters
    ----------
    report : str
        The report chosen at first, if there is one of this name.
    out : str
        Folder for tables and sites, as `report --out` takes it; the project's if empty.
    """

    def __init__(self, report: str = "", out: str = "") -> None:
        self._out = ["--out", out] if out else []
        self._at_work: Command | None = None
        self._preview: Command | None = None
        self._lines: list[str] = []
        names = report_names()
        first = report if report in names else next(iter(names), None)
        self.report = widgets.Dropdown(options=names, value=first, description="Отчёт", style=_WIDE)
        self.edition = widgets.ToggleButtons(options=_EDITIONS, description="Редакция", style=_WIDE)
        self.bar = widgets.IntProgress(min=0, max=1, layout=_WHOLE)
        self.state = widgets.HTML()
        self.said = widgets.HTML()
        self.address = widgets.HTML()
        self.findings = Findings(self)
        self.stop = _button("Остановить", "stop", self._stop)
        self.stop.disabled = True
        self.actions = [
            _button("Проверить файлы", "check", self.check),
            _button("Построить", "cogs", self.build),
            _button("Посмотреть", "eye", self.look),
        ]
        self.name = widgets.Text(description="Имя или год", placeholder="например, 2022", style=_WIDE)
        self.begin = _button("Завести отчёт", "plus", self.new)
        self.target = widgets.Text(description="Куда", placeholder="папка или адрес sftp://…", style=_WIDE)
        self.staging = _button("Опубликовать на пробу", "upload", self.publish_staging)
        self.production = _button("Опубликовать для читателей", "globe", self._ask)
        self.sure = _button("Да, для читателей", "check", self.publish_production, "danger")
        self.not_sure = _button("Нет", "", self._ask_no_more)
        self.question = widgets.VBox(
            [
                widgets.HTML("<b>Открытая редакция станет видна всем, и выпуск запишется в историю. Публикуем?</b>"),
                widgets.HBox([self.sure, self.not_sure]),
            ]
        )
        self._ask_no_more()
        more = widgets.Accordion(
            [
                widgets.VBox([widgets.HTML("Новый отчёт по выбранному: параметры, папка, список дел."), self.name, self.begin]),
                widgets.VBox([self.target, widgets.HBox([self.staging, self.production]), self.question]),
            ],
            titles=("Новый год", "Публикация"),
        )  # fmt: skip
        self.report.observe(lambda _: self.findings.forget(), "value")
        super().__init__(
            [
                *(self.report, self.edition, widgets.HBox([*self.actions, self.stop])),
                *(self.bar, self.state, self.address, self.findings, self.said, more),
            ]
        )
        if not names:
            self._busy(True)
            self.stop.disabled = True
            self._tell(
                "В папке params нет ни одного отчёта: положите туда файл параметров и выполните ячейку снова.",
                failed=True,
            )

    def check(self, *_: object) -> None:
        """Check the files; show what was found as a table."""
        answer: list[str] = []

        def ended(code: int) -> None:
            told = _json(answer)
            if told is None:
                for line in answer:
                    self._say(line)
                self._done(code)
                return
            for line in [*told["counted"], *told["obstacles"]]:
                self._say(line)
            self.findings.show(open_report(self.report.value), told["findings"])
            self._done(code, "Данные приняты." if not code else "Данные не приняты: исправьте то, что помечено ✗.")

        self._start(["check", self.report.value, "--json", *self._out], "Файлы проверяются…", answer.append, ended)

    def build(self, *_: object) -> None:
        """Build the chosen edition, or both."""
        try:
            report = open_report(self.report.value)
            editions = ["public", "internal"] if self.edition.value == "all" else [self.edition.value]
            self.bar.max = stages(report, editions)
        except BadInput as error:
            self._tell(str(error), failed=True)
            return

        def said(line: str) -> None:
            self._say(line)
            if line.startswith("✓"):
                self.bar.value += 1
                self.state.value = f"Готово: {html.escape(line[2:])}"

        arguments = ["build", self.report.value, "--edition", self.edition.value, *self._out]
        self._start(arguments, "Отчёт строится…", said, self._done)

    def look(self, *_: object) -> None:
        """Serve the built site and name its address; the last one is served no longer."""
        if self._preview:
            self._preview.stop()
        edition = "internal" if self.edition.value == "internal" else "public"
        self._fresh("Сайт открывается…")

        def said(line: str) -> None:
            self._say(line)
            if found := _ADDRESS.search(line):
                address = html.escape(found[0], quote=True)
                self.address.value = (
                    f'<a href="{address}" target="_blank" rel="noopener">Открыть сайт в новой вкладке</a>'
                )
                self._tell("Сайт открыт на этом компьютере; его видите только вы.")

        def ended(code: int) -> None:
            if code not in (0, processes.CODE, -15):
                self._done(code)

        self._preview = Command(
            ["preview", self.report.value, "--edition", edition, "--port", "0", *self._out], said, ended
        )

    def new(self, *_: object) -> None:
        """Begin the next year's report by the chosen one."""

        def ended(code: int) -> None:
            chosen = self.report.value
            self.report.options = report_names()
            self.report.value = chosen
            self._done(code)

        self._start(["new", self.name.value.strip(), "--from", self.report.value], "Отчёт заводится…", self._say, ended)

    def publish_staging(self, *_: object) -> None:
        """Put the public edition where only those who know the address look."""
        self._publish([])

    def publish_production(self, *_: object) -> None:
        """Put the public edition before its readers; asked twice."""
        self._ask_no_more()
        self._publish(["--production"])

    def _publish(self, more: list[str]) -> None:
        target = self.target.value.strip()
        if not target:
            self._tell("Впишите, куда публиковать: папку или адрес.", failed=True)
            return
        arguments = ["publish", self.report.value, "--to", target, *more, *self._out]
        self._start(arguments, "Сайт переносится…", self._say, self._done)

    def _ask(self, *_: object) -> None:
        self.question.layout.display = ""

    def _ask_no_more(self, *_: object) -> None:
        self.question.layout.display = "none"

    def _start(
        self, arguments: list[str], what: str, said: Callable[[str], None], ended: Callable[[int], None]
    ) -> None:
        self._fresh(what)
        self._busy(True)
        self._at_work = Command(arguments, said, ended)

    def _stop(self, *_: object) -> None:
        if self._at_work:
            self._at_work.stop()

    def _done(self, code: int, told: str = "") -> None:
        stopped = code in (processes.CODE, -15)
        last = next((line for line in reversed(self._lines) if line.strip()), "")
        self._busy(False)
        self.bar.value = 0 if code else self.bar.max
        self._tell(told or ("Остановлено." if stopped else "Готово." if not code else last), failed=bool(code))

    def _busy(self, busy: bool) -> None:
        for button in (*self.actions, self.begin, self.staging, self.production, self.sure):
            button.disabled = busy
        self.stop.disabled = not busy

    def _fresh(self, what: str) -> None:
        self._lines, self.said.value, self.address.value, self.bar.value = [], "", "", 0
        self._tell(what)

    def _tell(self, text: str, failed: bool = False) -> None:
        self.bar.bar_style = "danger" if failed else "success"
        self.state.value = f"<b>{'✗ ' if failed else ''}{html.escape(text)}</b>"

    def _say(self, line: str) -> None:
        self._lines = [*self._lines, line][-_KEPT_LINES:]
        said = html.escape("\n".join(self._lines))
        self.said.value = f'<pre style="white-space: pre-wrap; line-height: 1.35; margin: 0; max-height: 24em; overflow: auto">{said}</pre>'


class Findings(widgets.VBox):
    """What a check has found, as a table to sift; the file of each to open, a correction to propose."""

    COLUMNS = ("Состояние", "Проверка", "Чьи данные", "Где", "Что не так", "Что сделать")
    MOST = 100
    """How many rows are shown at once."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._rows: list[dict] = []
        self._raw = Path()
        self.sieve = {
            "state": widgets.Dropdown(description="Состояние", style=_WIDE),
            "title": widgets.Dropdown(description="Проверка", style=_WIDE, layout=_WHOLE),
            "whose": widgets.Dropdown(description="Чьи данные", style=_WIDE, layout=_WHOLE),
        }
        self.table = widgets.HTML()
        self.one = widgets.Dropdown(description="Замечание", style=_WIDE, layout=_WHOLE)
        self.answer = widgets.Combobox(
            description="Верно так",
            options=[RIGHT, NO_DATA, DROP],
            placeholder="значение или слово из списка",
            style=_WIDE,
        )
        self.reason = widgets.Text(description="Почему", placeholder="одной фразой", style=_WIDE)
        self.result = widgets.HTML()
        super().__init__(
            [
                *(*self.sieve.values(), self.table, self.one),
                widgets.HBox([_button("Открыть файл", "folder-open", self._open)]),
                widgets.HBox([self.answer, self.reason, _button("Предложить исправление", "pencil", self._propose)]),
                self.result,
            ]
        )
        for choice in self.sieve.values():
            choice.observe(self._sifted, "value")
        self.forget()

    def forget(self) -> None:
        """Show nothing: the findings were another report's."""
        self._rows, self.layout.display = [], "none"

    def show(self, report: Report, rows: Sequence[dict]) -> None:
        """Show the findings of a report's check."""
        self._raw = report.raw
        self._rows = [row for row in rows if row["status"] != "PASS"]
        for column, choice in self.sieve.items():
            choice.options = [ALL, *sorted({row[column] for row in self._rows if row[column]})]
            choice.value = ALL
        self._sifted()
        self.layout.display = "" if self._rows else "none"

    def _sifted(self, *_: object) -> None:
        rows = shown_findings(self._rows, {column: choice.value for column, choice in self.sieve.items()})
        self.one.options = [(f"№ {row['place']['number']}: {row['where']}", row) for row in rows]
        self.one.index = 0 if rows else None
        head = "".join(f"<th style='text-align: left'>{title}</th>" for title in ("№", *self.COLUMNS))
        body = "".join(
            f"<tr><td>{row['place']['number']}</td>"
            + "".join(
                f"<td style='text-align: left; white-space: normal; vertical-align: top'>{html.escape(row[name] or '')}</td>"
                for name in ("state", "title", "whose", "where", "fault", "advice")
            )
            + "</tr>"
            for row in rows[: self.MOST]
        )
        more = f" Показаны первые {self.MOST}: выберите, что показать." if len(rows) > self.MOST else ""
        self.table.value = (
            f"<p>Замечаний: {len(rows)} из {len(self._rows)}.{more}</p>"
            f"<div style='max-height: 24em; overflow: auto; line-height: 1.35'><table>{head}{body}</table></div>"
        )

    def _open(self, *_: object) -> None:
        if not self.one.value:
            return
        path = self._raw / self.one.value["place"]["file"]
        self.result.value = f"Файл: {html.escape(str(path))}"
        with contextlib.suppress(OSError):  # where nothing opens it, its path is on the screen
            open_file(path)

    def _propose(self, *_: object) -> None:
        if not self.one.value:
            return
        try:
            records = propose(
                self.one.value["place"], self.answer.value.strip(), self.reason.value.strip(), "панель", "аналитик"
            )
        except BadInput as error:
            self.result.value = f"<b>✗ {html.escape(str(error))}</b>"
            return
        if not records:
            self.result.value = "Исправлять нечего: значение верно."
            return
        written = write_proposed(self._raw, proposed_text(records, "«панель»"))
        self.result.value = (
            f"Предложено исправлений: {len(records)}. Записаны: {html.escape(str(written))}. Проверьте и перенесите их в "
            "corrections.yml, потом проверьте файлы снова."
        )


def _button(title: str, icon: str, act: Callable[..., None], style: str = "") -> widgets.Button:
    button = widgets.Button(description=title, icon=icon, button_style=style, layout=widgets.Layout(width="auto"))
    button.on_click(act)
    return button


def _json(lines: Sequence[str]) -> dict | None:
    """The line that is a JSON object; None where there is none: the command has said in words why."""
    for line in lines:
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                return json.loads(line)
    return None
