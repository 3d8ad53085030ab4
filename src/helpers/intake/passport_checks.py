"""Checks of the social passports: what a school says of its pupils must be possible, counted once and of this year."""

from __future__ import annotations

import statistics

import polars as pl

from helpers.intake.findings import decimal, percent
from helpers.intake.records import Intake
from helpers.params import Indicator
from helpers.problems import Problem

_ZEROS_FROM = 100
"""From how many pupils a school without a single case of anything is not believed."""
_BOTH_HIGHER_RURAL = 0.60
"""Above what share of pupils with two graduate parents a village's passport is questioned."""
_BOTH_HIGHER = 0.90
_UNION_FROM = 10
"""From what sum on a union that equals it exactly is questioned: in small schools nobody may be on both lists."""

_UNITS_TIMES = 1.8
"""How many times all of a municipality's shares must have changed from year to year to be questioned."""
_UNITS_PARTS = 3
"""How many shares must have changed so."""
_UNITS_FROM = 10
"""From how many children of a kind on its share is compared."""


def absent_school(
    passports: pl.DataFrame, schools: pl.DataFrame, intake: Intake, refused: set[tuple[int, str]]
) -> None:
    """Schools of the registry without a passport, in years all of whose passports could be read."""
    for year in sorted(year for year in set(passports["year"]) if (year, "passport") not in refused):
        alive = schools.filter(year=year)
        without = alive.join(passports.filter(year=year), on="school_id", how="anti").sort("school_id")
        for school_id, name, place in without.select("school_id", "school_name", "group_name").iter_rows():
            intake.findings.advise(
                "absent_school",
                Problem(f"папка {year}/passport", f"школы «{name}» нет ни в одном файле", "паспорт каждой школы",
                        "запросите паспорт; без него школа не получит ожидаемого результата"),
                school_id, place,
            )  # fmt: skip


def no_indicator(passports: pl.DataFrame, indicators: dict[str, Indicator], intake: Intake) -> None:
    """Passports that lack a count of an indicator: their schools have no index, and no expected result.

    What stands in a cell and is no such count is told already.
    """
    faulty = [(at.file, at.sheet, at.row) for at in intake.findings.fails]
    places = pl.DataFrame(
        faulty, {"source_file": pl.String, "source_sheet": pl.String, "source_row": pl.Int64}, orient="row"
    )
    unfaulted = passports.join(places, on=places.columns, how="anti", nulls_equal=True, maintain_order="left")
    for item in indicators.values():
        for name in [*item.columns, *item.of]:
            without = unfaulted.filter(pl.col(name).is_null() & (pl.col("n_pupils") > 0))
            intake.tell("no_indicator", without, ["числа нет"] * without.height, "число детей",
                        "уточните его; без него школа не получит ожидаемого результата", name)  # fmt: skip


def whole(passports: pl.DataFrame, intake: Intake) -> None:
    """A part of the pupils larger than all of them."""
    for part in _parts(passports):
        wrong = passports.filter(pl.col(part) > pl.col("n_pupils"))
        texts = [f"{row[part]:.0f}, а учеников {row['n_pupils']:.0f}" for row in wrong.iter_rows(named=True)]
        intake.tell("whole", wrong, texts, "не больше числа учеников", "исправьте одно из двух чисел", part, fail=True)
    both, one, pupils = (pl.col(name) for name in ("n_both_higher", "n_one_higher", "n_pupils"))
    wrong = passports.filter(both + one > pupils, both <= pupils, one <= pupils)
    texts = [f"оба {row['n_both_higher']:.0f} и один {row['n_one_higher']:.0f}, а учеников {row['n_pupils']:.0f}"
             for row in wrong.iter_rows(named=True)]  # fmt: skip
    intake.tell(
        "whole",
        wrong,
        texts,
        "вместе не больше числа учеников",
        "исправьте одно из чисел",
        "n_both_higher",
        fail=True,
    )


def union(passports: pl.DataFrame, intake: Intake) -> None:
    """The number on either list: at least the longer, at most the sum, and hardly ever exactly the sum."""
    one, other, either = pl.col("n_supervised"), pl.col("n_at_risk"), pl.col("n_supervised_or_at_risk")
    wrong = passports.filter((either > one + other) | (either < pl.max_horizontal(one, other)))
    summed = passports.filter((either == one + other) & (one > 0) & (other > 0) & (either >= _UNION_FROM))
    for rows, expected, advice, fail in (
        (wrong, "от большего из двух до их суммы", "исправьте: каждый ученик считается один раз", True),
        (summed, "меньше суммы, если кто-то состоит в обоих списках",
         "проверьте, не сложены ли два списка: кто состоит в обоих, считается один раз", False),
    ):  # fmt: skip
        texts = [_of_lists(row) for row in rows.iter_rows(named=True)]
        intake.tell("union", rows, texts, expected, advice, "n_supervised_or_at_risk", fail)


def zeros(passports: pl.DataFrame, intake: Intake) -> None:
    """A large school without a single case of what every large school has."""
    kinds = ["n_single_parent", "n_supervised_or_at_risk"]
    wrong = passports.filter(
        (pl.col("n_pupils") >= _ZEROS_FROM) & pl.all_horizontal(pl.col(name) == 0 for name in kinds)
    )
    texts = [f"нули, а учеников {row['n_pupils']:.0f}" for row in wrong.iter_rows(named=True)]
    intake.tell(
        "zeros",
        wrong,
        texts,
        "числа детей",
        "если данных нет, оставьте ячейки пустыми",
        "n_single_parent",
    )


def copied(passports: pl.DataFrame, intake: Intake) -> None:
    """All counts equal last year's."""
    counts = ["n_pupils", *_parts(passports)]
    before = passports.select(
        pl.col("year") + 1, "school_id", *(pl.col(name).alias(f"{name}_before") for name in counts)
    )
    both = passports.join(before, on=["year", "school_id"])
    wrong = both.filter(
        pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in counts),
        pl.col("n_pupils") >= 30,
    )
    texts = [f"те же числа, что за {row['year'] - 1} год" for row in wrong.iter_rows(named=True)]
    intake.tell("copied", wrong, texts, "числа этого года", "запросите паспорт заново")


def units(passports: pl.DataFrame, intake: Intake) -> None:
    """Municipalities all of whose shares have changed alike from year to year: percentages in the place of children, or the
    other way round. One finding a municipality and year, at its first row.
    """
    parts = _parts(passports)
    sums = passports.sort("source_file", "source_sheet", "source_row").group_by("municipality", "year", maintain_order=True).agg(
        pl.col("n_pupils", *parts).sum(), pl.col("source_file", "source_sheet", "source_row", "school_id").first()
    )  # fmt: skip
    earlier = sums.select("municipality", pl.col("year") + 1, pl.col("n_pupils", *parts).name.suffix("_before"))
    both = sums.join(earlier, on=["municipality", "year"]).sort("municipality", "year")
    both = both.filter(pl.col("n_pupils") > 0, pl.col("n_pupils_before") > 0)
    for row in both.iter_rows(named=True):
        told = [name for name in parts if min(row[name], row[f"{name}_before"]) >= _UNITS_FROM]
        changes = [row[name] / row["n_pupils"] / (row[f"{name}_before"] / row["n_pupils_before"]) for name in told]
        if len(changes) < _UNITS_PARTS or 1 / _UNITS_TIMES < statistics.median(changes) < _UNITS_TIMES:
            continue
        times = statistics.median(changes)
        found = f"доли {'выросли' if times > 1 else 'упали'} в {decimal(max(times, 1 / times), 1)} раза против прошлого года"
        intake.tell("units", pl.DataFrame([row]), [f"{found}, у всего муниципалитета ({row['municipality']})"],
                    "доли, близкие к прошлогодним", "проверьте, числа ли детей стоят в ячейках, а не проценты")  # fmt: skip


def both_higher(passports: pl.DataFrame, schools: pl.DataFrame, intake: Intake) -> None:
    """More graduate parents than is believable; villages that fill the form themselves report too many."""
    place = schools.select("year", "school_id", "locality")
    both = passports.join(place, on=["year", "school_id"], how="left").with_columns(
        share=pl.col("n_both_higher") / pl.col("n_pupils")
    )
    limit = pl.when(pl.col("locality") == "село").then(_BOTH_HIGHER_RURAL).otherwise(_BOTH_HIGHER)
    wrong = both.filter((pl.col("share") > limit) & (pl.col("share") <= 1) & (pl.col("n_pupils") >= 10))
    texts = [f"{percent(row['share'])} ({row['locality']})" for row in wrong.iter_rows(named=True)]
    intake.tell("both_higher", wrong, texts, f"в селе до {percent(_BOTH_HIGHER_RURAL)}, в городе до {percent(_BOTH_HIGHER)}",
          "уточните, как считали: оба родителя с высшим образованием", "n_both_higher")  # fmt: skip


def _parts(passports: pl.DataFrame) -> list[str]:
    return [name for name in passports.columns if name.startswith("n_") and name != "n_pupils"]


def _of_lists(row: dict) -> str:
    lists = {"на учёте": row["n_supervised"], "в группе риска": row["n_at_risk"]}
    filled = " и ".join(f"{count:.0f} {where}" for where, count in lists.items() if count is not None)
    return f"{row['n_supervised_or_at_risk']:.0f} при {filled}"
