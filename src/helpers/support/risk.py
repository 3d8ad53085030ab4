"""The risk profile of a school: the ten factors of Проект 500+, how grave each is, and by what evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import Field, model_validator

from helpers import tables
from helpers.measure.outcome import entering
from helpers.params import Closed, Slug, Text, load_yaml
from helpers.problems import BadInput, Problem, quoted
from helpers.report import RISK_FACTORS

READS = ("staff", "passports", "questionnaires", "diagnostics", "results", "knowledge")
"""Tables in which the evidence lies."""
LEVELS = ("low", "medium", "high")
LEVEL_TEXT = {"low": "низкая", "medium": "средняя", "high": "высокая"}
_ROLE_TEXT = {"pupils": "учеников", "parents": "родителей", "teachers": "педагогов", "heads": "администрации"}
_SHARE_DIGITS, _ANSWER_DIGITS = 3, 2
"""What is printed is what is compared: a share in tenths of a percent, an answer in hundredths."""
_NOTHING = dict.fromkeys(("level", "value", "measure", "source_file"))


@dataclass(frozen=True)
class Share:
    """A measure that is a share: `part` of `whole`, two columns of `table` added up over a school's rows of a year.

    `weighted`: the part is a share itself, of the whole. `only` names the rows of the table that are added.
    """

    table: str
    part: str
    whole: str
    title: str
    counted: str
    weighted: bool = False
    only: Mapping[str, str] = field(default_factory=dict)


MEASURES = {
    "vacancies": Share("staff", "vacancies", "posts", "вакантных ставок", "ставок"),
    "novices": Share("staff", "n_experience_under_3", "n_teachers", "педагогов со стажем до 3 лет", "педагогов"),
    "low_diagnostics": Share(
        "diagnostics",
        "n_low",
        "n_finished",
        "педагогов с низким уровнем по диагностике",
        "педагогов",
        only={"competence": "all"},
    ),
    "disabilities": Share("passports", "n_disabilities", "n_pupils", "учеников с ОВЗ", "учеников"),
    "not_native_russian": Share(
        "passports", "n_not_native_russian", "n_pupils", "учеников, для которых русский язык не родной", "учеников"
    ),
    "supervised_or_at_risk": Share(
        "passports", "n_supervised_or_at_risk", "n_pupils", "учеников на учёте и (или) в группе риска", "учеников"
    ),
    "low_income": Share("passports", "n_low_income", "n_pupils", "учеников из малообеспеченных семей", "учеников"),
    "low_results": Share(
        "results", "share_low", "n_participants", "низких результатов ВПР, ОГЭ и ЕГЭ", "результатов", weighted=True
    ),
    "low_knowledge": Share(
        "knowledge",
        "share_low",
        "n_participants",
        "низких результатов мониторинга знаний",
        "результатов",
        weighted=True,
    ),
}
"""The measures that are shares, by name. The other one is `answers`, the mean of a questionnaire's items."""


class Evidence(Closed):
    """One sign of a factor: a measure and from what value on the factor is of medium and of high importance."""

    measure: Literal[*MEASURES, "answers"]
    medium: Annotated[float, Field(ge=0, le=5)]
    high: Annotated[float, Field(ge=0, le=5)]
    role: Literal["pupils", "parents", "teachers", "heads"] | None = None
    items: list[Text] = Field(default=[])

    @model_validator(mode="after")
    def _hangs_together(self) -> Evidence:
        answers = self.measure == "answers"
        if answers != (self.role is not None and bool(self.items)) or (not answers and (self.role or self.items)):
            raise ValueError("ключи role и items у measure: answers, у других мер — ни одного из них")
        if answers and not 1 <= self.high < self.medium <= 5:
            raise ValueError("у answers граница high ниже границы medium, обе от 1 до 5: чем меньше согласия, тем хуже")
        if not answers and not self.medium < self.high <= 1:
            raise ValueError("у доли граница high выше границы medium, обе от 0 до 1")
        return self


class Factor(Closed):
    """A factor of risk and its evidence; without any it is never known."""

    factor: Slug
    title: Text
    evidence: list[Evidence]


class RiskFactors(Closed):
    """The content of `params/risk_factors.yml`."""

    source: Text
    min_n: Annotated[int, Field(ge=1)]
    factors: list[Factor] = Field(min_length=1)


def load_risk_factors(path: Path = RISK_FACTORS) -> RiskFactors:
    """Read `params/risk_factors.yml`.

    Raises
    ------
    BadInput
        Wrong, missing or unknown keys; a factor or a piece of evidence that stands there twice.
    """
    rules = load_yaml(path, RiskFactors, "params/risk_factors.yml из репозитория")
    named = Counter(factor.factor for factor in rules.factors)
    faults = [
        Problem(path.name, f"фактор {quoted(name)} описан {number} раза", "каждый фактор один раз",
                "соедините свидетельства под одним фактором", column="factors")
        for name, number in named.items() if number > 1
    ]  # fmt: skip
    for place, factor in enumerate(rules.factors, start=1):
        said = Counter((piece.measure, piece.role, tuple(sorted(piece.items))) for piece in factor.evidence)
        faults += [
            Problem(path.name, f"мера {quoted(measure)} у фактора {quoted(factor.factor)} дважды", "каждое свидетельство один раз",
                    "оставьте одно", column=f"factors №{place}.evidence")
            for (measure, *_), number in said.items() if number > 1
        ]  # fmt: skip
    if faults:
        raise BadInput(*faults)
    return rules


def risk_profile(
    supported: pl.DataFrame, sources: Mapping[str, pl.DataFrame], rules: RiskFactors, year: int
) -> pl.DataFrame:
    """Judge every factor of every supported school.

    Parameters
    ----------
    supported : DataFrame
        What `supported_schools` gives.
    sources : mapping
        The tables of `READS` by name.
    rules : RiskFactors
    year : int

    Returns
    -------
    DataFrame
        Table `risk_profile`: `level` is the gravest that the evidence shows (low, medium, high; null: no data), `evidence`
        (in Russian), `value`, `measure` and `source_file` are of the piece that shows it, `others` tells the other pieces.

    Raises
    ------
    BadInput
        Items that no questionnaire has: a name that is misspelt would pass for «нет данных».
    """
    _check_items(sources["questionnaires"], rules)
    rows = []
    for factor in rules.factors:
        of_school = [(piece, _by_school(measured(piece, sources, year))) for piece in factor.evidence]
        for school in supported["school_id"]:
            findings = [_finding(piece, found.get(school), rules.min_n) for piece, found in of_school]
            rows.append({"school_id": school, "factor": factor.factor, "title": factor.title, **_gravest(findings)})
    return pl.DataFrame(rows, schema=tables.CONTRACT["risk_profile"].types)


def measured(piece: Evidence, sources: Mapping[str, pl.DataFrame], year: int) -> pl.DataFrame:
    """Compute a measure for every school of which there is something in a year.

    Returns
    -------
    DataFrame
        school_id, value (a share 0–1, or an answer 1–5; null where the whole is zero), n (how many it is of), source_file.
    """
    if piece.measure == "answers":
        rows = sources["questionnaires"].filter(role=piece.role).filter(pl.col("item").is_in(piece.items))
        answered = pl.col("n_answers").filter(pl.col("mean").is_not_null()).sum()
        return _of_year(rows, year, (pl.col("mean") * pl.col("n_answers")).sum() / answered, pl.col("n_answers").min())
    share = MEASURES[piece.measure]
    rows = sources[share.table]
    if share.table == "results":
        rows = entering(rows)
    if share.part not in rows.columns:
        return _of_year(rows.clear(), year, pl.lit(None, pl.Float64), pl.lit(None, pl.Float64))
    part, whole = pl.col(share.part), pl.col(share.whole)
    rows = rows.filter(*(pl.col(name) == word for name, word in share.only.items())).filter(part.is_not_null())
    return _of_year(rows, year, (part * whole if share.weighted else part).sum() / whole.sum(), whole.sum())


def _of_year(rows: pl.DataFrame, year: int, value: pl.Expr, n: pl.Expr) -> pl.DataFrame:
    return (
        rows.filter(pl.col("year") == year)
        .group_by("school_id")
        .agg(value=value, n=n, source_file=pl.col("source_file").unique().sort().str.join(", "))
        .with_columns(pl.col("value").fill_nan(None))
        .sort("school_id")
    )


def _by_school(found: pl.DataFrame) -> dict[str, dict]:
    return {row["school_id"]: row for row in found.iter_rows(named=True)}


def _finding(piece: Evidence, found: dict | None, min_n: int) -> dict:
    """What one piece of evidence says of one school: level, evidence, value, measure, source_file."""
    if found is None or found["value"] is None:
        return _NOTHING | {"evidence": f"{_title(piece)}: нет данных"}
    if found["n"] < min_n:
        return _NOTHING | {"evidence": f"{_title(piece)}: нет данных ({_counted(piece)} меньше {min_n})"}
    value = round(found["value"], _ANSWER_DIGITS if piece.measure == "answers" else _SHARE_DIGITS)
    level = _level(piece, value)
    return {
        "level": level,
        "value": value,
        "measure": piece.measure,
        "source_file": found["source_file"],
        "evidence": f"{_title(piece)} — {shown(piece, value)} ({LEVEL_TEXT[level]}: {_border(piece, level)})",
    }


def _level(piece: Evidence, value: float) -> str:
    worse = -1 if piece.measure == "answers" else 1
    reached = [level for level in ("medium", "high") if worse * value >= worse * getattr(piece, level)]
    return reached[-1] if reached else "low"


def _gravest(findings: list[dict]) -> dict:
    """The finding of the gravest level, the first of equals, with what the others say."""
    if not findings:
        return _NOTHING | {"evidence": "нет данных: свидетельства не заданы"}
    worst = max(findings, key=lambda finding: -1 if finding["level"] is None else LEVELS.index(finding["level"]))
    others = [finding for finding in findings if finding is not worst]
    return worst | {"others": "; ".join(finding["evidence"] for finding in others) or None}


def shown(piece: Evidence, value: float) -> str:
    """A value of a measure as a reader sees it: 12,5 % or 3,25."""
    return f"{value:.{_ANSWER_DIGITS}f}".replace(".", ",") if piece.measure == "answers" else percent(value)


def percent(share: float) -> str:
    """A share in percent, in tenths where there are any: 12,5 %."""
    return f"{100 * share:.1f}".removesuffix(".0").replace(".", ",") + "\u00a0%"


def _border(piece: Evidence, level: str) -> str:
    border = shown(piece, piece.medium if level == "low" else getattr(piece, level))
    if piece.measure == "answers":
        return f"выше {border}" if level == "low" else f"{border} и ниже"
    return f"меньше {border}" if level == "low" else f"от {border}"


def _title(piece: Evidence) -> str:
    if piece.measure != "answers":
        return MEASURES[piece.measure].title
    return f"ответы {_ROLE_TEXT[piece.role]} «{'», «'.join(piece.items)}»"


def _counted(piece: Evidence) -> str:
    return "ответов" if piece.measure == "answers" else MEASURES[piece.measure].counted


def _check_items(questionnaires: pl.DataFrame, rules: RiskFactors) -> None:
    """Refuse items that nobody of their role was ever asked, where anybody was asked anything."""
    asked = set(questionnaires.select("role", "item").iter_rows())
    faults = [
        Problem(RISK_FACTORS.name, f"утверждение {quoted(item)}", f"утверждение анкеты {_ROLE_TEXT[piece.role]}, как в её файле",
                "исправьте текст утверждения", column=f"factors №{place}.evidence №{number}.items")
        for place, factor in enumerate(rules.factors, start=1)
        for number, piece in enumerate(factor.evidence, start=1)
        for item in piece.items
        if asked and (piece.role, item) not in asked
    ]  # fmt: skip
    if faults:
        raise BadInput(*faults)
