"""Typed parameters of a report: everything that changes from one report to the next.

`params/method.yml` holds the rules with their sources, `params/<report>.yml`
what is particular to a report; the second is laid over the first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from helpers.problems import BadInput, Problem, quoted

Share = Annotated[float, Field(ge=0, le=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ColumnByYear = str | dict[int, str]


class Closed(BaseModel):
    """A table of keys that refuses the unknown and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Indicator(Closed):
    """One social indicator: `columns` added up, divided by `of` where given.

    `unit` says how the columns are written: `count` and `percent` become shares
    0–1, `score` (a ready-made index) stays as it is.
    """

    title: str
    columns: list[str] = Field(min_length=1)
    unit: Literal["share", "percent", "count", "score"]
    higher_is: Literal["better", "worse"]
    of: list[str] = []

    @model_validator(mode="after")
    def _count_needs_a_whole(self) -> Indicator:
        if self.unit == "count" and not self.of:
            raise ValueError("показателю в единицах count нужен ключ of: из чего считать долю")
        return self


class Result(Closed):
    """One assessment: what was measured, on how many pupils, in which columns.

    `value` and `n` name a column, or a column for each year where the years
    stand side by side. `grade_column` names the column by which schools take different
    tests; each grade is then compared with its own mean.
    """

    procedure: str
    title: str
    measure: Literal["mean", "share", "percent"]
    value: ColumnByYear
    n: ColumnByYear
    subject: str = "all"
    grade_column: str = ""
    pupil_sd: Annotated[float, Field(gt=0)] | None = None
    minimum: float | None = None
    maximum: float | None = None
    higher_is: Literal["better", "worse"] = "better"


class SchoolTable(Closed):
    """Where a ready table of schools keeps what the report needs."""

    file: str
    source: str
    licence: str
    school_id: str
    school_name: str
    group_id: str
    group_name: str
    n_pupils: str
    indicators: dict[Slug, Indicator] = Field(min_length=1)
    results: list[Result] = Field(min_length=1)
    year: str = ""
    school_type: str = ""
    school_types: dict[str, str] = {}
    left_out: list[str] = []
    locality: str = ""
    sheet: str = ""
    encoding: str = ""
    delimiter: Annotated[str, Field(max_length=1)] = ""


class Data(Closed):
    """The sources of the data, each by the adapter that reads it."""

    school_table: SchoolTable


class IndexRules(Closed):
    """Scale of the index of social wellbeing."""

    scale_mean: float
    scale_sd: Annotated[float, Field(gt=0)]
    base_year: int | None
    source: str


class OutcomeRules(Closed):
    """How results are averaged into the outcome."""

    same_cohort_correlation: Share
    procedure_weights: dict[str, Annotated[float, Field(ge=0)]]
    source: str


class ModelRules(Closed):
    """What the expectation is estimated on."""

    years_pooled: Annotated[int, Field(ge=1)]
    min_schools: Annotated[int, Field(ge=4)]
    source: str


class FlagRules(Closed):
    """When a school is named."""

    delta: Annotated[float, Field(ge=0, le=1)]
    persistent: Annotated[float, Field(ge=0.5, lt=1)]
    watch: Annotated[float, Field(ge=0.5, lt=1)]
    min_years: Annotated[int, Field(ge=1)]
    source: str

    @model_validator(mode="after")
    def _tiers_in_order(self) -> FlagRules:
        if self.watch > self.persistent:
            raise ValueError("порог watch не может быть выше порога persistent")
        return self


class SmallNRules(Closed):
    """Numbers of participants below which nothing is said."""

    model_fit: Annotated[int, Field(ge=1)]
    flag_each_year: Annotated[int, Field(ge=1)]
    pooled: Annotated[int, Field(ge=1)]
    source: str


class ContextClassRules(Closed):
    """Shares of schools that part the three context classes."""

    lower: Annotated[float, Field(gt=0, lt=1)]
    upper: Annotated[float, Field(gt=0, lt=1)]
    source: str

    @model_validator(mode="after")
    def _cuts_in_order(self) -> ContextClassRules:
        if self.lower >= self.upper:
            raise ValueError("доля lower должна быть меньше доли upper")
        return self


class PageRules(Closed):
    """How much a page shows."""

    cards: Annotated[int, Field(ge=0)]
    table_rows: Annotated[int, Field(ge=1)]
    source: str


class Params(Closed):
    """All parameters of one report."""

    title: str
    region: str
    years: list[Annotated[int, Field(ge=1900, le=2200)]] = Field(min_length=1)
    data: Data
    group_noun: list[str] = Field(
        default=["муниципалитет", "муниципалитета", "муниципалитетов"], min_length=3, max_length=3
    )
    open_data: str = ""
    year_notes: dict[int, str] = {}
    index: IndexRules
    outcome: OutcomeRules
    model: ModelRules
    flag: FlagRules
    small_n: SmallNRules
    context_class: ContextClassRules
    pages: PageRules

    @model_validator(mode="after")
    def _years_hang_together(self) -> Params:
        if self.years != sorted(set(self.years)):
            raise ValueError("годы years должны идти по возрастанию и не повторяться")
        if self.index.base_year not in (None, *self.years):
            raise ValueError(f"базового года {self.index.base_year} нет среди годов отчёта")
        for result in self.data.school_table.results:
            for by_year in (result.value, result.n):
                missing = set(self.years) - set(by_year) if isinstance(by_year, dict) else set()
                if missing:
                    raise ValueError(f"результат {result.procedure}: не назван столбец года {min(missing)}")
            if isinstance(result.value, str) and len(self.years) > 1 and not self.data.school_table.year:
                raise ValueError(f"результат {result.procedure}: нужен столбец для каждого года или ключ year")
        return self

    @property
    def base_year(self) -> int:
        """The year whose mean and spread the index scale is frozen at."""
        return self.index.base_year or self.years[0]

    @property
    def pooled_years(self) -> list[int]:
        """The last years whose effects are pooled."""
        return self.years[-self.model.years_pooled :]


_EXPECTED = {
    "missing": "значение",
    "extra_forbidden": "один из известных ключей",
    "int_type": "целое число",
    "float_type": "число",
    "string_type": "текст",
    "list_type": "список",
    "dict_type": "набор ключей",
    "bool_type": "true или false",
    "too_short": "не меньше элементов: {min_length}",
    "too_long": "не больше элементов: {max_length}",
    "string_too_long": "не больше знаков: {max_length}",
    "string_pattern_mismatch": "латинские строчные буквы, цифры и _",
    "greater_than": "число больше {gt}",
    "greater_than_equal": "число не меньше {ge}",
    "less_than": "число меньше {lt}",
    "less_than_equal": "число не больше {le}",
    "model_type": "набор ключей",
}


def load(path: Path, method: Path) -> Params:
    """Read a report's params over the method's rules.

    Parameters
    ----------
    path, method : Path
        The report's file and `params/method.yml`.

    Raises
    ------
    BadInput
        One problem for each wrong, missing or unknown key.
    """
    merged = _over(_read_yaml(method), _read_yaml(path))
    try:
        return Params.model_validate(merged)
    except ValidationError as error:
        raise BadInput(*(_problem(path.name, fault) for fault in error.errors())) from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadInput(
            Problem(
                file=path.name,
                row=mark.line + 1 if mark else None,
                found="текст, который не читается как YAML",
                expected="файл YAML в кодировке UTF-8",
                advice="проверьте отступы, двоеточия и кавычки в этой строке",
            )
        ) from None
    if not isinstance(content, dict):
        raise BadInput(
            Problem(
                file=path.name,
                found="пустой файл или список",
                expected="ключи и значения",
                advice="возьмите за образец params/california-2000.yml",
            )
        )
    return content


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Lay `top` over `base`, section by section."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _problem(file: str, fault: Any) -> Problem:
    """Say one pydantic error as a problem of the params file."""
    key = ".".join(str(part) for part in fault["loc"]) or "весь файл"
    kind = fault["type"]
    if kind == "value_error":
        return Problem(
            file=file,
            column=key,
            found="противоречие",
            expected=f"согласованные значения ({fault['ctx']['error']})",
            advice="исправьте один из ключей",
        )
    context = fault.get("ctx", {})
    if kind == "literal_error":
        expected = "одно из значений: " + context["expected"].replace(" or ", ", ")
    else:
        expected = _EXPECTED.get(kind, "значение другого вида").format(**context)
    found = {"missing": "пустое место", "extra_forbidden": "неизвестный ключ"}.get(kind, quoted(fault["input"]))
    advice = {
        "missing": "добавьте этот ключ",
        "extra_forbidden": "проверьте, нет ли опечатки, или удалите ключ",
    }.get(kind, "исправьте значение")
    return Problem(file=file, column=key, found=found, expected=expected, advice=advice)
