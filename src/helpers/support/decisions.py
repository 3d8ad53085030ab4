"""The calendar of the project year and the decisions of its protocol (`params/decisions.yml`)."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from helpers import tables
from helpers.params import Closed, Params, Text, load_yaml
from helpers.report import DECISIONS

_IN_HONOUR = re.compile(r"\b(?:им\.|имени) ?(?:[А-ЯЁ]\. ?){0,2}[А-ЯЁ][а-яё]+")
_INITIALS = r"[А-ЯЁ]\. ?(?:[А-ЯЁ]\. ?)?"
_SURNAME = r"\b[А-ЯЁ][а-яё]+"
_PERSON = re.compile(
    rf"\b{_INITIALS}{_SURNAME}|{_SURNAME} {_INITIALS}(?!\w)|{_SURNAME}(?:ович|евич|ьич|овна|евна|ична)\b"
)
"""A surname with initials, or a patronymic."""


def _not_a_person(text: str) -> str:
    if _PERSON.search(_IN_HONOUR.sub("", text)):
        raise PydanticCustomError("a_person", "a role or an organisation")
    return text


Owner = Annotated[Text, AfterValidator(_not_a_person)]


class Event(Closed):
    """What happens in the project year; a day is an event that ends on the day it begins."""

    title: Text
    from_date: date
    to_date: date | None = None
    owner: Owner

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Event:
        if self.to_date and self.to_date < self.from_date:
            raise ValueError("день to_date не раньше дня from_date")
        return self


class Decision(Closed):
    """A decision of the protocol; `finding` is the chapter that it follows from. Whether it is overdue is derived."""

    number: Annotated[int, Field(ge=1)]
    decision: Text
    owner: Owner
    deadline: date
    state: Literal["planned", "in_progress", "done"]
    finding: Literal[
        "index", "expectation", "flags", "federal", "context", "tutors", "risk", "recommendations", "teachers",
        "monitoring", "roadmaps",
    ]  # fmt: skip


class ProjectYear(Closed):
    """The calendar and the decisions of one project year, as they stood on the day `as_of`."""

    as_of: date
    source: Text
    calendar: list[Event] = Field(min_length=1)
    decisions: list[Decision] = Field(min_length=1)

    @model_validator(mode="after")
    def _numbers_differ(self) -> ProjectYear:
        numbers = [decision.number for decision in self.decisions]
        for number in numbers:
            if numbers.count(number) > 1:
                raise ValueError(f"у каждого решения свой номер number, а {number} повторён")
        return self


class DecisionRules(Closed):
    """The content of `params/decisions.yml`: of reports of other regions and years it says nothing."""

    region: Text
    years: dict[int, ProjectYear] = Field(min_length=1)

    def of(self, params: Params) -> ProjectYear | None:
        """What the report's last year has, if it is of this region."""
        return self.years.get(params.years[-1]) if self.region == params.region else None


def load_decisions() -> DecisionRules:
    """Read `params/decisions.yml`.

    Raises
    ------
    BadInput
        The file does not have the keys it should.
    """
    return load_yaml(DECISIONS, DecisionRules, "params/decisions.yml из репозитория")


def decisions(rules: DecisionRules, params: Params) -> pl.DataFrame:
    """List the decisions of the report's last year.

    Returns
    -------
    DataFrame
        Table `decisions`: `state` is planned, in_progress, done or overdue (not done, and the deadline is before
        `as_of_date`). By number; empty where the file has none of the region and the year.
    """
    ours = rules.of(params)
    if ours is None:
        return tables.empty("decisions")
    rows = [
        item.model_dump() | {"state": _state(item, ours.as_of), "as_of_date": ours.as_of} for item in ours.decisions
    ]
    return pl.DataFrame(rows, schema=tables.CONTRACT["decisions"].types).sort("number")


def _state(decision: Decision, as_of: date) -> str:
    late = decision.state != "done" and decision.deadline < as_of
    return "overdue" if late else decision.state


def project_calendar(rules: DecisionRules, params: Params) -> pl.DataFrame:
    """List what happens in the project year, by days.

    Returns
    -------
    DataFrame
        Table `project_calendar`: `state` on `as_of_date` is planned, in_progress or done. Empty as `decisions`.
    """
    ours = rules.of(params)
    if ours is None:
        return tables.empty("project_calendar")
    events = sorted(ours.calendar, key=lambda event: (event.from_date, event.to_date or event.from_date, event.title))
    rows = [
        {
            "number": number, "title": event.title, "from_date": event.from_date,
            "to_date": event.to_date or event.from_date, "owner": event.owner, "state": _passed(event, ours.as_of),
            "as_of_date": ours.as_of,
        }
        for number, event in enumerate(events, start=1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.CONTRACT["project_calendar"].types)


def _passed(event: Event, as_of: date) -> str:
    if event.from_date > as_of:
        return "planned"
    return "done" if (event.to_date or event.from_date) < as_of else "in_progress"
