"""Russian for readers: numbers, plurals, names of tiers, types, reasons."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from helpers.support.risk import LEVEL_TEXT, MEASURES
from helpers.support.teachers import IN_WORDS

_RU = Locale("ru")
MINUS = "\u2212"

SCHOOL = ("школа", "школы", "школ")
ABOUT_SCHOOLS = ("школе", "школах", "школах")
TO_SCHOOLS = ("школе", "школам", "школам")
OF_SCHOOLS = ("школы", "школ", "школ")
OF_NAMED = ("выделенной школы", "выделенных школ", "выделенных школ")
SPECIFICATION = ("вариант расчёта", "варианта расчёта", "вариантов расчёта")
REGION = ("регион", "региона", "регионов")
PROCEDURES = ("процедуре", "процедурах", "процедурах")
RECOMMENDATION = ("рекомендация", "рекомендации", "рекомендаций")
DAYS = ("день", "дня", "дней")
REMARK = ("замечание", "замечания", "замечаний")
QUESTION = ("вопрос", "вопроса", "вопросов")
INDICATOR = ("показатель", "показателя", "показателей")
PARTICIPANT = ("участник", "участника", "участников")
YEAR = ("год", "года", "лет")
OF_YEARS = ("года", "лет", "лет")
MUNICIPALITY = ("муниципалитет", "муниципалитета", "муниципалитетов")

TIER = {
    "persistent": "устойчиво",
    "watch": "зона внимания",
    "observation": "наблюдение года",
    "preliminary": "пока рано: мало участников или лет",
    "dependent": "зависит от допущений",
    "none": "без явного отклонения",
    "insufficient_data": "недостаточно данных",
    "outside": "вне типологии",
}
DIRECTION = {"below": "ниже ожидаемого", "within": "без явного отклонения", "above": "выше ожидаемого"}
MARKED = {"within": DIRECTION["within"], "below": DIRECTION["below"], "above": DIRECTION["above"],
          "dependent": "зависит от допущений", "unknown": "мало данных для вывода"}  # fmt: skip
"""How schools are marked on charts."""
DIRECTION_MARK = {"below": "▼", "within": "●", "above": "▲"}
CONTEXT = {
    "disadvantaged": "неблагоприятный контекст",
    "middle": "средний контекст",
    "advantaged": "благополучный контекст",
}
TYPE = {
    "disadvantaged_below": "двойной риск",
    "disadvantaged_within": "держащие уровень",
    "disadvantaged_above": "резильентные",
    "middle_below": "ниже возможностей",
    "middle_within": "типичные",
    "middle_above": "эффективные",
    "advantaged_below": "не реализующие потенциал",
    "advantaged_within": "ожидаемо успешные",
    "advantaged_above": "эффективные в благополучном контексте",
    "dependent": "зависит от допущений",
    "preliminary": "пока рано: мало участников",
    "insufficient_data": "недостаточно данных",
    "outside": "вне типологии",
}
EXCLUDED = {
    "type": "вид школы описывается отдельно",
    "no_context": "нет социальных показателей",
    "no_result": "нет результатов",
    "small_n": "слишком мало участников",
    "coverage": "результатов меньше, чем нужно",
    "before_merger": "история до объединения школ не сравнивается",
    "year_not_compared": "год не сравнивается: процедуры отменены или перенесены",
}
SET_ASIDE = {
    "not_chosen": "не входит в показатель отчёта",
    "not_compared": "год этой процедуры не сравнивается",
    "biased": "признаки необъективности",
}
PROCEDURE = {"VPR": "ВПР", "OGE": "ОГЭ", "EGE": "ЕГЭ"}
MODULE = {
    "subject": "предметный", "method": "методический", "psychology": "психолого-педагогический",
    "communication": "коммуникативный",
}  # fmt: skip
STAGE = IN_WORDS
MEMBERSHIP = {"entered": "вошла", "stays": "остаётся", "left": "вышла"}
MOVED = {"entered": "вошло", "stays": "осталось", "left": "вышло"}
PANEL = {"staff": "кадры", "social": "социальные условия", "questionnaires": "анкетирование"}
ROADMAP = {"in_time": "в срок", "late": "с опозданием", "missing": "не размещена", "not_due": "срок не наступил"}
ROADMAP_MARK = {"in_time": "✓", "late": "●", "missing": "✗", "not_due": "○"}
PANEL_ITEM = {
    "vacancies": "Вакантные ставки", "n_higher_category": "Педагоги высшей категории",
    "n_experience_under_3": "Педагоги со стажем до 3 лет", "pupils": "Ответы учеников", "parents": "Ответы родителей",
    "teachers": "Ответы педагогов", "heads": "Ответы администрации",
}  # fmt: skip
"""Items of the context panel; those of the social passport go by the titles of its columns."""
MEASURED_IN = {"share": "доля 0–1", "sd": "ст. откл. ученика", "points": "балл 1–5"}
BETTER = {"higher": "чем выше, тем лучше", "lower": "чем ниже, тем лучше"}
SIGNAL = {
    "green": "план выполнен", "yellow": "не различить", "red": "план не выполнен", "none": "нет данных или плана",
}  # fmt: skip
SIGNAL_MARK = {"green": "▲", "yellow": "●", "red": "▼", "none": "○"}
BEYOND_MARK = {"better": "▲", "worse": "▼", "unclear": "●"}
BEYOND = {
    "better": "лучше, чем ожидалось без программы", "worse": "хуже, чем ожидалось без программы", "unclear": "не различить",
}  # fmt: skip
SUPPORTED_WHY = {
    "regional": "региональный проект", "project_500": "Проект 500+", "below": "результаты ниже ожидаемых",
}  # fmt: skip
TUTOR_STATUS = {"assigned": "назначен", "alternative": "запасной", "none": "не найден"}
TUTOR_REASON = {
    "nearest": "вместе с остальными парами ближе всего", "pinned": "закреплён вручную",
    "no_candidates": "школ-тьюторов нет", "banned": "все школы-тьюторы запрещены вручную",
    "too_far": "все школы-тьюторы слишком далеки: нужен методист", "no_capacity": "близкие школы-тьюторы заняты",
}  # fmt: skip
TUTOR_WHY = {"above": "результаты выше ожидаемых", "innovation_site": "инновационная площадка"}
REACH = {"same_group": "тот же муниципалитет", "reachable": "туда ездят", "remote": "дистанционно"}
UNKNOWN = {
    "school_context": "социальные показатели школы", "tutor_context": "социальные показатели тьютора",
    "school_results": "результаты школы по предметам", "tutor_results": "результаты тьютора по предметам",
    "school_type": "вид школы", "locality": "местность",
}  # fmt: skip
"""What of a pair of school and tutor was not known."""
LEVEL = LEVEL_TEXT
LEVEL_MARK = {"high": "●", "medium": "◐", "low": "○"}
FACTOR = {
    "equipment": "Осна\u00adщение", "staff": "Кадры", "competence": "Компе\u00adтент\u00adность", "disabilities": "Ученики с ОВЗ",
    "language": "Языко\u00adвые барь\u00adеры", "motivation": "Моти\u00adвация", "wellbeing": "Благо\u00adполучие",
    "discipline": "Дисцип\u00adлина", "failure": "Неуспеш\u00adность", "parents": "Родители",
}  # fmt: skip
"""Factors of risk in a word that may be broken, for heads of narrow columns; a factor that is not here goes by its title."""
RISK_MEASURE = {name: share.title for name, share in MEASURES.items()} | {"answers": "средний ответ анкеты"}
STATE = {"planned": "предстоит", "in_progress": "идёт", "done": "сделано", "overdue": "просрочено"}
STATE_MARK = {"planned": "○", "in_progress": "●", "done": "✓", "overdue": "✗"}
FINDING = {
    "index": "год на одном экране", "expectation": "ожидание и отклонение", "flags": "выделенные школы",
    "federal": "федеральное правило", "context": "индекс благополучия", "tutors": "школы-тьюторы",
    "risk": "рисковые профили", "recommendations": "рекомендации", "teachers": "педагоги",
    "monitoring": "эффективность", "roadmaps": "дорожные карты",
}  # fmt: skip
"""Chapters that decisions follow from."""
STATUS = {"PASS": "порядок", "ADVICE": "посмотрите", "FAIL": "исправьте"}
STATUS_MARK = {"PASS": "✓", "ADVICE": "●", "FAIL": "✗"}
CHOICE = {
    "index": "индекс", "outcome": "результат", "weights": "веса школ", "form": "форма связи",
    "reliability": "надёжность индекса", "sample": "состав школ",
}  # fmt: skip
VARIANT = {
    "equal": "равные веса", "pca": "первая главная компонента", "cross_fitted": "по регрессии на других школах",
    "rank": "по местам показателей", "expert": "веса экспертов", "all": "все процедуры", "gia9": "только ОГЭ",
    "no_vpr": "без ВПР", "low": "доля низких результатов", "paule_mandel": "по точности (Пол — Мандель)",
    "participants": "по числу участников", "linear": "прямая", "quadratic": "парабола",
    "remote": "прямая, удалённые отдельно", "without_influential": "без трёх самых влиятельных",
}  # fmt: skip
RULE = {
    "report": "правило отчёта", "persistent": "только «устойчиво»", "one_year": "обычное правило: один год, дальше 1 ст. откл.",
}  # fmt: skip
QUARTILE = {1: "самый тяжёлый контекст", 2: "вторая четверть", 3: "третья четверть", 4: "самый благополучный контекст"}
NO_MUNICIPAL = {
    "no_groups": "муниципалитеты не заданы", "one_group": "муниципалитет один",
    "one_school_each": "в муниципалитетах по одной школе", "too_little_data": "мало данных",
    "boundary": "различий между муниципалитетами не видно", "not_converged": "не оценивается",
}  # fmt: skip
REASON = EXCLUDED | {
    "probability": "вероятность отклонения выше порога",
    "not_persistent": "отклонение не повторилось в достаточном числе лет",
    "specification": "при других решениях вероятность падает ниже порога",
    "few_years": "лет с результатом меньше, чем нужно для вывода",
    "within": "вероятность отклонения ниже порога",
}
CONCLUSION_CHANGE = {
    "new": "названа впервые", "gone": "больше не названа", "turned": "сменила сторону", "stays": "названа, как и прежде",
}  # fmt: skip
CONCLUSION_WHY = {
    "effect": "отклонение стало другим", "precision": "изменилась точность: школа известна лучше или хуже",
    "rules": "изменились правила", "together": "отклонение, точность и правила вместе",
    "condition": "вероятность за порогом и прежде, и теперь, решило другое условие", "first": "прежде отклонения не было",
    "closed": "школы в отчёте больше нет: закрыта или объединена", "unknown": "теперь отклонения нет",
}  # fmt: skip
"""What has made a school new among the named, or no longer one of them."""
ORIGIN = {
    "shares": "следует из самой доли",
    "marks": "следует из долей отметок",
    "pupil_sd": "из заданного в параметрах отчёта, за вычетом различий между школами",
    "estimated": "оценён по данным: чем больше школа, тем меньше случайный разброс её среднего",
}


def number(value: float | None, digits: int = 2) -> str:
    """A number with a decimal comma and a true minus: −0,25; a dash for nothing."""
    if value is None or value != value:
        return "—"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(round(value, digits) + 0.0, format=pattern, locale=_RU)
    return text.replace("-", MINUS)


def signed(value: float | None, digits: int = 2) -> str:
    """A number that shows its sign: +0,25."""
    text = number(value, digits)
    return f"+{text}" if value is not None and value == value and round(value, digits) > 0 else text


def plotted(value: float | None) -> str:
    """A number as a chart's point has it, no more than three decimals and none that say nothing: −0,25 or 12."""
    if value is None or value != value:
        return "—"
    return format_decimal(round(value, 3) + 0.0, format="#,##0.###", locale=_RU).replace("-", MINUS)


def percent(share: float | None, digits: int = 0) -> str:
    """A share 0–1 in percent: 45 %."""
    if share is None or share != share:
        return "—"
    text = format_percent(share, format="#,##0" + ("." + "0" * digits if digits else "") + "\u00a0%", locale=_RU)
    return text.replace("-", MINUS)


def probability(value: float | None) -> str:
    """A probability in percent that is never said to be certain: >99 %."""
    if value is None or value != value:
        return "—"
    if value > 0.99:
        return ">99\u00a0%"
    return "<1\u00a0%" if value < 0.01 else percent(value)


def whole(value: float | None) -> str:
    """A whole number: 1 234."""
    return number(value, 0)


def tenth(value: float | None) -> str:
    """A number with one decimal: 46,4."""
    return number(value, 1)


def signed_tenth(value: float | None) -> str:
    """A number with one decimal that shows its sign: +0,2."""
    return signed(value, 1)


def thousandth(value: float | None) -> str:
    """A number with three decimals: 0,021."""
    return number(value, 3)


def precise(value: float | None) -> str:
    """A number with four decimals, for those who recompute: 0,0298."""
    return number(value, 4)


def precise_percent(share: float | None) -> str:
    """A share with one decimal: 0,5 %."""
    return percent(share, 1)


def result(value: float | None) -> str:
    """A raw result, as precise as its size lets one care: 664,7 or 0,915."""
    return number(value, 1 if value is not None and abs(value) >= 10 else 3)


def indicator(value: float | None) -> str:
    """A share 0–1 as percent; a score above 1 as it stands."""
    return percent(value) if value is not None and value <= 1 else number(value, 1)


def plural(n: int, forms: tuple[str, str, str] | list[str]) -> str:
    """The form of a noun that goes with n: школа, школы, школ."""
    return forms[{"one": 0, "few": 1}.get(_RU.plural_form(n), 2)]


def count(n: int, forms: tuple[str, str, str] | list[str]) -> str:
    """A number with its noun: 1 234 школы."""
    return f"{number(n, 0)}\u00a0{plural(n, forms)}"


def day(value: date | None) -> str:
    """A day as tables have it: 10.10.2021."""
    return "—" if value is None else format_date(value, "dd.MM.yyyy", locale=_RU)


def long_day(value: date) -> str:
    """A day as a sentence has it: 10 октября 2021 года."""
    return format_date(value, "d MMMM yyyy", locale=_RU) + " года"


def period(years: Sequence[int]) -> str:
    """A run of years from the first to the last: 2018–2021 годы; of one year 2021 год."""
    return f"{years[0]:d}–{years[-1]:d} годы" if years[0] < years[-1] else f"{years[0]:d} год"


def literal(text: str) -> str:
    """Text that Markdown shows as it is, whatever signs it has."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+.!|<>~^$@'\"=-])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("\n", " ")


_LATIN = dict(zip("абвгдеёзийклмнопрстуфхцыэ", "abvgdeeziyklmnoprstufhcye", strict=True)) | {
    "ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya",
}  # fmt: skip


_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d")
"""Names that Windows gives to no file, whatever its ending."""
_LONGEST_NAME = 60
"""Characters of a name that leave room for the folders above it."""


def slug(text: str) -> str:
    """An ASCII name for a file or an anchor: transliterated, lower case, hyphens; no name of a device of Windows, not too long."""
    latin = "".join(_LATIN.get(letter, letter) for letter in text.lower())
    name = re.sub(r"[^a-z0-9]+", "-", latin).strip("-") or "x"
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"{name}-x" if _DEVICE.fullmatch(name) else name
