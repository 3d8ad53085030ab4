"""Addressed recommendations: what of the rules each school's data trigger, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import polars as pl
from scipy.special import ndtri

from helpers import tables
from helpers.intake.subjects import subject_titles
from helpers.support.risk import LEVEL_TEXT, LEVELS, percent
from helpers.support.rule_table import NO_CONCLUSION, Condition, Recommendations, Rule, check_deadlines, same
from helpers.support.tutors import SAME_SUBJECT, comparable

READS = ("schools", "flags", "results", "knowledge", "diagnostics")
"""Tables that conditions look at, beside the profiles of risk and of skills."""
_CONTEXT = {"disadvantaged": "неблагоприятный", "middle": "средний", "advantaged": "благополучный"}
_DIRECTION = {"below": "ниже ожидаемых", "within": "без явного отклонения", "above": "выше ожидаемых"}
_TIER = {
    "dependent": "вывод зависит от допущений",
    "preliminary": "вывод предварительный: мало участников или лет",
    "insufficient_data": "для вывода недостаточно данных",
    "outside": "вид школы описывается отдельно",
}
_NOT_ENOUGH = ("preliminary", "insufficient_data")
"""Tiers of schools that more data might give another type."""
_COMPETENCE = {
    "subject": "предметная компетенция", "method": "методическая компетенция", "psychology": "психолого-педагогическая компетенция",
    "communication": "коммуникативная компетенция", "all": "все компетенции",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What conditions are judged by, of one year. Keys: school, or school and factor, subject, skill or competence."""

    levels: Mapping[tuple[str, str], dict]
    subjects: Mapping[tuple[str, str], list[tuple[str, float, float]]]
    skills: Mapping[tuple[str, str], dict]
    competences: Mapping[tuple[str, str], tuple[float, float]]
    flags: Mapping[str, dict]
    school_types: Mapping[str, str]


def gather(profile: pl.DataFrame, skills: pl.DataFrame, sources: Mapping[str, pl.DataFrame], year: int) -> Facts:
    """Collect what conditions are judged by.

    Parameters
    ----------
    profile, skills : DataFrame
        Tables `risk_profile` and `skill_profile`.
    sources : mapping
        The tables of `READS` by name.
    year : int
    """
    by_source = {
        "ВПР, ОГЭ и ЕГЭ": comparable(sources["results"], year),
        "мониторинг знаний": sources["knowledge"].filter(pl.col("year") == year, pl.col("share_low").is_not_null()),
    }
    subjects: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    n = pl.col("n_participants")
    for source, rows in by_source.items():
        by_subject = rows.group_by("school_id", pl.col("subject").replace(SAME_SUBJECT))
        shares = by_subject.agg((pl.col("share_low") * n).sum() / n.sum(), n.sum())
        for school, subject, share, people in shares.sort("school_id", "subject").iter_rows():
            subjects.setdefault((school, subject), []).append((source, share, people))
    tested = sources["diagnostics"].filter(pl.col("year") == year).group_by("school_id", "competence")
    tested = tested.agg(share=pl.col("n_low").sum() / pl.col("n_finished").sum(), n=pl.col("n_finished").sum())
    return Facts(
        levels={(row["school_id"], row["factor"]): row for row in profile.iter_rows(named=True)},
        subjects=subjects,
        skills={(row["school_id"], row["skill"]): row for row in skills.iter_rows(named=True)},
        competences={(school, competence): (share, people) for school, competence, share, people in tested.iter_rows()},
        flags={row["school_id"]: row for row in sources["flags"].iter_rows(named=True)},
        school_types=dict(
            sources["schools"].filter(pl.col("year") == year).select("school_id", "school_type").iter_rows()
        ),
    )


def judged(supported: pl.DataFrame, facts: Facts, content: Recommendations) -> pl.DataFrame:
    """Put every rule to every supported school.

    Returns
    -------
    DataFrame
        school_id, place (of the rule in the file), rule_id, verdict (true: triggered; null: the data do not tell),
        because (what the data say to each condition).
    """
    rows = []
    for school, (place, rule) in product(supported["school_id"], enumerate(content.rules)):
        said = [_judge(condition, school, facts, content) for condition in rule.when]
        verdicts = [verdict for verdict, _ in said]
        verdict = False if False in verdicts else None if None in verdicts else True
        rows.append((school, place, rule.id, verdict, "; ".join(text for _, text in said)))
    schema = {
        "school_id": pl.String,
        "place": pl.Int64,
        "rule_id": pl.String,
        "verdict": pl.Boolean,
        "because": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _judge(condition: Condition, school: str, facts: Facts, content: Recommendations) -> tuple[bool | None, str]:
    """Whether a condition holds (null: not known), and what the data say to it."""
    match condition.asks:
        case "factor":
            return _judge_factor(condition, facts.levels.get((school, condition.factor)))
        case "subject":
            found = [
                item for item in facts.subjects.get((school, condition.subject), []) if item[2] >= content.min_works
            ]
            return _judge_subject(condition, found)
        case "skill":
            return _judge_skill(condition, facts.skills.get((school, condition.skill)), content)
        case "competence":
            return _judge_competence(
                condition, *facts.competences.get((school, condition.competence), (None, 0)), content.min_teachers
            )
        case "school_type":
            kind = facts.school_types.get(school)
            return None if kind is None else kind == condition.school_type, f"вид школы — {kind}"
        case _:
            return _judge_flag(condition, facts.flags.get(school))


def _judge_factor(condition: Condition, row: dict | None) -> tuple[bool | None, str]:
    if row is None or row["level"] is None:
        return None, "о факторе нет данных"
    holds = LEVELS.index(row["level"]) >= LEVELS.index(condition.level)
    return holds, f"фактор «{row['title']}», значимость {LEVEL_TEXT[row['level']]}: {row['evidence']}"


def _judge_subject(condition: Condition, found: list[tuple[str, float, float]]) -> tuple[bool | None, str]:
    title = subject_titles()[condition.subject]
    if not found:
        return None, f"{title}: нет данных"
    source, share, people = max(found, key=lambda item: item[1])
    share = round(share, 3)
    text = f"{title}: низких результатов {percent(share)} (граница — {percent(condition.share_low)}; {source}, работ: {people:.0f})"
    return share >= condition.share_low, text


def _judge_skill(condition: Condition, row: dict | None, content: Recommendations) -> tuple[bool | None, str]:
    """A school is behind in a skill if it is by so much, and by anything at all with the asked confidence."""
    if row is None or row["n_participants"] < content.min_works:
        return None, "умение: нет данных"
    deficit = round(row["deficit"], 3)
    certain = deficit > ndtri(content.confidence) * row["deficit_se"]
    text = (
        f"{row['title']}: набрано {percent(row['share_done'])} баллов, а у школ с такими же остальными заданиями — "
        f"{percent(row['expected'])} (граница — на {100 * condition.behind:g} п. п. меньше; работ: "
        f"{row['n_participants']:.0f}); слабее всего задание {row['weakest_task']} ({row['weakest_grade']} класс): "
        f"{percent(row['weakest_done'])}, в регионе — {percent(row['weakest_region'])}"
    )
    return bool(certain and deficit >= condition.behind), text


def _judge_competence(condition: Condition, share: float | None, people: float, min_n: int) -> tuple[bool | None, str]:
    title = f"диагностика педагогов, {_COMPETENCE[condition.competence]}"
    if share is None or people < min_n:
        return None, f"{title}: нет данных"
    share = round(share, 3)
    text = f"{title}: низкий уровень у {percent(share)} (граница — {percent(condition.share_low)}; диагностик: {people:.0f})"
    return share >= condition.share_low, text


def _judge_flag(condition: Condition, row: dict | None) -> tuple[bool | None, str]:
    """A condition on direction, type or context class; too little data may hide any direction."""
    asked = condition.asks
    if row is None or (asked == "context_class" and row["context_class"] is None):
        return None, "о школе нет вывода"
    if row[asked] == getattr(condition, asked):
        return True, _said_of(row) if asked != "context_class" else f"контекст {_CONTEXT[row['context_class']]}"
    hidden = asked != "context_class" and row["tier"] in _NOT_ENOUGH and getattr(condition, asked) not in NO_CONCLUSION
    return None if hidden else False, _said_of(row)


def _said_of(row: dict) -> str:
    context = f", контекст {_CONTEXT[row['context_class']]}" if row["context_class"] else ""
    return (f"результаты {_DIRECTION[row['direction']]}" if row["direction"] else _TIER[row["tier"]]) + context


def recommendations(verdicts: pl.DataFrame, content: Recommendations, year: int) -> pl.DataFrame:
    """What each school is advised to do, by when, and because of what.

    Parameters
    ----------
    verdicts : DataFrame
        What `judged` gives.
    content : Recommendations
    year : int
        The report's year.

    Returns
    -------
    DataFrame
        Table `recommendations`, a school's rows by deadline. A measure that several rules give stands once, with all reasons
        joined. `conflict_with`: ids of triggered rules that exclude this one, or that it excludes. A school with no triggered
        rule has one row without `rule_id`, and says so in `because`.

    Raises
    ------
    BadInput
        A dated deadline that is over before the report.
    """
    rules = {rule.id: rule for rule in content.rules}
    check_deadlines(content, year)
    rows = []
    for (school,), of_school in verdicts.sort("school_id", "place").group_by("school_id", maintain_order=True):
        triggered = of_school.filter(pl.col("verdict").fill_null(False))
        because = dict(triggered.select("rule_id", "because").iter_rows())
        advised = [_row(school, alike, because, rules, year) for alike in _by_measure([rules[i] for i in because])]
        advised.sort(key=lambda row: row["deadline_date"])
        advised = advised or [{"school_id": school, "because": _nothing(of_school["verdict"].null_count())}]
        rows += [{"number": number, **row} for number, row in enumerate(advised, start=1)]
    return pl.DataFrame(rows, schema=tables.CONTRACT["recommendations"].types)


def _row(school: str, alike: list[Rule], because: dict[str, str], rules: dict[str, Rule], year: int) -> dict:
    """One recommendation from the triggered rules that give the same measure."""
    first = alike[0]
    ids = {rule.id for rule in alike}
    conflicts = [
        i for i in because if i not in ids and any(i in rule.excludes or rule.id in rules[i].excludes for rule in alike)
    ]
    return {
        "school_id": school,
        "rule_id": first.id,
        "measure": first.measure,
        "owner": first.owner,
        "deadline_date": first.due(year),
        "document": first.document,
        "because": "; также ".join(dict.fromkeys(because[rule.id] for rule in alike)),
        "factor": next((rule.answers for rule in alike if rule.answers), None),
        "conflict_with": ", ".join(conflicts) or None,
    }


def _by_measure(triggered: list[Rule]) -> list[list[Rule]]:
    groups: dict[str, list[Rule]] = {}
    for rule in triggered:
        groups.setdefault(same(rule.measure), []).append(rule)
    return list(groups.values())


def _nothing(undecided: int) -> str:
    if not undecided:
        return "ни одно правило не сработало: по данным школы отдельных мер не требуется"
    return f"ни одно правило не сработало; не хватило данных, чтобы судить, по правилам: {undecided}"


def rule_coverage(verdicts: pl.DataFrame, content: Recommendations) -> pl.DataFrame:
    """How far the rules reach.

    Returns
    -------
    DataFrame
        Table `rule_coverage`: n_triggered schools, n_undecided (data were missing), never_triggered.
    """
    counted = verdicts.group_by("rule_id").agg(
        n_triggered=pl.col("verdict").sum().cast(pl.Int64), n_undecided=pl.col("verdict").null_count().cast(pl.Int64)
    )
    listed = pl.DataFrame(
        [(rule.id, rule.measure) for rule in content.rules], schema=["rule_id", "measure"], orient="row"
    )
    return listed.join(counted, on="rule_id", maintain_order="left").with_columns(
        never_triggered=pl.col("n_triggered") == 0
    )
