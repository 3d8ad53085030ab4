"""Sentences with numbers in them, in Russian Markdown: what a page says of its own tables.

Names from the data go through `words.literal`, so that no sign in them is taken for
Markdown or HTML.
"""

from __future__ import annotations

import polars as pl

from helpers.measure.intervals import Z95
from helpers.params import Params
from helpers.show import prose, words
from helpers.show.words import SCHOOL, count, literal, number, percent, signed


def finding(summary: dict) -> str:
    """What the report finds, in one sentence; a second one where there are schools without a conclusion."""
    below, above, within = summary["below"]["named"], summary["above"]["named"], summary["within"]
    unknown = " О {unknown:школе|школах|школах} судить нельзя." if summary["unknown"] else ""
    if not below + above + within:
        template, unknown = (
            "**Ни об одной школе вывода нет**: для него мало лет, участников или данных об условиях.",
            "",
        )
    elif not below + above:
        template = "**Ни одна из {n:школы} с выводом явно не отличается от школ с такими же условиями.**"
    else:
        told = [
            ("у {below} результаты ниже", below),
            ("у {above} — выше", above),
            ("у {within} явной разницы не видно", within),
        ]
        told = [part.replace("—", "результаты" if not below else "—") for part, schools in told if schools]
        template = (
            "**Из {n:школы} с выводом — если сравнивать со школами в таких же условиях — " + ", ".join(told) + ".**"
        )
    counts = {"n": below + above + within, "below": below, "above": above, "within": within}
    return prose.markdown(template + unknown, unknown=summary["unknown"], **counts)


def key_figures(summary: dict, fit: dict, params: Params) -> list[tuple[str, str]]:
    """The year in numbers; `summary` is the report's `summary.json`, here and below."""
    first, last = params.pooled_years[0], params.pooled_years[-1]
    period = f"за {first}–{last} годы" if first < last else f"за {last} год"
    schools = summary["schools"]
    return [
        (words.whole(schools), f"{words.plural(schools, SCHOOL)} в отчёте {period}"),
        *([(words.percent(fit["r2"]), "различий между школами объясняет контекст")] if fit["r2"] is not None else []),
        (words.whole(summary["below"]["named"]), "ниже ожидаемого"),
        (words.whole(summary["above"]["named"]), "выше ожидаемого"),
        (words.whole(summary["within"]), "без явного отклонения"),
        (words.whole(summary["unknown"]), "без вывода: мало данных, особый вид или вывод зависит от допущений"),
    ]


def link_strength(fit: dict, params: Params) -> str:
    """How strong the link of results and context is, and whether there is one."""
    scale = params.index.scale_sd
    ten, half = fit["slope"] * scale, Z95 * fit["slope_se"] * scale
    size = (
        f"+{number(scale, 0)} баллов индекса — это в среднем {signed(ten)} стандартного отклонения ученика "
        f"(95-процентный интервал от {signed(ten - half)} до {signed(ten + half)})"
    )
    told = f"{_link_seen(ten - half, ten + half, fit['year'])}: {size}."
    if fit["r2"] is None:
        return told + " Школы различаются не больше, чем случайно: объяснять контексту нечего."
    return told + (
        f" В {fit['year']} году социальный контекст объясняет {percent(fit['r2'])} различий между школами. "
        "Остальное — предмет этого отчёта: насколько школа выше или ниже того, чего можно ожидать при её условиях."
    )


def _link_seen(lower: float, upper: float, year: int) -> str:
    if lower > 0:
        return "Чем благополучнее школа, тем выше результаты"
    if upper < 0:
        return "В этих данных, чем благополучнее школа, тем результаты ниже"
    return f"Связи результатов с условиями школ данные за {year} год уверенно не показывают"


def flagged(summary: dict, params: Params) -> str:
    """How many schools are named, and how many of them by mistake, as far as can be known."""
    parts = []
    for direction in ("below", "above"):
        of_side = summary[direction]
        text = f"**{words.DIRECTION[direction].capitalize()}: {count(of_side['named'], SCHOOL)}**"
        if of_side["persistent"]:
            text += f", из них устойчиво — {words.whole(of_side['persistent'])}"
        if of_side["named"]:
            text += f"; ошибочно, если модель верна, — {_about(of_side['false'])}"
        parts.append(text + ".")
    if len(params.pooled_years) == 1:
        parts.append("В отчёте один год: это наблюдение года, об устойчивости судить рано.")
    return " ".join(parts)


def _about(schools: float) -> str:
    return f"около {number(schools, 0)}" if schools >= 0.5 else "меньше одной"


def clearest_caption(clearest: pl.DataFrame, params: Params) -> str:
    """What the chart of the clearest deviations finds."""
    below = (clearest["direction"] == "below").sum()
    return (
        f"Из {clearest.height} самых надёжных отклонений {below} — ниже ожидаемого. Пунктир — практически значимое "
        f"отклонение, ±{number(params.flag.delta)}. Если серые полосы двух заранее выбранных школ не пересекаются, "
        "школы различаются (уровень 95 %); для выбора лучшей из многих полосы не годятся."
    )


def clearest_alt(clearest: pl.DataFrame) -> str:
    """The same chart for those who cannot see it."""
    listed = "; ".join(f"{label}: {signed(effect)}" for label, effect in clearest.select("label", "effect").iter_rows())
    return f"Отклонения школ: {listed}."


def rank(interval: dict | None, params: Params) -> str:
    """A school's interval of rank, for those inside the centre."""
    if interval is None:
        return "Места школ не публикуются: случайность меняет их слишком сильно."
    return (
        f"Место среди {words.whole(interval['schools'])} школ по отклонению известно лишь приблизительно: с вероятностью "
        f"{percent(params.ranks.level)} оно между "
        f"{words.whole(interval['lower'])} и {words.whole(interval['upper'])} (1 — самое высокое отклонение)."
    )


def expectation_caption(line: dict) -> str:
    """What the scatter finds; `line` is a row of table `lines`."""
    found = f"{line['year']} год, {count(line['placed'], SCHOOL)}. "
    if line["r2"] is not None:
        found += f"Контекст объясняет {percent(line['r2'])} различий. "
    if line["band"] is None:
        return found + "Школы отличаются от ожидаемого не больше, чем случайно: полосы вокруг линии нет."
    return found + (
        f"При равном контексте школы обычно отличаются от ожидаемого не больше чем на {number(line['band'])}, за пределами "
        f"полосы — {percent(line['beyond_band'], 1)}."
    )


def flag_rule(params: Params) -> str:
    """The rule by which schools are named."""
    rule, small = params.flag, params.small_n
    years = params.pooled_years
    times = min(rule.min_years, len(years))
    again = (
        f"отклонение того же знака повторилось не меньше чем в {times} из {len(years)} объединённых лет "
        f"({', '.join(map(str, years))}), и в каждом году участников"
        if len(years) > 1
        else f"и участников за {years[0]} год"
    )
    more = f", и не меньше чем в {percent(rule.min_spec_share)} вариантов расчёта" if rule.min_spec_share else ""
    firm = (
        " То же должно получаться, если [взвесить показатели индекса по их связи с результатом](site:/reliability.html)"
        f"{more}."
    )
    return (
        f"Школа выделяется, если вероятность того, что её отклонение больше {number(rule.delta)} стандартного отклонения ученика, "
        f"не ниже {percent(rule.watch)} («зона внимания») или {percent(rule.persistent)} («устойчиво»), {again} "
        f"не меньше {small.flag_each_year}.{firm} Отклонение сжато к нулю тем сильнее, чем меньше о школе известно. "
        "Выделение — основание для адресной методической помощи, а не оценка деятельности школы."
    )


def published_rule(params: Params) -> str:
    """Why the public edition shows groups, and what it hides."""
    alone = [words.PROCEDURE.get(name, name) for name in params.disclosure.region_only]
    only = (
        f" {', '.join(alone)} — только по региону: эти работы не предназначены для сравнения муниципалитетов."
        if alone
        else ""
    )
    return (
        "Это открытая редакция. Школы ниже ожидаемого не называются, мест и отклонений отдельных школ нет, числа даны по "
        f"территориям и полосами, а малые числа скрыты («скрыто»).{only} При числе участников менее {params.disclosure.least_n} "
        "результат не публикуется; вывод не делается. Школы и муниципалитеты получают свои данные напрямую от центра."
    )


def link_bins_caption(bins: pl.DataFrame, fit: dict) -> str:
    """What the chart of the link finds, in bins of schools."""
    return (
        f"{fit['year']} год. Точка — средний результат не меньше чем трёх школ с близким индексом, размер — сколько их. Контекст "
        f"объясняет {percent(fit['r2'])} различий между школами; группы с самым низким и самым высоким индексом отличаются на "
        f"{number(bins['outcome'][-1] - bins['outcome'][0], 1)} стандартного отклонения ученика."
    )


def link_bins_alt(bins: pl.DataFrame) -> str:
    """The same chart in words."""
    told = [
        f"индекс {place}: результат {signed(outcome, 1)}, ожидаемый {signed(expected, 1)}"
        for place, outcome, expected in bins.select("range", "outcome", "expected").iter_rows()
    ]
    return "; ".join(told) + "."


def bins_caption(bins: pl.DataFrame, year: int, of: str) -> str:
    """What a published distribution finds: where most schools are."""
    fullest = bins.sort("schools", descending=True)["range"][0]
    return (
        f"{year} год, {count(bins['schools'].sum(), SCHOOL)}. Чаще всего {of} {fullest}. В каждом столбце не меньше трёх школ; "
        "крайние столбцы открыты: все школы ниже или выше."
    )


def bins_alt(bins: pl.DataFrame) -> str:
    """A published distribution in words."""
    told = [f"{place}: {count(schools, SCHOOL)}" for place, schools in bins.select("range", "schools").iter_rows()]
    return "; ".join(told) + "."


def school_title(school: dict) -> str:
    """Heading of a school's card."""
    place = [literal(school["group_name"])]
    if school["school_type"]:
        place.insert(0, literal(school["school_type"]))
    return f"# {literal(school['school_name'])}\n\n{', '.join(place)}. Код школы: {literal(school['school_id'])}."


def school_figures(school: dict) -> list[tuple[str, str]]:
    """A school in numbers: its deviation, if there is a conclusion on it, its context, its participants."""
    figures = []
    if is_judged(school):
        figures += [
            (signed(school["effect"]), "отклонение от ожидаемого, стандартных отклонений ученика"),
            (f"от {signed(school['lower'])} до {signed(school['upper'])}", "95-процентный интервал"),
        ]
    if school["index"] is not None:
        figures.append((words.tenth(school["index"]), _context(school)))
    return [*figures, (words.whole(school["n_total"] or 0), "участников за объединённые годы")]


_SURE = 0.995
"""A class of context as sure as this is told without a doubt."""


def _context(school: dict) -> str:
    """A school's class of context, and how surely it is that one; at λ = 1 there is no doubt to tell."""
    context = words.CONTEXT.get(school["context_class"], "индекс благополучия")
    sure = school.get("class_prob")
    return context if sure is None or sure > _SURE else f"{context}, верно с вероятностью {words.percent(sure)}"


def is_judged(school: dict) -> bool:
    """Whether enough is known of a school for its deviation to be told in words."""
    return school["effect"] is not None and school["tier"] not in ("insufficient_data", "outside")


def school_verdict(school: dict, params: Params) -> str:
    """The conclusion on one school in plain words, or why there is none."""
    if not is_judged(school):
        return _no_verdict(school, params)
    below = school["effect"] < 0
    side, times = ("ниже", school["years_below"]) if below else ("выше", school["years_above"])
    years = count(school["years"], ("года", "лет", "лет"))
    probability = words.probability(school["prob_below"] if below else school["prob_above"])
    why = (
        f"Тип: «{school['type_words']}»"
        if school["direction"]
        else f"Почему без вывода: {words.REASON[school['reason']]}"
    )
    return (
        f"**{school['verdict']}**. {why}. Результаты {side}, чем у школ с таким же контекстом, в {times} из {years}; вероятность, "
        f"что отклонение больше практически значимого ({number(params.flag.delta)}), — {probability}. Надёжность оценки — "
        f"{number(school['reliability'])}. Вероятность не ниже {percent(params.flag.watch)} получается "
        f"в {percent(school['spec_share'])} вариантов расчёта.{_stands(school)}\n\n"
        "Отклонение не измеряет труд учителя и не является оценкой деятельности школы: это повод разобраться и помочь."
    )


def _stands(school: dict) -> str:
    """The least reliability of the index at which a named school's conclusion still stands."""
    least = school["least_reliability"]
    if school["direction"] not in ("below", "above") or least is None:
        return ""
    return f" Вывод стоит, пока надёжность индекса не меньше {number(least)}."


def _no_verdict(school: dict, params: Params) -> str:
    """Why there is no conclusion on a school, and what is done instead."""
    because = {
        "type": "у таких школ другие ученики, поэтому ожидаемый результат для них не считается",
        "small_n": f"для вывода нужно не меньше {params.small_n.flag_each_year} участников в каждом году",
        "few_years": f"для вывода нужно не меньше {count(params.flag.min_years, ('года', 'лет', 'лет'))} с результатом",
    }.get(school["reason"], "")
    reason = words.REASON.get(school["reason"], "данных нет")
    return (
        f"**{school['verdict'] or words.TIER['insufficient_data']}**. Почему без вывода: {reason}{f' ({because})' if because else ''}. "
        "То, что известно о школе, — ниже, для сведения: вместо расчёта нужна экспертная оценка."
    )


def school_years_alt(years: pl.DataFrame) -> str:
    """The chart of a school's years in words."""
    told = [
        f"{year} год: ожидаемый {signed(expected)}, фактический {signed(outcome)}"
        for year, expected, outcome in years.drop_nulls("outcome").select("year", "expected", "outcome").iter_rows()
    ]
    return "; ".join(told) + "."


def school_place_alt(school: dict, years: pl.DataFrame) -> str:
    """The chart of a school's place in words."""
    last = years.row(-1, named=True)
    return (
        f"Индекс {number(last['index'], 1)}, результат {signed(last['outcome'])}, ожидаемый {signed(last['expected'])}: "
        f"{school['verdict']}."
    )
