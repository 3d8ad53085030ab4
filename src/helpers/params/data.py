"""Where the data of a report come from: files, their columns, indicators and results."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from helpers.params.base import Closed, Slug, Text

_TAKEN = {
    *("year", "school_id", "school_name", "group_id", "group_name", "school_type", "locality", "in_model"),
    *("why_excluded", "n_pupils", "n_participants", "index", "context_class"),
}
"""Columns of our own tables: no indicator may be called so."""


def _column_by_year(value: Any) -> Any:
    """Accept a column, or a mapping from years to columns; one error where pydantic's union gives two."""
    by_year = value.items() if isinstance(value, dict) else [(0, value)]
    if all(type(year) is int and isinstance(column, str) and column for year, column in by_year):
        return value
    raise PydanticCustomError("column_by_year", "a column or a mapping from years to columns")


def _known_encoding(name: str) -> str:
    try:
        "".encode(name or "utf-8")
    except LookupError:
        raise PydanticCustomError("encoding", "an encoding that Python knows") from None
    return name


ColumnByYear = Annotated[str | dict[int, str], PlainValidator(_column_by_year)]


class Indicator(Closed):
    """One social indicator: `columns` added up, divided by `of` where given.

    `unit` says how the columns are written: `count` and `percent` become shares
    0–1, `score` (a ready-made index) stays as it is.
    """

    title: Text
    columns: list[Text] = Field(min_length=1)
    unit: Literal["share", "percent", "count", "score"]
    higher_is: Literal["better", "worse"]
    of: list[Text] = Field(default=[])

    @model_validator(mode="after")
    def _count_needs_a_whole(self) -> Indicator:
        if self.unit == "count" and not self.of:
            raise ValueError("при unit: count назван и ключ of — столбцы, от суммы которых считать долю")
        return self


class Assessment(Closed):
    """One assessment that enters the outcome: a procedure and subject, and how its results are to be read.

    `pupil_sd` is the standard deviation over all pupils, where neither the shares of marks nor the data tell it.
    """

    procedure: Text
    title: Text
    measure: Literal["mean"] = "mean"
    subject: str = "all"
    pupil_sd: Annotated[float, Field(gt=0)] | None = None
    higher_is: Literal["better", "worse"] = "better"


class Result(Assessment):
    """An assessment in a school table: what was measured, on how many pupils, in which columns.

    `value` and `n` name a column, or a column for each year where the years
    stand side by side. `grade_column` names the column by which schools take different
    tests; each grade is then compared with its own mean.
    """

    measure: Literal["mean", "share", "percent"]
    value: ColumnByYear
    n: ColumnByYear
    grade_column: str = ""
    minimum: float | None = None
    maximum: float | None = None


class SchoolTable(Closed):
    """Where a ready table of schools keeps what the report needs.

    `header_row` is the number of the row in which the header begins (empty: the first filled one), `header_rows` how many
    rows it takes; titles of several rows are joined as `верх / низ`. `no_data`: words of this table that mean «no data».
    """

    file: Text
    source: Text
    licence: Text
    school_id: Text
    school_name: Text
    group_id: Text
    group_name: Text
    n_pupils: Text
    indicators: dict[Slug, Indicator] = Field(min_length=1)
    results: list[Result] = Field(min_length=1)
    year: str = ""
    school_type: str = ""
    school_types: dict[str, str] = Field(default={})
    left_out: list[str] = Field(default=[])
    locality: str = ""
    sheet: str = ""
    header_row: Annotated[int, Field(ge=1)] | None = None
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    no_data: list[Text] = Field(default=[])
    encoding: Annotated[str, AfterValidator(_known_encoding)] = ""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""

    @model_validator(mode="after")
    def _names_are_free(self) -> SchoolTable:
        for name in self.indicators:
            if name in _TAKEN:
                raise ValueError(f"у показателя {name} другое имя: это занято таблицами отчёта")
        names = [(result.procedure, result.subject, result.grade_column) for result in self.results]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"у каждого результата свои procedure или subject, а {name[0]} повторён")
        if self.left_out and not self.school_type:
            raise ValueError("к ключу left_out ключ school_type: столбец, где назван вид школы")
        return self


class RegionFiles(Closed):
    """What the year's files of a region, as the centre receives them, are to the report.

    Which column of a file means what stands in `intake/layouts/`. Indicators name fields of the social
    passport; `results` are the assessments that enter the outcome, all others are read and shown.
    """

    source: Text
    licence: Text
    indicators: dict[Slug, Indicator] = Field(min_length=1)
    results: list[Assessment] = Field(min_length=1)
    left_out: list[str] = Field(default=[])

    @property
    def school_types(self) -> dict[str, str]:
        return {}


class Data(Closed):
    """The source of the data, by the adapter that reads it; exactly one."""

    school_table: SchoolTable | None = None
    region_files: RegionFiles | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        if (self.school_table is None) == (self.region_files is None):
            raise ValueError("один из ключей school_table и region_files")
        return self
