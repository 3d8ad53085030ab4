"""Sentences on the help to schools, in Russian Markdown; names from the data go through `words.literal`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from helpers.measure.intervals import Z95
from helpers.show import words
from helpers.show.words import SCHOOL, count, literal, long_day, number, percent, signed, whole

if TYPE_CHECKING:
    from helpers.report import Report
    from helpers.show.help_views import Help

NOBODY = "В этом году школ, которым помогают, нет: участников программ в данных отчёта нет."


def in_unit(unit: str, value: float | None) -> str:
    """A value of an indicator of the project: a share in percent, a deviation with its sign, points as they are."""
    if unit == "share":
        return _share(value)
    return signed(value) if unit == "sd" else number(value)


def interval(unit: str, lower: float | None, upper: float | None) -> str | None:
    """«от 13,1 % до 20,0 %»; nothing where the value is not known, or is a count and no estimate."""
    if lower is None or upper is None or lower == upper:
        return None
    return f"от {in_unit(unit, lower)} до {in_unit(unit, upper)}"


def beyond(unit: str, value: float | None, error: float | None) -> str | None:
    """How much more came than without the programme, with the half length of the 95 % interval: «+0,02 ± 0,06»."""
    if value is None or error is None:
        return None
    if unit == "share":
        return f"{signed(100 * value, 1)} ± {number(196 * error, 1)} п. п."
    return f"{signed(value)} ± {number(Z95 * error)}"


def panel_value(panel: str, value: float | None) -> str:
    """A mean of the context panel: points of the questionnaires, else a share."""
    return number(value) if panel == "questionnaires" else _share(value)


def _share(value: float | None) -> str:
    """A share in tenths of a percent, where there are any: the public edition's are whole."""
    return percent(value, 1).replace(",0\u00a0%", "\u00a0%")


def pair(row: Mapping[str, Any], subjects: Mapping[str, str]) -> str | None:
    """Why this tutor is a help to this school, from a row of table `tutors`; None of a row without a tutor."""
    if row["tutor_id"] is None:
        return None
    told = [words.TUTOR_REASON["pinned"]] if row["reason"] == "pinned" else []
    told += [words.TUTOR_WHY[why] for why in row["tutor_why"].split(",")]
    told += [] if row["distance"] is None else [f"непохожесть условий {number(row['distance'])}"]
    told += _alike(row["same_type"], "тот же вид школы", "другой вид школы")
    told += _alike(row["same_locality"], "та же местность", "другая местность")
    told += _of_subjects(row, subjects)
    if row["missing"]:
        told.append("не учтено, нет данных: " + ", ".join(words.UNKNOWN[code] for code in row["missing"].split(",")))
    return "; ".join(told)


def _alike(same: bool | None, yes: str, no: str) -> list[str]:
    return [] if same is None else [yes if same else no]


def _of_subjects(row: Mapping[str, Any], subjects: Mapping[str, str]) -> list[str]:
    weak, met = ((row[name] or "").split(",") if row[name] else [] for name in ("weak_subjects", "subjects"))
    left = [subject for subject in weak if subject not in met]
    told = []
    if met:
        told.append(f"сильна там, где школе трудно: {_listed(met, subjects)}")
    if left:
        told.append(f"не закрывает: {_listed(left, subjects)}")
    return told


def _listed(codes: list[str], subjects: Mapping[str, str]) -> str:
    return ", ".join(subjects.get(code, code) for code in codes)


def what_to_do(supported: pl.DataFrame, report: Report, edition: str) -> str:
    """Where it stands what schools should do; nothing where there is no help."""
    if not report.tells_of_help(edition):
        return ""
    if supported.is_empty():
        return f"## Что делать {{#help}}\n\n{NOBODY}"
    return (
        f"## Что делать {{#help}}\n\nПомощь получают {count(supported.height, SCHOOL)}. На странице территории — её школы, первый срок и "
        "тьютор каждой; на карточке школы — все меры, сроки и кто отвечает. По всем школам: [рекомендации](site:/recommendations.html), "
        "[школы-тьюторы](site:/tutors.html), [дорожные карты](site:/roadmaps.html), [управленческие решения](site:/decisions.html)."
    )


def public_way(report: Report, edition: str) -> str:
    """The same for the public: to counts and decisions."""
    if not report.tells_of_help(edition):
        return ""
    return (
        "**Что делается.** [Какие меры рекомендованы](site:/recommendations.html), [кто помогает](site:/tutors.html), [что решено и к "
        "какому сроку](site:/decisions.html). Школы, которым помогают, здесь не называются: свои рекомендации каждая получает от центра."
    )


def behind(deficit: float, error: float) -> str:
    """By how many percentage points of a skill's points a school is behind, with the 95 % interval: 12 (5…19)."""
    low, high = deficit - Z95 * error, deficit + Z95 * error
    return f"{whole(100 * deficit)} ({whole(100 * low)}…{whole(100 * high)})"


def weakest(row: Mapping[str, Any]) -> str:
    """The weakest task of a skill: «11, 6 класс: 20 %, в регионе 46 %»."""
    return (
        f"{row['weakest_task']}, {row['weakest_grade']} класс: {percent(row['weakest_done'])}, "
        f"в регионе {percent(row['weakest_region'])}"
    )


def school_help(helped: Help | None, report: Report, edition: str) -> str:
    """The help to one school: why, its roadmap; one sentence if it gets none, nothing where no help is told."""
    if not report.tells_of_help(edition):
        return ""
    title = "## Помощь школе {#support}\n\n"
    if helped is None:
        return f"{title}Школа не входит в программы помощи, и ниже ожидаемых её результаты не выделены: мер для неё отчёт не предлагает."
    return f"{title}Почему помогают: {helped.why}.\n\n{_roadmap(helped.roadmap)}"


def tutor(helped: Help | None) -> str:
    """Who helps a school, or why nobody; it may name a school of another municipality."""
    if helped is None:
        return ""
    row = helped.tutor
    if row["tutor_id"] is None:
        return f"**Школы-тьютора нет**: {row['no_tutor']}."
    return f"**Школа-тьютор** — {_tutor_name(row)}, {row['reach_words']}. Почему она: {literal(row['why'])}."


def alternatives(helped: Help | None) -> str:
    """Who else might help a school; nothing where there is nobody."""
    if helped is None or helped.alternatives.is_empty():
        return ""
    title = "Запасные тьюторы" if helped.tutor["tutor_id"] else "Ближе остальных школы-тьюторы, которые не назначены"
    listed = [
        f"- {_tutor_name(row)}, {row['reach_words']}: {literal(row['why'])}."
        for row in helped.alternatives.iter_rows(named=True)
    ]
    return f"{title}:\n\n" + "\n".join(listed)


def _tutor_name(row: Mapping[str, Any]) -> str:
    name = literal(row["tutor_name"])
    return (f"[{name}]({row['tutor_page']})" if row["tutor_page"] else name) + f" ({literal(row['tutor_group'])})"


def _roadmap(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "**Дорожная карта**: в реестре школы нет, он ведётся по школам регионального проекта."
    late = count(row["days_late"] or 0, words.DAYS)
    state = {
        "in_time": "размещена в срок",
        "late": f"размещена с опозданием на {late}",
        "missing": f"не размещена, на {long_day(row['as_of_date'])} опоздание — {late}",
        "not_due": "срок не наступил",
    }[row["status"]]
    published = f", {long_day(row['published_date'])}" if row["published_date"] else ""
    link = f" ([открыть](<{row['link']}>))" if row["link"] else ""
    return f"**Дорожная карта**: {state}{published}{link}; срок — {long_day(row['deadline_date'])}."


def public_supported(schools: int | None) -> str:
    """How many schools get help, for the public."""
    return (
        "Сколько школ получают помощь, не публикуется."
        if schools is None
        else f"Сосчитаны школы проекта: {words.whole(schools)}."
    )
