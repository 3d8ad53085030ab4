"""The calendar of comparability: which procedure was held in which year; what was not held is not missing."""

from __future__ import annotations

import polars as pl
from pydantic import Field, model_validator

from helpers.params import Closed, Text, load_yaml
from helpers.report import PROCEDURES


class Session(Closed):
    """One procedure in one year. `compared`: whether its results may stand beside those of other years."""

    held: bool = True
    season: str = ""
    grades: list[int] = Field(default=[])
    subjects: list[str] = Field(default=[])
    compared: bool = True
    reason: str = ""

    @model_validator(mode="after")
    def _reasoned(self) -> Session:
        if not self.reason and not (self.held and self.compared and not self.subjects):
            raise ValueError("ключ reason: почему процедуры не было, почему она не сравнивается или сокращена")
        if self.held and not (self.season and self.grades):
            raise ValueError("ключи season и grades у процедуры, которая была")
        return self


class Procedure(Closed):
    """A procedure and its years."""

    title: Text
    years: dict[int, Session] = Field(min_length=1)


class Calendar(Closed):
    """The content of `params/procedures.yml`."""

    source: Text
    procedures: dict[str, Procedure]

    def session(self, procedure: str, year: int) -> Session | None:
        """What is known of a procedure in a year; None if nothing."""
        known = self.procedures.get(procedure)
        return known.years.get(year) if known else None

    def table(self, years: list[int]) -> pl.DataFrame:
        """Table `calendar`: a row for each procedure and year."""
        rows = [
            {
                "year": year, "procedure": code, "title": procedure.title, "held": session.held,
                "compared": session.held and session.compared, "season": session.season,
                "grades": ", ".join(map(str, session.grades)), "subjects": ", ".join(session.subjects),
                "reason": session.reason,
            }
            for code, procedure in self.procedures.items()
            for year, session in procedure.years.items()
            if year in years
        ]  # fmt: skip
        schema = {"year": pl.Int64, "procedure": pl.String, "title": pl.String, "held": pl.Boolean,
                  "compared": pl.Boolean, "season": pl.String, "grades": pl.String, "subjects": pl.String,
                  "reason": pl.String}  # fmt: skip
        return pl.DataFrame(rows, schema=schema)


def load_calendar() -> Calendar:
    """Read `params/procedures.yml`.

    Raises
    ------
    BadInput
        The file does not have the keys it should.
    """
    return load_yaml(PROCEDURES, Calendar, "params/procedures.yml из репозитория")
