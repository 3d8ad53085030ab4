"""Typed parameters of a report: everything that changes from one report to the next.

`params/method.yml` holds the rules with their sources, `params/<report>.yml`
what is particular to a report; the second is laid over the first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from helpers.problems import BadInput, Problem, quoted

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


Share = Annotated[float, Field(ge=0, le=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
ColumnByYear = Annotated[str | dict[int, str], PlainValidator(_column_by_year)]


class Closed(BaseModel):
    """A table of keys that refuses the unknown and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


ClosedModel = TypeVar("ClosedModel", bound=Closed)


class Indicator(Closed):
    """One social indicator: `columns` added up, divided by `of` where given.

    `unit` says how the columns are written: `count` and `percent` become shares
    0–1, `score` (a ready-made index) stays as it is.
    """

    title: Text
    columns: list[Text] = Field(min_length=1)
    unit: Literal["share", "percent", "count", "score"]
    higher_is: Literal["better", "worse"]
    of: list[Text] = []

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
    school_types: dict[str, str] = {}
    left_out: list[str] = []
    locality: str = ""
    sheet: str = ""
    header_row: Annotated[int, Field(ge=1)] | None = None
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    no_data: list[Text] = []
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
    left_out: list[str] = []

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


class IndexReliabilityRules(Closed):
    """Reliability λ of the index, and what is known of it.

    `origin`: `parallel` (alpha of indicators from independent sources), `retest` (correlation of two years: an upper
    bound, lasting error does not show), `raters` (intraclass correlation) or `assumption`. Without `value` the
    report's own alpha or retest stands for it.
    """

    value: Annotated[float, Field(gt=0, le=1)] | None
    origin: Literal["parallel", "retest", "raters", "assumption"]
    source: Text

    @model_validator(mode="after")
    def _value_or_estimate(self) -> IndexReliabilityRules:
        if self.value is None and self.origin in ("raters", "assumption"):
            raise ValueError(f"число от 0 до 1 в ключе value: при origin: {self.origin} надёжность не оценивается")
        return self


class IndexRules(Closed):
    """Scale of the index of social wellbeing."""

    scale_mean: float
    scale_sd: Annotated[float, Field(gt=0)]
    base_year: int | None
    carry_forward_years: Annotated[int, Field(ge=0)]
    reliability: IndexReliabilityRules
    expert_weights: dict[str, Annotated[float, Field(gt=0)]]
    source: Text


class OutcomeRules(Closed):
    """How results are averaged into the outcome."""

    same_cohort_correlation: Share
    next_year_correlation: Share
    procedure_weights: dict[str, Annotated[float, Field(ge=0)]]
    min_results: Annotated[int, Field(ge=1)]
    source: Text

    @model_validator(mode="after")
    def _same_day_is_nearer(self) -> OutcomeRules:
        # else the errors of several subjects in two years could have no covariance matrix
        if self.next_year_correlation > self.same_cohort_correlation:
            raise ValueError("next_year_correlation не больше same_cohort_correlation")
        return self


class ModelRules(Closed):
    """What the expectation is estimated on."""

    years_pooled: Annotated[int, Field(ge=1)]
    min_schools: Annotated[int, Field(ge=4)]
    source: Text


class FlagRules(Closed):
    """When a school is named."""

    delta: Annotated[float, Field(ge=0, le=1)]
    persistent: Annotated[float, Field(ge=0.5, lt=1)]
    watch: Annotated[float, Field(ge=0.5, lt=1)]
    min_years: Annotated[int, Field(ge=1)]
    min_spec_share: Share
    source: Text

    @model_validator(mode="after")
    def _tiers_in_order(self) -> FlagRules:
        if self.watch > self.persistent:
            raise ValueError("порог watch не выше порога persistent")
        return self


class SmallNRules(Closed):
    """Numbers of participants below which nothing is said."""

    model_fit: Annotated[int, Field(ge=1)]
    flag_each_year: Annotated[int, Field(ge=1)]
    pooled: Annotated[int, Field(ge=1)]
    source: Text


class ContextClassRules(Closed):
    """Shares of schools that part the three context classes."""

    lower: Annotated[float, Field(gt=0, lt=1)]
    upper: Annotated[float, Field(gt=0, lt=1)]
    source: Text

    @model_validator(mode="after")
    def _cuts_in_order(self) -> ContextClassRules:
        if self.lower >= self.upper:
            raise ValueError("доля lower меньше доли upper")
        return self


class SpecificationRules(Closed):
    """The defensible choices over which stability is judged; every combination is fitted.

    `index`, `outcome`, `weights`, `form`, `sample`: variants by name, the first of each is the report's own.
    `reliability`: assumed reliabilities of the index; `alpha` stands for the estimated one.
    """

    index: list[Literal["equal", "pca", "cross_fitted", "rank", "expert"]] = Field(min_length=1)
    outcome: list[Literal["all", "gia9", "no_vpr", "low"]] = Field(min_length=1)
    weights: list[Literal["paule_mandel", "participants", "equal"]] = Field(min_length=1)
    form: list[Literal["linear", "quadratic", "remote"]] = Field(min_length=1)
    reliability: list[Annotated[float, Field(gt=0, le=1)] | Literal["alpha"]] = Field(min_length=1)
    sample: list[Literal["all", "without_influential"]] = Field(min_length=1)
    source: Text


class FederalRules(Closed):
    """The federal rule of low results (ШНОР), as of the year that it is quoted from."""

    share_low: Share
    min_procedures: Annotated[int, Field(ge=1)]
    min_n: Annotated[int, Field(ge=1)] | None
    year_of_rule: int
    source: Text


class SimulationRules(Closed):
    """How regions with a planted truth are redrawn: `truth` is the persistent effect beyond which a school is deviant."""

    runs: Annotated[int, Field(ge=10)]
    seed: int
    truth: Annotated[float, Field(gt=0)]
    small_n: Annotated[int, Field(ge=1)]
    source: Text


class RankRules(Closed):
    """How rank intervals are drawn."""

    draws: Annotated[int, Field(ge=100)]
    level: Annotated[float, Field(gt=0, lt=1)]
    seed: int
    source: Text


class SimilarRules(Closed):
    """How many schools of like context stand beside a school."""

    k: Annotated[int, Field(ge=1)]
    source: Text


class TutorWeights(Closed):
    """What a pair of a supported school and a tutor costs: `context` by SD of distance, the others where they differ."""

    context: Annotated[float, Field(ge=0)]
    school_type: Annotated[float, Field(ge=0)]
    locality: Annotated[float, Field(ge=0)]
    reachable: Annotated[float, Field(ge=0)]
    remote: Annotated[float, Field(ge=0)]
    subjects: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _near_is_cheaper(self) -> TutorWeights:
        if self.reachable > self.remote:
            raise ValueError("вес reachable не больше веса remote")
        return self


class TutorRules(Closed):
    """How supported schools are led to tutor schools.

    `cap` is the most schools of one tutor, `max_cost` the cost beyond which a tutor is no help. `unknown_distance` (SD)
    and `unknown_share` (0–1) stand for what is not known of a pair. A school is weak in a subject from `subject_z` SDs of
    schools above the region's share of low results, strong as far below it. `reachable` lists groups of municipalities,
    by name, between which one travels; `innovation_sites` schools that are tutors by status. `pins` give a
    school its tutor, `bans` forbid it some.
    """

    weights: TutorWeights
    cap: Annotated[int, Field(ge=1)]
    alternatives: Annotated[int, Field(ge=0)]
    max_cost: Annotated[float, Field(gt=0)]
    unknown_distance: Annotated[float, Field(ge=0)]
    unknown_share: Share
    subject_z: Annotated[float, Field(gt=0)]
    min_participants: Annotated[int, Field(ge=1)]
    reachable: list[Annotated[list[Text], Field(min_length=2)]]
    innovation_sites: list[Text]
    pins: dict[str, Text]
    bans: dict[str, Annotated[list[Text], Field(min_length=1)]]


class SupportRules(Closed):
    """How schools are helped."""

    tutors: TutorRules
    source: Text


class DisclosureRules(Closed):
    """What the public edition of data that are not open hides.

    `least_n`: participants of a cell that may be shown; `least_count`: counts from one up to this are not shown;
    `extreme_n`: participants from which «everyone» and «no one» may be shown; `width`: people, what is hidden may be
    known no closer; `least_schools`: schools of a cell that may be shown; `region_only`: procedures shown for the
    region alone; `districts`: which municipality is published under which district when it is small; `named`: ids of
    schools above expectation that have agreed to be named.
    """

    least_n: Annotated[int, Field(ge=1)]
    least_count: Annotated[int, Field(ge=1)]
    extreme_n: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    least_schools: Annotated[int, Field(ge=2)]
    region_only: list[str] = []
    districts: dict[str, str] = {}
    named: list[str] = []
    source: Text


class AttackRules(Closed):
    """What a reader is assumed to know without the site when the public edition is attacked (`report attack`).

    `participants`: how many people took part in each assessment and how many pupils a passport counts, by municipality;
    `kinds`: the schools of a kind on which nothing is concluded.
    """

    participants: bool
    kinds: bool
    source: Text


class PageRules(Closed):
    """How much a page shows; `cards` without a number: a card for every school of the last year."""

    cards: Annotated[int, Field(ge=0)] | None
    table_rows: Annotated[int, Field(ge=1)]
    source: Text


class BuildRules(Closed):
    """How long a cell of a notebook may take, in seconds; how many cards and pages of groups run in one job."""

    cell_seconds: Annotated[int, Field(ge=1)]
    batch_pages: Annotated[int, Field(ge=1)]
    source: Text


class EarlierReport(Closed):
    """A report of an earlier year on the same site: its name, its title, and whether its numbers may be compared."""

    report: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Text
    note: Text


class Tile(Closed):
    """Where a municipality stands on the tile map, and its short name there."""

    row: Annotated[int, Field(ge=1)]
    column: Annotated[int, Field(ge=1)]
    short: Text


class QuestionRules(Closed):
    """Whom the senders of the data answer, and until when: words of the workbooks with questions to the data."""

    contact: str = ""
    deadline: date | None = None


class Params(Closed):
    """All parameters of one report.

    `earlier` lists the reports of earlier years, the newest first; `tiles` gives each municipality, by name, its place on
    the tile map (none: no map).
    """

    title: Text
    region: Text
    years: list[Annotated[int, Field(ge=1900, le=2200)]] = Field(min_length=1)
    data: Data
    group_noun: list[str] = Field(
        default=["муниципалитет", "муниципалитета", "муниципалитетов"], min_length=3, max_length=3
    )
    open_data: str = ""
    year_notes: dict[int, str] = {}
    earlier: list[EarlierReport] = []
    tiles: dict[str, Tile] = {}
    questions: QuestionRules = QuestionRules()
    index: IndexRules
    outcome: OutcomeRules
    model: ModelRules
    flag: FlagRules
    small_n: SmallNRules
    context_class: ContextClassRules
    specifications: SpecificationRules
    simulation: SimulationRules
    federal: FederalRules
    ranks: RankRules
    similar: SimilarRules
    support: SupportRules
    disclosure: DisclosureRules
    attack: AttackRules
    pages: PageRules
    build: BuildRules

    @model_validator(mode="after")
    def _years_hang_together(self) -> Params:
        if self.years != sorted(set(self.years)):
            raise ValueError("годы years по возрастанию и без повторов")
        if self.index.base_year not in (None, *self.years):
            raise ValueError(f"базовый год base_year из списка years, а года {self.index.base_year} там нет")
        for result in self.data.school_table.results if self.data.school_table else []:
            for by_year in (result.value, result.n):
                missing = set(self.years) - set(by_year) if isinstance(by_year, dict) else set()
                if missing:
                    raise ValueError(f"у результата {result.procedure} столбец каждого года, а {min(missing)} нет")
            if isinstance(result.value, str) and len(self.years) > 1 and not self.data.school_table.year:
                raise ValueError(f"ключ year или у результата {result.procedure} свой столбец каждого года")
        unknown = sorted(self.index.expert_weights.keys() - self.described.indicators.keys())
        if unknown:
            raise ValueError(f"в expert_weights показатели из indicators, а {unknown[0]} там нет")
        if "expert" in self.specifications.index and not self.index.expert_weights:
            raise ValueError("к варианту индекса expert ключ index.expert_weights: вес каждого показателя")
        strange = sorted(self.year_notes.keys() - set(self.years))
        if strange:
            raise ValueError(f"в year_notes годы из списка years, а {strange[0]} там нет")
        procedures = {result.procedure for result in self.described.results}
        unknown = sorted(self.outcome.procedure_weights.keys() - procedures)
        if unknown:
            raise ValueError(f"в procedure_weights названия из results.procedure, а {unknown[0]} там нет")
        places = [(tile.row, tile.column) for tile in self.tiles.values()]
        for name, tile in self.tiles.items():
            if places.count((tile.row, tile.column)) > 1:
                raise ValueError(f"у каждой плитки tiles своё место, а место плитки {quoted(name)} занято дважды")
        return self

    @property
    def described(self) -> SchoolTable | RegionFiles:
        """What the report is made from: indicators, results, source, whoever reads the files."""
        return self.data.school_table or self.data.region_files

    @property
    def base_year(self) -> int:
        """The year whose mean and spread the index scale is frozen at."""
        return self.index.base_year or self.years[0]

    @property
    def pooled_years(self) -> list[int]:
        """The last years whose effects are pooled."""
        return self.years[-self.model.years_pooled :]


_EXPECTED = {
    "missing": "ключ со значением",
    "extra_forbidden": "один из известных ключей",
    "invalid_key": "один из известных ключей",
    "column_by_year": "название столбца или такое название для каждого года",
    "text_or_number": "текст или число",
    "encoding": "название кодировки, например utf-8 или cp1251",
    "int_type": "целое число",
    "float_type": "число (дробь пишется через точку)",
    "finite_number": "конечное число",
    "string_type": "текст",
    "string_too_short": "непустой текст",
    "list_type": "список",
    "dict_type": "набор ключей",
    "model_type": "набор ключей",
    "too_short": "элементов не меньше {min_length}",
    "too_long": "элементов не больше {max_length}",
    "date_type": "дата вида 2021-10-31, без кавычек",
    "month_day": "месяц и день вида 10-31",
    "deadline": "дата вида 2021-10-31 или месяц и день вида 10-31",
    "a_person": "роль или организация, без фамилии и отчества",
    "string_pattern_mismatch": "имя из латинских строчных букв, цифр и _",
    "greater_than": "число больше {gt:g}",
    "greater_than_equal": "число не меньше {ge:g}",
    "less_than": "число меньше {lt:g}",
    "less_than_equal": "число не больше {le:g}",
}
_ADVICE = {
    "missing": "добавьте этот ключ",
    "extra_forbidden": "исправьте или удалите ключ",
    "invalid_key": "исправьте или удалите ключ",
    "string_type": "исправьте значение; код, число или слово да/нет возьмите в кавычки",
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

    Notes
    -----
    Where the report changes rules of a section and names no source, the method's source
    would vouch for values that are not its own: the source then says that there is none.
    """
    rules, own = _read_yaml(method), _read_yaml(path)
    for name, section in own.items():
        if isinstance(section, dict) and "source" in rules.get(name, {}):
            section.setdefault("source", f"{path.name}: {', '.join(section)} изменены, источник не назван")

    def blamed(loc: list[Any]) -> str:
        return (method if _stands_in(rules, loc) and not _stands_in(own, loc) else path).name

    return _validated(Params, _over(rules, own), blamed)


def load_yaml(path: Path, model: type[ClosedModel], pattern: str) -> ClosedModel:
    """Read a YAML file as a model; `pattern` is a file to write it after.

    Raises
    ------
    BadInput
        One problem for each wrong, missing or unknown key.
    """
    return _validated(model, _read_yaml(path, pattern), lambda _: path.name)


def _validated(model: type[ClosedModel], content: dict[str, Any], blamed: Callable[[list[Any]], str]) -> ClosedModel:
    """Check content against a model; `blamed` names the file where the value at a path stands."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = []
        for fault in error.errors():
            loc = [part for part in fault["loc"] if part != "[key]"]
            if fault["type"] == "invalid_key":
                loc[-1] = str(fault["input"]).lower()
            problems.append(_problem(blamed(loc), loc, fault))
        raise BadInput(*problems) from None


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters of control and halves of characters: no page, no workbook can hold them."""


_LARGEST = 10**15
"""No number of the params is larger."""


class _RepeatedKey(yaml.MarkedYAMLError):
    """A key stands twice in one mapping, where YAML would quietly take the last."""


class _Unreadable(yaml.MarkedYAMLError):
    """A value is none of what its form or its tag promises."""


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
            raise _Unreadable(problem=quoted(getattr(node, "value", "")), problem_mark=node.start_mark) from None
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise _Unreadable(problem=f"число из {len(node.value)} знаков", problem_mark=node.start_mark)
        if isinstance(value, str) and _UNSEEN.search(value):
            raise _Unreadable(problem=f"управляющий знак в тексте {quoted(value)}", problem_mark=node.start_mark)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise _RepeatedKey(problem=f"второй ключ {quoted(name)}", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path, pattern: str = "params/california-2000.yml") -> dict[str, Any]:
    def fault(found: str, expected: str, advice: str, row: int | None = None) -> BadInput:
        return BadInput(Problem(file=path.name, row=row, found=found, expected=expected, advice=advice))

    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except UnicodeDecodeError:
        raise fault(
            "текст в другой кодировке", "файл YAML в кодировке UTF-8", "сохраните файл в кодировке UTF-8"
        ) from None
    except _RepeatedKey as error:
        row = error.problem_mark.line + 1
        raise fault(error.problem, "каждый ключ один раз", "оставьте один из двух ключей", row) from None
    except _Unreadable as error:
        row, expected = error.problem_mark.line + 1, "число, день или текст"
        raise fault(error.problem, expected, "исправьте значение или возьмите его в кавычки", row) from None
    except RecursionError:
        raise fault(
            "скобки или отступы глубже всякой меры", "ключи в два-три уровня", "исправьте скобки и отступы"
        ) from None
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # the latter of tags that promise another form
        mark = getattr(error, "problem_mark", None)
        raise fault(
            "текст, который не читается как YAML",
            "строки вида «ключ: значение» с отступами из пробелов",
            "проверьте отступы, двоеточия, скобки и кавычки" + (" здесь и строкой выше" if mark else ""),
            mark.line + 1 if mark else None,
        ) from None
    if not isinstance(content, dict):
        raise fault(
            "пустой файл" if content is None else _shown(content),
            "набор ключей со значениями",
            f"возьмите за образец {pattern}",
        )
    return content


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Lay `top` over `base`, section by section."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _stands_in(content: Any, loc: list[Any]) -> bool:
    """Whether a file's content has a value at the path `loc`."""
    for part in loc:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _problem(file: str, loc: list[Any], fault: Any) -> Problem:
    """Say one pydantic error as a problem of the params file."""
    # a number in a path is a place in a list or, if it is that large, a year
    path = "".join(f" №{part + 1}" if isinstance(part, int) and part < 1000 else f".{part}" for part in loc)
    kind, context = fault["type"], fault.get("ctx", {})
    found, advice = _shown(fault["input"]), _ADVICE.get(kind, "исправьте значение")
    if kind == "value_error":
        found, expected, advice = "несогласованные значения", str(context["error"]), "исправьте одно из них"
    elif kind == "literal_error":
        expected = "одно из значений: " + context["expected"].replace(" or ", ", ")
    else:
        expected = _EXPECTED.get(kind, "значение другого вида").format(**context)
    if kind == "missing":
        found = "ключа нет"
    elif kind in ("extra_forbidden", "invalid_key"):
        near = difflib.get_close_matches(str(loc[-1]), _known_keys(), n=1, cutoff=0.75)
        found = "неизвестный ключ" + (f", похожий на {quoted(near[0])}" if near else "")
    return Problem(file=file, column=path.removeprefix("."), found=found, expected=expected, advice=advice)


def _known_keys() -> set[str]:
    return {key for section in Closed.__subclasses__() for key in section.model_fields}


def _shown(value: Any) -> str:
    """Show a value of a params file as its writer sees it."""
    if value is None:
        return "пустое место"
    if isinstance(value, bool):
        return quoted(str(value).lower())
    if isinstance(value, dict | list):
        return ("набор ключей" if isinstance(value, dict) else "список") + f", элементов {len(value)}"
    return quoted(value)
