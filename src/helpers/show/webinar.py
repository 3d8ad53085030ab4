"""What the slides of the webinar say: as the pages do, in fewer words, and for the public without a school's name."""

from __future__ import annotations

import polars as pl

from helpers import tables
from helpers.model.flags import FLAGGED
from helpers.params import Params
from helpers.report import Report
from helpers.show import charts, emit, help_views, published, sentences, views, words
from helpers.show.words import SCHOOL, count, literal, number, percent

_MOST_NAMED = 8
"""Schools that a slide can name and still be read from the last row."""


def title(report: Report, edition: str) -> str:
    """The first slide."""
    stamp = {"internal": "Для служебного пользования", "public": "Открытая редакция"}[edition]
    return f"# {literal(report.params.title)}\n\n{literal(report.params.region)}. {stamp}."


def indicators(params: Params) -> str:
    """What is measured: the context and the outcome."""
    context = "; ".join(literal(item.title) for item in params.described.indicators.values())
    outcomes = "; ".join(dict.fromkeys(literal(item.title) for item in params.described.results))
    return (
        f"- **Условия** — индекс социального благополучия школы: {context}.\n"
        f"- **Результат** — в стандартных отклонениях ученика: {outcomes}.\n"
        f"- **Годы**: {', '.join(map(str, params.years))}."
    )


def method(params: Params) -> str:
    """How a conclusion is come to, in a few lines."""
    rule = params.flag
    return (
        "- Для каждой школы — **ожидаемый результат**: средний у школ в таких же условиях.\n"
        "- **Отклонение** — фактический результат минус ожидаемый. Чем меньше о школе известно, тем оно ближе к нулю.\n"
        f"- Школа **выделяется**, если с вероятностью не ниже {percent(rule.watch)} отклонение больше {number(rule.delta)}, "
        "оно повторялось по годам и остаётся при других весах показателей индекса.\n"
        f"- Меньше {params.small_n.flag_each_year} участников в году — вывода нет."
    )


def link(report: Report, edition: str) -> emit.Shown:
    """The chart of outcome and context: schools, or, where the public may not see them, bins of schools."""
    model = report.read_numbers("model", edition)
    fit = model["years"][-1]
    if report.sight(edition) == "protected":
        bins = published.link(report)
        figure = charts.link_bins(bins, fit)
        caption, alt = sentences.link_bins_caption(bins, fit), sentences.link_bins_alt(bins)
    else:
        rows = views.placed(report, edition, fit["year"])
        figure = charts.expectation(rows, fit, model["checks"][-1])
        caption, alt = sentences.expectation_caption(rows, fit), "Чем благополучнее школа, тем выше её результат."
    return emit.chart(figure, id="chart-link", caption=caption, alt=alt)


def types(report: Report, edition: str) -> emit.Shown:
    """The typology in numbers of schools."""
    protected = report.sight(edition) == "protected"
    grid = published.typology_grid(report) if protected else views.typology_grid(views.schools(report, edition))
    return emit.grid(*grid, id="table-types", caption="Сколько школ каждого типа")


def named(report: Report, edition: str) -> emit.Shown:
    """The schools that stand out, the surest first; outside the centre only how many there are."""
    if edition != "internal":
        return emit.text(
            "Открытая редакция школ ниже ожидаемого не называет: вывод вероятностный, а помощь адресна. Школы и их "
            "муниципалитеты получают свои выводы от центра."
        )
    flagged = views.schools(report, edition).filter(pl.col("tier").is_in(FLAGGED))
    shown = flagged.sort("clarity", "school_id", descending=[True, False]).head(_MOST_NAMED)
    rest = flagged.height - shown.height
    return emit.table(
        shown,
        [
            emit.Column("school_name", "Школа"),
            emit.Column("group_name", "Территория"),
            emit.Column("verdict", "Вывод"),
            emit.Column("effect", "Отклонение", words.signed),
        ],
        id="table-named",
        caption="Самые надёжные выводы" + (f"; остальные, {rest}, — на странице «Выделенные школы»" if rest else ""),
    )


def stability(summary: dict, params: Params) -> str:
    """How far the conclusions can be trusted."""
    lines = [sentences.false_flags(summary).partition("\n\n")[0]]
    if summary["judged"]:
        lines.append(
            f"- Выводы о {count(summary['judged'], words.ABOUT_SCHOOLS)} проверены другими весами показателей; держатся — "
            f"{count(summary['firm'], SCHOOL)}."
        )
    lines.append(f"- {sentences.left_out(summary)}")
    return "\n".join(lines)


def help_for(summary: dict) -> str:
    """Who is helped, and who can help."""
    below, above = (count(summary[side]["named"], SCHOOL) for side in ("below", "above"))
    return (
        f"- Ниже ожидаемого — {below}: разобрать причины вместе со школой, составить дорожную карту.\n"
        f"- Выше ожидаемого — {above}: кандидаты в школы-тьюторы.\n"
        f"- Без вывода — {count(summary['unknown'], SCHOOL)}: экспертная оценка вместо расчёта.\n"
        "- Помощь адресна: предметы, кадры, условия — у каждой школы свои."
    )


def project(report: Report, edition: str) -> emit.Shown:
    """The indicators of the project that are told apart from their plan; the plan's limits where there is none."""
    if not report.tells_of_help(edition):
        return emit.text("- Показателей проекта поддержки в этом отчёте нет.")
    last = help_views.monitoring(report, edition).filter(year=report.params.years[-1])
    clear = last.filter(pl.col("signal").is_in(["red", "green"])).sort("signal", "title", descending=[True, False])
    return emit.table(
        clear.head(_MOST_NAMED),
        [
            emit.Column("title", "Показатель"),
            emit.Column("planned_text", "План"),
            emit.Column("actual_text", "Факт"),
            emit.Column("sign", "Вывод"),
        ],
        id="table-project",
        caption=f"Показателей {last.height}; у остальных план и факт не различить или данных нет",
    )


def decided(report: Report, edition: str) -> emit.Shown:
    """The protocol's decisions with owner, deadline and state; the usual ones where the report has none."""
    rows = help_views.decisions(report, edition) if report.tells_of_help(edition) else tables.empty("decisions")
    if rows.is_empty():
        return emit.text(
            "- Муниципалитетам: довести выводы до школ, сверить исходные данные.\n"
            "- Школам: разобраться в причинах, составить и разместить дорожную карту.\n"
            "- Институту и методическим службам: назначить школы-тьюторы, зачислить педагогов на курсы.\n"
            "- Через год: сравнить новые результаты с тем, что ожидалось и без вмешательства."
        )
    return emit.table(
        rows.sort("deadline", "number").head(_MOST_NAMED),
        [
            emit.Column("decision", "Решение"),
            emit.Column("owner", "Кто"),
            emit.Column("deadline", "Срок", words.day),
            emit.Column("state_words", "Состояние"),
        ],
        id="table-decisions",
        caption=f"Решений {rows.height}, здесь первые по сроку; все — на странице «Управленческие решения»",
    )


def calendar(report: Report, edition: str) -> emit.Shown:
    """What happens in the project year; the common order of it where the report has no calendar."""
    name = "project_calendar"
    rows = report.read(name, edition) if name in tables.seen(report.sight(edition)) else tables.empty(name)
    if rows.is_empty():
        return emit.text(
            "- Май: отчёт на вебинаре.\n- Август: решения на августовском совещании.\n- До 10 октября: дорожные карты.\n"
            "- Октябрь — декабрь: установочный вебинар, диагностика педагогов.\n- Январь — апрель: курсы."
        )
    return emit.table(
        rows.with_columns(when=_period()),
        [emit.Column("when", "Когда"), emit.Column("title", "Что"), emit.Column("owner", "Кто")],
        id="table-calendar",
        caption="Год проекта",
    )


def _period() -> pl.Expr:
    """«26.10.2020» or «11.01.2021 – 30.04.2021»."""
    start, end = pl.col("from_date").dt.strftime("%d.%m.%Y"), pl.col("to_date").dt.strftime("%d.%m.%Y")
    return pl.when(pl.col("to_date") == pl.col("from_date")).then(start).otherwise(pl.format("{} – {}", start, end))
