"""Tutor schools: who helps whom, at the least cost for all supported schools together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl

from helpers import tables
from helpers.measure.outcome import CELL
from helpers.model.flags import FLAGGED
from helpers.params import TutorRules
from helpers.problems import BadInput, Problem, quoted

_DIGITS = 6
"""Costs that agree to so many decimals are equal: the order of ids then decides, not the machine's rounding."""
SAME_SUBJECT = {"math_profile": "math", "math_basic": "math"}
"""Streams of an exam that are taught as one subject."""


def tutors(
    supported: pl.DataFrame,
    flags: pl.DataFrame,
    index: pl.DataFrame,
    schools: pl.DataFrame,
    results: pl.DataFrame,
    rules: TutorRules,
    year: int,
) -> pl.DataFrame:
    """Lead every supported school to a tutor, or say why it has none.

    The cost of a pair is the distance in social indicators (SDs), and what is added for another type of school, another
    locality, travel, and the share of the school's weak subjects in which the tutor is not strong. What is not known of a
    pair costs the neutral values of the rules and is named in `missing`.

    Parameters
    ----------
    supported : DataFrame
        What `supported_schools` gives.
    flags, index, schools, results : DataFrame
        Tables `flags`, `wellbeing_index`, `schools`, `results`.
    rules : TutorRules
    year : int

    Returns
    -------
    DataFrame
        Table `tutors`. place 1: the tutor assigned (`status` assigned) or none (`none`, no tutor_id); from 2 on the nearest
        others (`alternative`), be they taken by other schools or too far. `reach`: same_group, reachable, remote.
        `tutor_why`: above, innovation_site. `weak_subjects` of the school, `subjects`: those in which the tutor is strong; `missing`: of
        school_context, tutor_context, school_results, tutor_results, school_type, locality. `reason`: pinned, nearest (the sum
        over all schools is least); no_candidates, banned, too_far, no_capacity.

    Raises
    ------
    BadInput
        Pins, bans and lists of the rules that contradict each other or name what is not there.
    """
    now = schools.filter(pl.col("year") == year)
    offered = candidates(supported, flags, now, rules)
    faults = list(_faults(supported, offered, now, rules))
    if faults:
        raise BadInput(*faults)
    if supported.is_empty():
        return tables.empty("tutors")
    pairs = _pairs(supported, offered, _profiles(index, now, results, rules, year), rules)
    return _told(supported, pairs, rules)


def candidates(supported: pl.DataFrame, flags: pl.DataFrame, now: pl.DataFrame, rules: TutorRules) -> pl.DataFrame:
    """Schools that may be tutors.

    Named above expectation, or innovation sites; there is enough data of them, and they are not supported themselves.

    Returns
    -------
    DataFrame
        tutor_id, tutor_why (above, innovation_site, or both joined by a comma); by tutor_id.
    """
    above = flags.filter(pl.col("direction") == "above", pl.col("tier").is_in(FLAGGED)).select(
        "school_id", why=pl.lit("above")
    )
    sites = flags.filter(pl.col("tier") != "insufficient_data", pl.col("school_id").is_in(rules.innovation_sites))
    return (
        pl.concat([above, sites.select("school_id", why=pl.lit("innovation_site"))])
        .join(now, on="school_id", how="semi")
        .join(supported, on="school_id", how="anti")
        .group_by(tutor_id="school_id")
        .agg(tutor_why=pl.col("why").sort().str.join(","))
        .sort("tutor_id")
    )


def assignment(costs: np.ndarray, cap: int, unmatched: np.ndarray) -> np.ndarray:
    """Assign rows to columns at the least total cost, a column to `cap` rows at most.

    Parameters
    ----------
    costs : ndarray, rows × columns
        Infinite where a pair may not be.
    cap : int
    unmatched : ndarray, rows
        What a row without a column costs; infinite where it must have one.

    Returns
    -------
    ndarray of int
        The column of each row; −1 for none.
    """
    rows = len(costs)
    seats = np.repeat(np.arange(costs.shape[1]), cap)
    nobody = np.repeat(unmatched[:, None], rows, axis=1)
    from scipy.optimize import linear_sum_assignment  # late: a fifth of a second for those who only check files

    _, taken = linear_sum_assignment(np.hstack([costs[:, seats], nobody]))
    return np.append(seats, np.full(rows, -1))[taken]


def standing(results: pl.DataFrame, year: int, min_participants: int) -> pl.DataFrame:
    """How a school's share of low results in a subject stands in the region.

    The share of low results less that of all pupils of the same procedure and grade, over the school's participants,
    in standard deviations of schools.

    Returns
    -------
    DataFrame
        school_id, subject, z (above zero: more low results than in the region). Results of biased procedures and of such as are
        not compared, subjects with fewer participants, and subjects in which all schools are alike are left out.
    """
    n = pl.col("n_participants")
    share = (pl.col("share_low") * n).sum() / n.sum()
    return (
        comparable(results, year)
        .with_columns(excess=pl.col("share_low") - share.over(CELL))
        .with_columns(pl.col("subject").replace(SAME_SUBJECT))
        .group_by("school_id", "subject")
        .agg(n.sum(), excess=(pl.col("excess") * n).sum() / n.sum())
        .filter(n >= min_participants)
        .sort("school_id", "subject")
        .with_columns(sd=pl.col("excess").std().over("subject"))
        .filter(pl.col("sd") > 0)
        .select("school_id", "subject", z=pl.col("excess") / pl.col("sd"))
    )


def comparable(results: pl.DataFrame, year: int) -> pl.DataFrame:
    """A year's rows with a share of low results that stands comparison, be they chosen for the outcome or not."""
    return results.filter(
        pl.col("year") == year,
        pl.col("share_low").is_not_null(),
        pl.col("set_aside").fill_null("not_chosen") == "not_chosen",
    )


def _profiles(
    index: pl.DataFrame, now: pl.DataFrame, results: pl.DataFrame, rules: TutorRules, year: int
) -> pl.DataFrame:  # fmt: skip
    """What of each school enters the cost: type, place, z_ indicators, weak and strong subjects; null: not known."""
    subjects = standing(results, year, rules.min_participants).group_by("school_id").agg(
        weak=pl.col("subject").filter(pl.col("z") >= rules.subject_z).sort(),
        strong=pl.col("subject").filter(pl.col("z") <= -rules.subject_z).sort(),
    )  # fmt: skip
    return (
        now.select("school_id", "school_type", "locality", "group_name")
        .join(index.filter(pl.col("year") == year).select("school_id", "^z_.*$"), on="school_id", how="left")
        .join(subjects, on="school_id", how="left")
    )


def _pairs(supported: pl.DataFrame, offered: pl.DataFrame, profiles: pl.DataFrame, rules: TutorRules) -> pl.DataFrame:
    """Every school with every candidate: what is alike, what of it is not known (null), the cost; by both ids."""
    theirs = profiles.rename(lambda name: "tutor_id" if name == "school_id" else f"tutor_{name}")
    z = [name for name in profiles.columns if name.startswith("z_")]
    squares = pl.sum_horizontal([(pl.col(name) - pl.col(f"tutor_{name}")) ** 2 for name in z], ignore_nulls=False)
    together = [pl.col("group_name", "tutor_group_name").is_in(group) for group in rules.reachable]
    met = pl.col("weak").list.set_intersection("strong_of_tutor")
    described = (
        supported.select("school_id")
        .join(profiles, on="school_id", how="left")
        .join(offered.join(theirs, on="tutor_id", how="left").rename({"tutor_strong": "strong_of_tutor"}), how="cross")
        .sort("school_id", "tutor_id")
        .with_columns(
            distance=(squares / len(z)).sqrt(),
            same_type=pl.col("school_type") == pl.col("tutor_school_type"),
            same_locality=pl.col("locality") == pl.col("tutor_locality"),
            same_group=pl.col("group_name") == pl.col("tutor_group_name"),
            travelled=pl.any_horizontal(pl.lit(False), *(pl.all_horizontal(pair) for pair in together)),
            met=met,
            unmet=pl.when(pl.col("weak").list.len() == 0)
            .then(0.0)
            .otherwise(1 - met.list.len() / pl.col("weak").list.len()),
        )
    )
    reach = pl.when("same_group").then(pl.lit("same_group")).when("travelled").then(pl.lit("reachable"))
    return described.with_columns(reach=reach.otherwise(pl.lit("remote"))).select(
        "school_id", "tutor_id", "tutor_why", "distance", "same_group", "reach", "same_type", "same_locality",
        weak_subjects=_joined("weak"), subjects=_joined("met"), missing=_missing(), cost=_cost(rules).round(_DIGITS),
    )  # fmt: skip


def _joined(subjects: str) -> pl.Expr:
    return pl.when(pl.col(subjects).list.len() > 0).then(pl.col(subjects).list.sort().list.join(","))


def _cost(rules: TutorRules) -> pl.Expr:
    weights, unknown = rules.weights, rules.unknown_share
    by_reach = {"same_group": 0.0, "reachable": weights.reachable, "remote": weights.remote}
    return (
        weights.context * pl.col("distance").fill_null(rules.unknown_distance)
        + weights.school_type * (~pl.col("same_type")).cast(pl.Float64).fill_null(unknown)
        + weights.locality * (~pl.col("same_locality")).cast(pl.Float64).fill_null(unknown)
        + pl.col("reach").replace_strict(by_reach, return_dtype=pl.Float64)
        + weights.subjects * pl.col("unmet").fill_null(unknown)
    )


def _missing() -> pl.Expr:
    """Codes of what is not known of a pair, joined by commas; null where all is known."""
    z = pl.col("^z_.*$").is_null()
    unknown = {
        "school_context": pl.any_horizontal(z),
        "tutor_context": pl.any_horizontal(pl.col("^tutor_z_.*$").is_null()),
        "school_results": pl.col("weak").is_null(),
        "tutor_results": pl.col("strong_of_tutor").is_null(),
        "school_type": pl.col("same_type").is_null(),
        "locality": pl.col("same_locality").is_null(),
    }
    codes = pl.concat_str(
        [pl.when(null).then(pl.lit(code)) for code, null in unknown.items()], separator=",", ignore_nulls=True
    )
    return pl.when(codes != "").then(codes)


def _told(supported: pl.DataFrame, pairs: pl.DataFrame, rules: TutorRules) -> pl.DataFrame:
    """Table `tutors`: the assigned tutor or none, then the alternatives."""
    banned = pl.struct("school_id", "tutor_id").is_in(
        [{"school_id": s, "tutor_id": t} for s, of in rules.bans.items() for t in of]
    )
    chosen = _chosen(supported["school_id"], pairs.with_columns(banned=banned), rules)
    others = pl.col("status") == "alternative"
    listed = (
        pairs.filter(~banned)
        .join(chosen, on="school_id")
        .with_columns(
            status=pl.when(pl.col("tutor_id") == pl.col("chosen_id"))
            .then(pl.lit("assigned"))
            .otherwise(pl.lit("alternative"))
        )
        .sort("school_id", others, "cost", "tutor_id")
        .with_columns(
            place=others.cum_sum().over("school_id").cast(pl.Int64) + 1, reason=pl.when(~others).then("reason")
        )
        .filter(pl.col("place") <= 1 + rules.alternatives)
    )
    nobody = chosen.filter(pl.col("chosen_id").is_null()).select(
        "school_id", "reason", place=pl.lit(1, pl.Int64), status=pl.lit("none")
    )  # fmt: skip
    columns = list(tables.CONTRACT["tutors"].types)
    return pl.concat([listed, nobody], how="diagonal").select(columns).sort("school_id", "place")


def _chosen(schools: pl.Series, pairs: pl.DataFrame, rules: TutorRules) -> pl.DataFrame:
    """school_id, chosen_id (null: nobody), reason."""
    offered = pairs["tutor_id"].unique().sort()
    shape = (len(schools), len(offered))
    costs = np.where(pairs["banned"], np.inf, pairs["cost"]).reshape(shape)
    unmatched = np.full(len(schools), rules.max_cost)
    pinned = [rules.pins.get(school) for school in schools]
    for row, tutor in enumerate(pinned):
        if tutor:
            costs[row] = np.where(offered == tutor, 0.0, np.inf)
            unmatched[row] = np.inf
    taken = assignment(costs, rules.cap, unmatched)
    return pl.DataFrame(
        {
            "school_id": schools,
            "chosen_id": [offered[int(column)] if column >= 0 else None for column in taken],
            "reason": [
                "pinned" if pin else "nearest" if column >= 0 else _why_nobody(row, rules.max_cost)
                for pin, column, row in zip(pinned, taken, costs, strict=True)
            ],
        },
        schema={"school_id": pl.String, "chosen_id": pl.String, "reason": pl.String},
    )


def _why_nobody(costs: np.ndarray, max_cost: float) -> str:
    if not len(costs):
        return "no_candidates"
    if not np.isfinite(costs).any():
        return "banned"
    return "too_far" if costs.min() > max_cost else "no_capacity"


def _faults(supported: pl.DataFrame, offered: pl.DataFrame, now: pl.DataFrame, rules: TutorRules) -> Iterator[Problem]:
    """What in the rules contradicts itself or names what is not there."""
    known, helped, tutor_ids = (
        set(column) for column in (now["school_id"], supported["school_id"], offered["tutor_id"])
    )
    named = [("innovation_sites", school) for school in rules.innovation_sites]
    named += [(f"pins.{school}", code) for school, tutor in rules.pins.items() for code in (school, tutor)]
    named += [(f"bans.{school}", code) for school, of in rules.bans.items() for code in (school, *of)]
    for key, code in named:
        if code not in known:
            yield _problem(key, quoted(code), "код школы, которая есть в последнем году отчёта", "исправьте код")
    for group in sorted({name for groups in rules.reachable for name in groups} - set(now["group_name"])):
        yield _problem("reachable", quoted(group), "название муниципалитета из реестра школ", "исправьте название")
    for school, tutor in rules.pins.items():
        if school in known and school not in helped:
            yield _problem(
                f"pins.{school}", quoted(school), "школа, которой помогают", "удалите строку: тьютор ей не нужен"
            )
        if tutor in helped:
            yield _problem(f"pins.{school}", f"тьютор {quoted(tutor)}, которому самому помогают", "школа-тьютор из кандидатов",
                           "назначьте другого тьютора")  # fmt: skip
        elif tutor in known and tutor not in tutor_ids:
            yield _problem(f"pins.{school}", f"тьютор {quoted(tutor)} — не кандидат",
                           "школа выше ожидаемого или инновационная площадка, о которой достаточно данных",
                           "назначьте другого тьютора или внесите школу в innovation_sites")  # fmt: skip
        if tutor in rules.bans.get(school, []):
            yield _problem(f"pins.{school}", f"пара {quoted(school)} и {quoted(tutor)} и закреплена, и запрещена",
                           "что-то одно", "удалите её из pins или из bans")  # fmt: skip
    for tutor, number in Counter(rules.pins.values()).items():
        if number > rules.cap:
            yield _problem("pins", f"за тьютором {quoted(tutor)} закреплено школ: {number}", f"не больше cap: {rules.cap}",
                           "уберите лишние или увеличьте cap")  # fmt: skip


def _problem(key: str, found: str, expected: str, advice: str) -> Problem:
    return Problem(
        file="файл параметров", column=f"support.tutors.{key}", found=found, expected=expected, advice=advice
    )
