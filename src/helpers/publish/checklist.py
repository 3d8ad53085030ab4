"""What an analyst has to do for a new year's report: files to ask for, calendar, layouts, params."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from helpers.intake.calendar import Calendar, Session, load_calendar
from helpers.intake.layouts import OWN, layout
from helpers.intake.region import KINDS, OUTLIVE_A_YEAR
from helpers.intake.subjects import subject_titles
from helpers.params import Assessment, Params
from helpers.problems import BadInput
from helpers.report import Report
from helpers.support import load_decisions, load_programme, load_skills

FILE = "CHECKLIST.md"
_ASKED = {
    "vpr": "ВПР из ФИС ОКО: «Статистика по отметкам», «Сравнение отметок с отметками по журналу», "
           "«Распределение первичных баллов», «Выполнение заданий», по файлу на предмет и класс",
    "oge": "ОГЭ из РИС ГИА-9",
    "ege": "ЕГЭ из РИС ГИА-11",
    "passport": "социальные паспорта на 1 сентября {before} года, книга от каждого муниципалитета",
    "staff": "кадры: штатное расписание",
    "questionnaire": "анкетирование: ученики, родители, педагоги, администрация",
    "diagnostics": "диагностика педагогов",
    "knowledge": "мониторинг знаний 8–11 классов",
    "biased": "федеральный список школ с признаками необъективности ВПР; год — в имени файла",
    "programme": "приказы: кто в какой программе",
    "roadmaps": "дорожные карты муниципалитетов; год — в имени файла",
    "explanations": "пояснения школ к их карточкам, если есть; год — в имени файла",
}  # fmt: skip
"""What each folder of a region is asked to be filled with."""


def checklist(name: str, year: int, old: Report) -> str:
    """The checklist of a new report as Markdown.

    Parameters
    ----------
    name, year
        The new report's name and the year added to it.
    old : Report
        The report that it goes on from, a region's.
    """
    calendar, files = load_calendar(), [old.raw_name(path) for path in old.raw_files]
    sections = {
        f"Запросить файлы в папку data/raw/{name}": _asked(year, old.params.years[-1], files),
        f"Календарь {year} года: сверить params/procedures.yml с письмами Рособрнадзора": _sessions(calendar, year),
        f"Раскладки без столбца {year}: src/helpers/intake/layouts": _layouts(old, year),
        f"Проверить в params/{name}.yml": _of_params(old.params, calendar, year),
        "Реестр, списки, исправления": _of_lists(old, files, year),
        "Проверить и построить": [f"`report check {name} --protocol протокол`",
                                  f"`report build {name} --edition internal`"],
    }  # fmt: skip
    head = (f"# Что сделать для отчёта {name}\n\nНовый год — {year}, то есть учебный {year - 1}/{year % 100:02d}. "
            f"Сделано командой `report new` по отчёту {old.name}; файлы прежних лет скопированы из него. "
            "Расчёт этого списка не читает: отмечайте сделанное, дописывайте своё.\n")  # fmt: skip
    return head + "".join(f"\n## {title}\n\n{_boxes(lines)}" for title, lines in sections.items())


def _boxes(lines: Iterable[str]) -> str:
    return "".join(f"- [ ] {line}\n" for line in lines) or "Нечего делать.\n"


def _asked(year: int, last: int, files: list[str]) -> Iterator[str]:
    """Every folder, what belongs there and how many files the last year had."""
    for kind, what in _ASKED.items():
        lasting = kind in OUTLIVE_A_YEAR
        before = sum(file.startswith(f"{kind}/" if lasting else f"{last}/{kind}/") for file in files)
        had = f"скопировано файлов: {before}" if lasting else f"за {last} год файлов: {before}"
        yield f"`{kind if lasting else f'{year}/{kind}'}/` — {what.format(before=year - 1)} ({had})"


def _sessions(calendar: Calendar, year: int) -> Iterator[str]:
    """What the calendar knows of the year, procedure by procedure."""
    for code, procedure in calendar.procedures.items():
        yield f"{procedure.title}: {_session(calendar.session(code, year), year)}"


def _session(session: Session | None, year: int) -> str:
    if session is None:
        return f"{year} года в календаре нет — впишите"
    if not session.held:
        return f"не было, файлов не ждать. {session.reason}"
    parts = [f"{session.season}, классы: {', '.join(map(str, session.grades))}"]
    if session.subjects:
        parts.append(f"только {', '.join(subject_titles().get(subject, subject) for subject in session.subjects)}")
    if not session.compared:
        parts.append("с другими годами не сравнивается: в расчёт не войдёт")
    return "; ".join(parts) + f". {session.reason}".rstrip()


def _layouts(old: Report, year: int) -> Iterator[str]:
    """What layouts lack for the year, in the words of the check."""
    for name in dict.fromkeys(name for kind in KINDS.values() for name in kind.layouts):
        try:
            layout(name, year, old.raw / OWN)
        except BadInput as error:
            yield from (f"`{one.file}`: {one.found}; {one.advice}" for one in error.problems)


def _of_params(params: Params, calendar: Calendar, year: int) -> Iterator[str]:
    entering = [one.title for one in params.described.results if _enters(one, calendar.session(one.procedure, year))]
    pooled = [*params.years, year][-params.model.years_pooled :]
    yield "`title`, `region`: новый год назван, где нужно"
    yield f"`years`: {', '.join(map(str, [*params.years, year]))}; сюда входят только годы, которые сравниваются"
    yield (
        f"`results`: в результат {year} года по календарю войдут {'; '.join(entering)}"
        if entering
        else f"`results`: по календарю в {year} году ничего не сравнивается — уберите этот год из `years`"
    )
    yield "`questions.deadline`: до какого дня ждёте ответов муниципалитетов и школ; срок прежнего отчёта сдвинут на годы между ними"
    yield "`letter`: день и номер письма нового года; прежние не перенесены"
    yield "`source` и `licence`: откуда файлы нового года, кому их можно показывать"
    yield "`indicators`: в новой форме паспорта есть все эти поля"
    yield f"`params/skills.yml`: {_works(year)}"
    yield from _of_project(params, year)
    yield f"шкала индекса остаётся по {params.base_year} году; выводы — по годам {', '.join(map(str, pooled))}"
    yield "`open_data` и `year_notes` не переносятся: почему, сказано в файле"
    yield "`disclosure.named`: согласия школ быть названными запросите заново, без согласия уберите код"
    yield (
        "папка `_published` — выпуски, которые уже опубликованы: её не правят. Если её нет, а прежний отчёт публиковался, "
        "скопируйте её из папки данных прежнего отчёта"
    )


def _works(year: int) -> str:
    """Whether the tasks of the year's works are described."""
    if load_skills().of_year(year):
        return f"задания работ {year} года описаны; сверьте номера с описаниями работ"
    return f"работ {year} года нет: прежние — допишите год в `years`, номера сменились — добавьте запись `works`"


def _of_project(params: Params, year: int) -> Iterator[str]:
    """What the region's project has written down of the year, where it has one."""
    decided, programme = load_decisions(), load_programme()
    if decided.region == params.region:
        yield (
            f"`params/decisions.yml`: {year} год есть; сверьте с протоколом"
            if year in decided.years
            else (
                f"`params/decisions.yml`: {year} года нет — впишите календарь и решения, иначе глава «Управленческие решения» пуста"
            )
        )
    if programme.serves(params):
        yield (
            f"`params/programme.yml`: {year} год есть в `roadmaps.as_of`; сверьте показатели с паспортом проекта"
            if (year in programme.roadmaps.as_of)
            else (
                f"`params/programme.yml`: {year} года нет в `roadmaps.as_of` — впишите день, на который подведён учёт дорожных карт"
            )
        )


def _enters(result: Assessment, session: Session | None) -> bool:
    """Whether an assessment of the params is compared in a session."""
    held = session is not None and session.held and session.compared
    return held and (not session.subjects or result.subject in session.subjects)


def _of_lists(old: Report, files: list[str], year: int) -> Iterator[str]:
    yield "`registry.csv`: школы, которые открылись, закрылись, слились, переименованы"
    yield "`confirmed_names.csv`: прежние названия верны"
    yield "`corrections.yml`: скопированы исправления файлов прежних лет; новые дописывайте в конец"
    for file in files:
        if file.split("/")[0] in OUTLIVE_A_YEAR - {"programme"} and not re.search(r"20\d\d", file):
            yield (f"`{file}`: в имени нет года, и теперь это список {year} года, а был {old.params.years[-1]}: "
                   "впишите прежний год в имя")  # fmt: skip
