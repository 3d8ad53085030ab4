"""The analysts' table of rules: on what conditions which measure is recommended (`params/recommendations.yml`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from helpers.intake.subjects import subject_titles
from helpers.params import Closed, Slug, Text, load_yaml
from helpers.problems import BadInput, Problem, quoted
from helpers.report import RECOMMENDATIONS
from helpers.support.decisions import Owner
from helpers.support.risk import RiskFactors
from helpers.support.skills import Skills
from helpers.support.tutors import SAME_SUBJECT

CONTEXTS = ("disadvantaged", "middle", "advantaged")
DIRECTIONS = ("below", "within", "above")
NO_CONCLUSION = ("dependent", "preliminary", "insufficient_data", "outside")
"""Tiers of schools that have no direction; the type of others is their context class and direction."""
_TYPES = [f"{context}_{direction}" for context, direction in product(CONTEXTS, DIRECTIONS)] + list(NO_CONCLUSION)
_FIRST_DAY = (6, 1)
"""The report is out by June: a month and a day are the next after it."""


def _deadline(value: Any) -> date | str:
    try:
        if type(value) is date or (re.fullmatch(r"\d\d-\d\d", value) and date.fromisoformat(f"2021-{value}")):
            return value
    except (TypeError, ValueError):
        pass
    raise PydanticCustomError("deadline", "a date or a month and a day")


Deadline = Annotated[date | str, PlainValidator(_deadline)]


class Condition(Closed):
    """One thing that is asked of a school; what is asked of a share or a level holds from that value on."""

    factor: Slug | None = None
    level: Literal["medium", "high"] | None = None
    subject: Slug | None = None
    competence: Literal["subject", "method", "psychology", "communication", "all"] | None = None
    share_low: Annotated[float, Field(gt=0, le=1)] | None = None
    skill: Slug | None = None
    behind: Annotated[float, Field(gt=0, lt=1)] | None = None
    direction: Literal[*DIRECTIONS] | None = None
    type: Literal[*_TYPES] | None = None
    context_class: Literal[*CONTEXTS] | None = None
    school_type: Literal["СОШ", "ООШ", "НОШ", "вечерняя", "интернат", "коррекционная"] | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Condition:
        kinds = [name for name in _ASKED if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"в условии ровно один из ключей {', '.join(_ASKED)}")
        if (self.level is not None) != (self.factor is not None):
            raise ValueError("ключи factor и level вместе: какой фактор и с какой значимости")
        if (self.share_low is not None) != (kinds[0] in ("subject", "competence")):
            raise ValueError("ключ share_low вместе с subject или competence: с какой доли низких")
        if (self.behind is not None) != (self.skill is not None):
            raise ValueError("ключи skill и behind вместе: по какому умению и на какую долю баллов отстаёт")
        return self

    @property
    def asks(self) -> str:
        return next(name for name in _ASKED if getattr(self, name) is not None)


_ASKED = ("factor", "subject", "skill", "competence", "direction", "type", "context_class", "school_type")
"""What a condition may ask about."""


class Rule(Closed):
    """A measure and when it is recommended: all conditions of `when` hold. `excludes`: rules that it is not to stand beside."""

    id: Slug
    when: list[Condition] = Field(min_length=1)
    measure: Text
    owner: Owner
    deadline: Deadline
    document: Text
    factor: Slug | None = None
    excludes: list[Slug] = Field(default=[])

    @property
    def answers(self) -> str | None:
        """The factor of risk that the measure answers."""
        return self.factor or next((condition.factor for condition in self.when if condition.factor), None)

    def due(self, year: int) -> date:
        """The deadline after the report of a year: as it is dated, or the next such day from June on."""
        if isinstance(self.deadline, date):
            return self.deadline
        month, day = map(int, self.deadline.split("-"))
        return date(year if (month, day) >= _FIRST_DAY else year + 1, month, day)


class Recommendations(Closed):
    """The content of `params/recommendations.yml`."""

    source: Text
    min_works: Annotated[int, Field(ge=1)]
    confidence: Annotated[float, Field(ge=0.5, lt=1)]
    min_teachers: Annotated[int, Field(ge=1)]
    rules: list[Rule] = Field(min_length=1)


def load_recommendations(factors: RiskFactors, skills: Skills, path: Path = RECOMMENDATIONS) -> Recommendations:
    """Read `params/recommendations.yml`.

    Raises
    ------
    BadInput
        Wrong, missing or unknown keys; then all of: ids that repeat, unknown factors, subjects, skills and rules, a measure that two
        rules give to different owners or terms, conditions that repeat or can never hold together.
    """
    content = load_yaml(path, Recommendations, "params/recommendations.yml из репозитория")
    faults = [
        *_repeated(content, path.name),
        *_unknown(content, factors, skills, path.name),
        *_impossible(content, path.name),
    ]
    if faults:
        raise BadInput(*faults)
    return content


def check_deadlines(content: Recommendations, year: int) -> None:
    """Refuse dated deadlines that are over before the report of a year.

    Raises
    ------
    BadInput
        One problem for each rule.
    """
    faults = [
        Problem(RECOMMENDATIONS.name, f"{rule.deadline:%d.%m.%Y}", f"срок после отчёта, не раньше 01.06.{year}",
                "обновите дату или задайте месяц и день", column=f"rules №{place}.deadline")
        for place, rule in enumerate(content.rules, start=1)
        if rule.due(year) < date(year, *_FIRST_DAY)
    ]  # fmt: skip
    if faults:
        raise BadInput(*faults)


def same(measure: str) -> str:
    """A measure as it is compared: spaces, case and the final stop do not make another."""
    return " ".join(measure.casefold().split()).rstrip(".")


def _repeated(content: Recommendations, file: str) -> Iterator[Problem]:
    first: dict[str, Rule] = {}
    for rule_id, number in Counter(rule.id for rule in content.rules).items():
        if number > 1:
            yield Problem(file, f"правил с id {quoted(rule_id)}: {number}", "у каждого правила свой id",
                          "переименуйте или удалите лишние", column="rules.id")  # fmt: skip
    for place, rule in enumerate(content.rules, start=1):
        before = first.setdefault(same(rule.measure), rule)
        if before is not rule and _terms(before) != _terms(rule):
            yield Problem(file, f"та же мера, что у правила {quoted(before.id)}, но другие owner, deadline или document",
                          "одна мера — один исполнитель, срок и документ", "сделайте их одинаковыми или назовите меры по-разному",
                          column=f"rules №{place}.measure")  # fmt: skip
        elif before is not rule and before.when == rule.when:
            yield Problem(file, f"условия и мера те же, что у правила {quoted(before.id)}", "каждое правило один раз",
                          "удалите одно из двух", column=f"rules №{place}.measure")  # fmt: skip
        if len(set(rule.when)) < len(rule.when):
            yield Problem(file, "одно условие дважды", "каждое условие один раз", "удалите лишнее",
                          column=f"rules №{place}.when")  # fmt: skip


def _terms(rule: Rule) -> tuple:
    return rule.owner, rule.deadline, rule.document


def _unknown(content: Recommendations, factors: RiskFactors, skills: Skills, file: str) -> Iterator[Problem]:
    """Names of factors, subjects, skills and rules that are nowhere else, or of which nothing can ever be known."""
    seen = {factor.factor: bool(factor.evidence) for factor in factors.factors}
    ids, subjects = {rule.id for rule in content.rules}, subject_titles().keys() - SAME_SUBJECT.keys()
    for place, rule in enumerate(content.rules, start=1):
        at = f"rules №{place}"
        asked = [(f"{at}.when №{number}", condition) for number, condition in enumerate(rule.when, start=1)]
        for column, factor in [*((column, condition.factor) for column, condition in asked), (at, rule.factor)]:
            if factor and factor not in seen:
                yield Problem(file, f"фактор {quoted(factor)}", f"один из факторов файла risk_factors.yml: {', '.join(seen)}",
                              "исправьте имя фактора", column=f"{column}.factor")  # fmt: skip
        for column, condition in asked:
            if condition.factor and not seen.get(condition.factor, True):
                yield Problem(file, f"фактор {quoted(condition.factor)} без свидетельств: условие никогда не выполнится",
                              "фактор со свидетельствами", "задайте их в risk_factors.yml или уберите условие",
                              column=f"{column}.factor")  # fmt: skip
            if condition.subject and condition.subject not in subjects:
                yield Problem(file, f"предмет {quoted(condition.subject)}", f"один из предметов: {', '.join(sorted(subjects))}",
                              "исправьте имя предмета", column=f"{column}.subject")  # fmt: skip
            if condition.skill and condition.skill not in skills.names:
                yield Problem(file, f"умение {quoted(condition.skill)}",
                              f"одно из умений файла skills.yml: {', '.join(sorted(skills.names))}",
                              "исправьте имя умения", column=f"{column}.skill")  # fmt: skip
        for other in rule.excludes:
            if other == rule.id or other not in ids:
                found = "само это правило" if other == rule.id else f"правило {quoted(other)}, которого нет"
                yield Problem(file, found, "id другого правила этого файла", "исправьте или удалите",
                              column=f"{at}.excludes")  # fmt: skip


def _impossible(content: Recommendations, file: str) -> Iterator[Problem]:
    """Rules whose conditions no school can meet at once: of one kind of school two, or types that do not go together."""
    everything = {
        (f"{context}_{direction}", direction, context) for context, direction in product(CONTEXTS, DIRECTIONS)
    }
    everything |= {(tier, None, context) for tier, context in product(NO_CONCLUSION, CONTEXTS)}
    for place, rule in enumerate(content.rules, start=1):
        kinds = {condition.school_type for condition in rule.when if condition.school_type}
        left = {
            school for school in everything
            if all(getattr(c, name) in (None, value) for c in rule.when
                   for name, value in zip(("type", "direction", "context_class"), school, strict=True))
        }  # fmt: skip
        if not left or len(kinds) > 1:
            yield Problem(file, "условия, которые вместе не выполнятся ни у одной школы", "условия, которые бывают вместе",
                          "уберите лишнее или разделите правило на два", column=f"rules №{place}.when")  # fmt: skip
