"""Who takes part in the programmes over the years, what the data say of it, and how the participants differ."""

from __future__ import annotations

import polars as pl

_DIRECTION = {"below": "ниже ожидаемого", "within": "без явного отклонения", "above": "выше ожидаемого"}


def members(programme: pl.DataFrame, year: int) -> pl.DataFrame:
    """Schools that take part in a year, `from_year` included, `to_year` too.

    Parameters
    ----------
    programme : DataFrame
        Table `programme`; of one programme, if one is meant.
    year : int

    Returns
    -------
    DataFrame
        school_id, programme, from_year (of the present spell), by programme and school.
    """
    present = pl.col("to_year").is_null() | (pl.col("to_year") >= year)
    return (
        programme.filter(pl.col("from_year") <= year, present)
        .sort("programme", "school_id", "from_year")
        .unique(["programme", "school_id"], keep="last", maintain_order=True)
        .select("school_id", "programme", "from_year")
    )


def observed(programme: pl.DataFrame, code: str, year: int) -> pl.DataFrame:
    """Schools of one programme whose numbers stand for it in a year.

    Those that take part; before the programme began, those that came first, so that there is something to compare with.

    Returns
    -------
    DataFrame
        As `members`.
    """
    of_one = programme.filter(pl.col("programme") == code)
    return members(of_one, year if of_one.is_empty() else max(year, of_one["from_year"].min()))


def membership(
    programme: pl.DataFrame,
    expectation: pl.DataFrame,
    federal: pl.DataFrame,
    flags: pl.DataFrame,
    years: list[int],
    delta: float,
) -> pl.DataFrame:
    """Follow every school in and out of the programmes.

    Parameters
    ----------
    programme, expectation, federal, flags : DataFrame
        Tables of these names.
    years : list of int
        The report's years; those between the first and the last are told too.
    delta : float
        Practically relevant deviation, pupil SDs.

    Returns
    -------
    DataFrame
        Table `membership`: `state` is entered, stays or left (in the year after the last one); `why` is what the data say of
        the school, in Russian: the federal rule and the result of that year, or of the last before it that the report has (for
        `entered` strictly before); in the last year the report's conclusion. The decision's own grounds are in no table.
    """
    moves = [
        _moves(members(programme, year - 1), members(programme, year), year) for year in range(years[0], years[-1] + 1)
    ]
    known_by = pl.col("year") - (pl.col("state") == "entered").cast(pl.Int64)
    rows = pl.concat(moves).with_columns(known_by=known_by).sort("known_by", "school_id")
    for frame, name in (
        (_low(federal.filter(pl.col("year").is_in(years))), "federal"),
        (_results(expectation, delta), "result"),
    ):
        told = frame.rename({"year": "known_by", "text": name}).sort("known_by")
        rows = rows.join_asof(told, on="known_by", by="school_id", check_sortedness=False)
    conclusion = flags.select("school_id", conclusion=_conclusion())
    rows = rows.join(conclusion, on="school_id", how="left").with_columns(
        pl.when(pl.col("year") == years[-1]).then("conclusion").alias("conclusion")
    )
    why = pl.concat_str("federal", "result", "conclusion", separator="; ", ignore_nulls=True)
    return rows.select(
        "year", "school_id", "programme", "state", why=pl.when(why == "").then(pl.lit("данных нет")).otherwise(why)
    ).sort("year", "school_id", "programme")


def _moves(before: pl.DataFrame, now: pl.DataFrame, year: int) -> pl.DataFrame:
    both = before.join(now, on=["school_id", "programme"], how="full", coalesce=True)
    state = (
        pl.when(pl.col("from_year").is_null()).then(pl.lit("entered"))
        .when(pl.col("from_year_right").is_null()).then(pl.lit("left"))
        .otherwise(pl.lit("stays"))
    )  # fmt: skip
    return both.select(pl.lit(year, pl.Int64).alias("year"), "school_id", "programme", state=state)


def _low(federal: pl.DataFrame) -> pl.DataFrame:
    """Whether a school's results were low by the federal rule, in words."""
    low = pl.when("federal_low").then(pl.lit("низкие")).otherwise(pl.lit("не низкие"))
    told = federal.drop_nulls("federal_low")
    return told.select(
        "year", "school_id", text=pl.format("по федеральному правилу результаты {} года {}", "year", low)
    )


def _results(expectation: pl.DataFrame, delta: float) -> pl.DataFrame:
    """How a school's result stood to its expectation, in words."""
    place = (
        pl.when(pl.col("residual") < -delta).then(pl.lit("ниже ожидаемого"))
        .when(pl.col("residual") > delta).then(pl.lit("выше ожидаемого"))
        .otherwise(pl.lit("около ожидаемого"))
    )  # fmt: skip
    told = expectation.drop_nulls("residual")
    return told.select("year", "school_id", text=pl.format("результат {} года {}", "year", place))


def _conclusion() -> pl.Expr:
    told = pl.col("direction").replace_strict(_DIRECTION, default=None)
    return (
        pl.when(told.is_not_null()).then(pl.format("вывод отчёта: {}", told))
        .when(pl.col("tier") == "outside").then(pl.lit("вид школы описывается отдельно"))
        .otherwise(pl.lit("вывода отчёта нет"))
    )  # fmt: skip


def context_panel(
    programme: pl.DataFrame, code: str, staff: pl.DataFrame, passports: pl.DataFrame, questionnaires: pl.DataFrame
) -> pl.DataFrame:
    """Set the participants of a programme beside the other schools.

    Parameters
    ----------
    programme : DataFrame
        Table `programme`.
    code : str
        The programme.
    staff, passports, questionnaires : DataFrame
        Tables of these names.

    Returns
    -------
    DataFrame
        Table `context_panel`: panel staff, social (shares 0–1) or questionnaires (points 1–5, `item` is who answered);
        `members`, `others`: mean of the schools' values, every school counted once; `n_members`, `n_others` schools that have a
        value. The participants of years before the programme are those who came first.
    """
    values = pl.concat([_staff(staff), _social(passports), _answers(questionnaires)]).drop_nulls("value")
    years = values["year"].unique().sort().to_list()
    taking_part = pl.concat(
        [
            observed(programme, code, year).select("school_id", year=pl.lit(year, pl.Int64), takes_part=True)
            for year in years
        ]
        or [pl.DataFrame(schema={"school_id": pl.String, "year": pl.Int64, "takes_part": pl.Boolean})]
    )
    # without a programme there is nobody to compare
    if taking_part.is_empty():
        values = values.clear()
    inside = pl.col("takes_part").is_not_null()
    return (
        values.join(taking_part, on=["year", "school_id"], how="left")
        .sort("school_id")  # the same numbers are added up in the same order
        .group_by("year", "panel", "item")
        .agg(
            members=pl.col("value").filter(inside).mean(),
            n_members=inside.sum().cast(pl.Int64),
            others=pl.col("value").filter(~inside).mean(),
            n_others=(~inside).sum().cast(pl.Int64),
        )
        .sort("year", "panel", "item")
    )


def _long(frame: pl.DataFrame, panel: str, items: dict[str, pl.Expr]) -> pl.DataFrame:
    """Rows year, school_id, panel, item, value of these items."""
    return (
        frame.select("year", "school_id", **items)
        .unpivot(index=["year", "school_id"], variable_name="item", value_name="value")
        .select("year", "school_id", "item", pl.col("value").cast(pl.Float64), panel=pl.lit(panel))
    )


def _staff(staff: pl.DataFrame) -> pl.DataFrame:
    shares = {
        "vacancies": _share("vacancies", "posts"),
        "n_higher_category": _share("n_higher_category", "n_teachers"),
        "n_experience_under_3": _share("n_experience_under_3", "n_teachers"),
    }
    return _long(staff, "staff", shares)


def _social(passports: pl.DataFrame) -> pl.DataFrame:
    counts = [name for name in passports.columns if name.startswith("n_") and name != "n_pupils"]
    return _long(passports, "social", {name: _share(name, "n_pupils") for name in counts})


def _answers(questionnaires: pl.DataFrame) -> pl.DataFrame:
    means = (
        questionnaires.group_by("year", "school_id", item="role")
        .agg(value=answer_mean())
        .sort("year", "school_id", "item")
    )
    return means.select("year", "school_id", "item", "value", panel=pl.lit("questionnaires"))


def answer_mean() -> pl.Expr:
    """Mean answer of a school over its statements, each weighted by its answers; null where nobody answered."""
    told = pl.col("mean").is_not_null() & (pl.col("n_answers") > 0)
    n = pl.col("n_answers").filter(told)
    return pl.when(n.sum() > 0).then((pl.col("mean").filter(told) * n).sum() / n.sum())


def _share(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))
