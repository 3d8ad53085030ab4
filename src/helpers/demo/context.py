"""What schools report of themselves: social passports and staff, as rows by field name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from helpers.demo.region import YEARS, Region, school_year_start
from helpers.demo.schools import School

_SILENT = 6
"""How many schools a year leave an optional column empty."""

_SHARES = {
    "n_both_higher": (-1.35, 0.60),
    "n_one_higher": (-1.10, 0.10),
    "n_single_parent": (-0.97, -0.22),
    "n_large_family": (-1.75, -0.20),
    "n_low_income": (-1.60, -0.40),
    "n_supervised": (-3.55, -0.50),
    "n_at_risk": (-3.15, -0.50),
    "n_not_native_russian": (-3.0, -0.1),
}
"""Logit of a share where the context is average, and its slope on the context."""

_NOISE, _YEARLY_NOISE = 0.18, 0.03
_EVENING = {"n_supervised": 1.6, "n_at_risk": 1.6}
"""What is added to the logit in evening schools."""

_DISABLED, _MANY_DISABLED = (0.03, 0.08), (0.22, 0.28)
"""From what to what share of the pupils have disabilities, in ordinary schools and in those that have many."""

_WITH_MANY_DISABLED, _DISABLED_NOISE = 3, 0.004
_OVERLAP = 0.55
"""Share of the smaller of the two risk lists that stands in both."""

Record = dict[str, object]
Years = dict[int, dict[School, Record]]


def lasting_families(region: Region, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw what sets the families of each school apart for good: logits by field of the passport."""
    return {name: rng.normal(0, _NOISE, len(region.schools)) for name in _SHARES}


def passport_records(
    region: Region,
    lasting: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    years: Sequence[int] = YEARS,
    before: Mapping[School, Record] | None = None,
) -> Years:
    """Social passports by year and school, as of 1 September of the school year; counts of pupils.

    `before` are those of the year before the first one: a passport that repeats last year's is dirt, not chance.
    """
    yearly = {name: rng.normal(0, _YEARLY_NOISE, (len(region.schools), len(years))) for name in _SHARES}
    records: Years = {}
    for place, year in enumerate(years):
        last = {school.school_id: record for school, record in records.get(year - 1, before or {}).items()}
        records[year] = {}
        t = year - YEARS[0]
        for school in region.at(school_year_start(year)):
            j, pupils = school.index, int(region.pupils[school.index, t].sum())
            counts = {}
            for name, (level, slope) in _SHARES.items():
                logit = level + slope * region.context[j, t] + lasting[name][j] + yearly[name][j, place]
                logit += _EVENING.get(name, 0) * school.evening
                counts[name] = round(pupils / (1 + np.exp(-logit)))
            counts["n_one_higher"] = min(counts["n_one_higher"], pupils - counts["n_both_higher"])
            both = min(counts["n_supervised"], counts["n_at_risk"])
            overlap = max(round(_OVERLAP * both), min(both, 1))
            counts["n_supervised_or_at_risk"] = counts["n_supervised"] + counts["n_at_risk"] - overlap
            counts |= {"n_pupils": pupils}
            if counts.items() <= last.get(school.school_id, {}).items():
                counts["n_low_income"] += 1
            records[year][school] = _identity(school, school_year_start(year)) | counts
        _leave_blank(records[year], "n_not_native_russian", rng)
    return records


def lasting_disabilities(region: Region, rng: np.random.Generator) -> np.ndarray:
    """Draw the share of pupils with disabilities of each school: everywhere a few, in three of the project many."""
    share = rng.uniform(*_DISABLED, len(region.schools))
    able = [index for index in region.project if region.schools[index].ordinary and not region.schools[index].small]
    share[rng.choice(able, _WITH_MANY_DISABLED, replace=False)] = rng.uniform(*_MANY_DISABLED, _WITH_MANY_DISABLED)
    share[[school.school_type == "коррекционная" for school in region.schools]] = 1
    return share


def with_disabilities(records: Years, lasting: np.ndarray, rng: np.random.Generator) -> Years:
    """Add the pupils with disabilities to the passports."""
    yearly = rng.normal(0, _DISABLED_NOISE, (len(lasting), len(records)))
    shares = np.where(lasting[:, None] < 1, lasting[:, None] + yearly, 1)
    return {
        year: {
            school: record | {"n_disabilities": round(record["n_pupils"] * float(shares[school.index, t]))}
            for school, record in records[year].items()
        }
        for t, year in enumerate(records)
    }


def lasting_staff(region: Region, rng: np.random.Generator) -> np.ndarray:
    """Draw how much worse off for teachers each school is for good: logits."""
    return rng.normal(0, 0.25, len(region.schools))


def staff_records(region: Region, level: np.ndarray, rng: np.random.Generator, years: Sequence[int] = YEARS) -> Years:
    """Staff by year and school, as of 20 September of the school year."""
    records: Years = {}
    for year in years:
        records[year] = {}
        t = year - YEARS[0]
        for school in region.at(staff_date(year)):
            pupils = int(region.pupils[school.index, t].sum())
            worse = level[school.index] - 0.3 * region.context[school.index, t] + 0.3 * school.remote
            teachers = max(round(pupils / 14 + 5 + rng.normal(0, 0.6)), 3)
            posts = round(2 * (teachers * 1.35 + pupils / 60)) / 2
            records[year][school] = _identity(school, staff_date(year)) | {
                "posts": posts,
                "vacancies": round(2 * posts * _share(-2.9 + worse)) / 2,
                "n_teachers": teachers,
                "n_higher_category": round(teachers * _share(-1.1 - worse)),
                "n_first_category": round(teachers * _share(-0.9 - 0.3 * worse)),
                "n_higher_education": round(teachers * _share(1.6 - 0.6 * worse)),
                "n_experience_under_3": round(teachers * _share(-2.0 + 0.6 * worse)),
                "n_experience_over_20": round(teachers * _share(-0.1 - 0.3 * worse)),
            }
        _leave_blank(records[year], "n_first_category", rng)
    return records


def _leave_blank(records: dict[School, Record], name: str, rng: np.random.Generator) -> None:
    for place in rng.choice(len(records), _SILENT, replace=False):
        list(records.values())[place][name] = None


def staff_date(year: int) -> date:
    """20 September of the school year that ends in spring `year`."""
    return date(year - 1, 9, 20)


def _share(logit: float) -> float:
    return 1 / (1 + float(np.exp(-logit)))


def _identity(school: School, day: date) -> Record:
    return {"inn": school.inn, "kpp": school.kpp, "name": school.name(day)}
