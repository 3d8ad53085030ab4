"""The conclusions as numbers: every one counted by hand on eight schools."""

from __future__ import annotations

import polars as pl
import pytest
from cells import defined

from helpers.model import summary
from helpers.report import METHOD, open_report
from helpers.show import sentences

# school, tier, direction, spec_share, prob_below, prob_above
TOLD = [
    ("a", "persistent", "below", 1.00, 0.95, 0.00),
    ("b", "watch", "below", 0.90, 0.85, 0.01),
    ("c", "persistent", "above", 0.85, 0.00, 0.92),
    ("d", "none", "within", 0.10, 0.20, 0.10),
    ("e", "dependent", None, 0.60, 0.88, 0.00),
    ("f", "dependent", None, 0.30, 0.00, 0.87),
    ("g", "preliminary", None, 0.20, 0.30, 0.10),
    ("h", "outside", None, None, None, None),
]
# school: shares on the side below and above, leaving out a school, a year; the examinations of grade 9 alone
LEFT_OUT = {
    "a": (1.0, 0.0, 0.5, 0.0, 0.90, 0.0),
    "b": (0.9, 0.0, 1.0, 0.0, 0.50, 0.0),
    "c": (0.0, 1.0, 0.0, 1.0, 0.0, None),
}


def tables() -> list[pl.DataFrame]:
    names = ["school_id", "tier", "direction", "spec_share", "prob_below", "prob_above"]
    told = pl.DataFrame(TOLD, schema=names, orient="row")
    sides = [f"{what}_{side}" for what in ("school", "year", "gia9") for side in ("below", "above")]
    stability = pl.DataFrame(
        [(school, *shares) for school, shares in LEFT_OUT.items()], schema=["school_id", *sides], orient="row"
    )
    federal = pl.DataFrame(
        {"year": [2019, 2021, 2021, 2021], "school_id": ["a", "a", "d", "c"], "federal_low": [True, True, True, False]}
    )
    effect = told.select("school_id", "prob_below", "prob_above").with_columns(
        effect=pl.Series([-0.3, -0.2, 0.4, *[0.0] * 5]), pooled_residual=pl.Series([-0.4, -0.25, 0.5, *[0.0] * 5])
    )
    at = told.select("school_id", "prob_below", "prob_above", reliability=1.0)
    return [told.select(names[:4]), effect.with_columns(next_residual="effect"), at, stability, federal]


def params_with(least: float):
    """The report's params, where a conclusion must hold in so many of the specifications."""
    params = open_report("kamchatka-2021").params
    return params.model_copy(update={"flag": params.flag.model_copy(update={"min_spec_share": least})})


def test_conclusions_are_counted():
    params = params_with(0.8)
    assert (params.flag.min_spec_share, params.flag.watch, params.years[-1]) == (0.8, 0.85, 2021), METHOD
    made = summary(*tables(), params, 0.9)
    assert made.pop("below") == {"named": 2, "persistent": 1, "false": pytest.approx(0.05 + 0.15), "returning": None}
    assert made.pop("above") == {"named": 1, "persistent": 1, "false": pytest.approx(0.08), "returning": None}
    kept_and_false = {"reliability": 1.0, "kept": 3, "false": pytest.approx(0.05 + 0.15 + 0.08)}
    assert (made.pop("reliability"), made.pop("promise")) == (0.9, [kept_and_false])
    assert made == {
        "schools": 8, "within": 1, "unknown": 4, "federal_low": 2, "judged": 5, "firm": 3, "half": 1,
        "without_school": 1, "without_year": 1, "gia9_told": 2, "gia9_same": 1,
    }  # fmt: skip


def test_what_returns_by_itself_is_told_of_three_schools_or_more():
    flags, *others = tables()
    third = pl.col("school_id") == "d"
    more = flags.with_columns(
        tier=pl.when(third).then(pl.lit("watch")).otherwise("tier"),
        direction=pl.when(third).then(pl.lit("below")).otherwise("direction"),
    )
    made = summary(more, *others, open_report("kamchatka-2021").params, 0.9)
    # from −0.4, −0.25 and 0 to −0.3, −0.2 and 0
    assert made["below"]["returning"] == pytest.approx((0.1 + 0.05 + 0) / 3)
    assert made["above"]["returning"] is None


def test_nobody_is_named():
    flags, *others = tables()
    made = summary(flags.filter(pl.col("direction").is_null()), *others, params_with(0.8), 0.9)
    assert made["promise"] == []
    assert made["below"] == made["above"] == {"named": 0, "persistent": 0, "false": 0.0, "returning": None}
    assert (made["judged"], made["firm"], made["without_school"], made["gia9_told"]) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("direction", "least", "told"),
    [("below", 0.873, True), ("above", 0.5, True), ("within", 0.9, False), ("below", None, False)],
)
def test_a_card_says_how_good_an_index_its_conclusion_needs(direction, least, told):
    school = {
        "effect": -0.3, "tier": "watch", "direction": direction, "years_below": 3, "years_above": 0, "years": 3,
        "prob_below": 0.88, "prob_above": 0.0, "type_words": "", "verdict": "ниже", "reliability": 0.9, "spec_share": 1.0,
        "least_reliability": least,
    }  # fmt: skip
    sentence = sentences.school_verdict(school, open_report("kamchatka-2021").params)
    assert (f"пока надёжность индекса не меньше {least or 0:.2f}".replace(".", ",") in sentence) == told


@pytest.mark.parametrize("least", [0.8, 0.0])
def test_the_share_of_specifications_is_a_condition_only_where_it_is_asked_for(least):
    params = params_with(least)
    specified = pl.DataFrame({"n_below": [1, 3], "n_above": [2, 2]})
    told = defined("reliability").stable(summary(*tables(), params, 0.9), specified, params.flag)
    for sentence in (told, sentences.flag_rule(params)):
        assert ("и не меньше чем в 80\xa0% вариантов" in sentence) == bool(least)


def test_what_comes_back_is_told_of_the_side_where_it_is_known():
    returning = defined("reliability").returning
    assert "на 0,12 стандартного" in returning(0.12, None) and "снизится" not in returning(0.12, None)
    assert returning(None, -0.2) == "Так же без всякой причины снизится результат выделенных выше ожидаемого: на 0,20."
    assert "возврат к среднему для них не называется" in returning(None, None)


def test_what_comes_back_is_weighed_by_schools():
    backtest = pl.DataFrame(
        {
            "direction": ["below", "below", "above"], "n": [1, 3, 5], "flagged_residual": [-0.5, -0.1, 9.0],
            "predicted": [-0.4, 0.0, 9.0], "actual": [-0.2, 0.2, 9.0],
        }
    )  # fmt: skip
    told = defined("reliability").regression_to_the_mean(backtest)
    # (−0.5 − 3 · 0.1) / 4 = −0.2; −0.4 / 4 = −0.1; (−0.2 + 3 · 0.2) / 4 = 0.1
    assert "4\xa0школы" in told and "с −0,20 до −0,10" in told and "между −0,10 и +0,10" in told
    assert "Сравнить нельзя" in defined("reliability").regression_to_the_mean(backtest.filter(direction="above"))


@pytest.mark.parametrize(
    ("slope", "r2", "told", "size"),
    [
        (0.02, 0.4, "Чем благополучнее школа, тем выше результаты", "+0,20 стандартного отклонения ученика (95-процентный интервал "
         "от +0,10 до +0,30)"),
        (0.004, 0.01, "Связи результатов с условиями школ данные за 2021 год уверенно не показывают", "+0,04"),
        (-0.02, 0.4, "В этих данных, чем благополучнее школа, тем результаты ниже", "−0,20"),
    ],
)  # fmt: skip
def test_a_link_is_told_of_only_where_there_is_one(slope, r2, told, size):
    params = open_report("kamchatka-2021").params
    fit = {"slope": slope, "slope_se": 0.05 / 1.96 / 5, "r2": r2, "year": 2021}
    sentence = sentences.link_strength(fit, params)
    assert sentence.startswith(f"{told}: +10 баллов") and size in sentence
    assert f"объясняет {r2:.0%}".replace("%", "\xa0%") in sentence
    unexplained = sentences.link_strength(fit | {"r2": None}, params)
    assert "объясняет" not in unexplained and "не больше, чем случайно" in unexplained


def test_a_rule_of_one_year_speaks_of_no_other():
    params = open_report("kamchatka-2021").params
    one = params.model_copy(update={"years": [2021]})
    assert "не меньше чем в 2 из 3 объединённых лет" in sentences.flag_rule(params)
    assert "объединённых" not in sentences.flag_rule(one) and "участников за 2021 год не меньше" in sentences.flag_rule(
        one
    )


def test_a_scatter_without_spread_has_no_band():
    line = {"year": 2021, "placed": 3, "band": 0.392, "beyond_band": 1 / 3, "r2": 0.3}
    assert (
        "объясняет 30\xa0% различий. При равном" in (told := sentences.expectation_caption(line))
        and "33,3\xa0%" in told
    )
    without = sentences.expectation_caption(line | {"band": None, "beyond_band": None, "r2": None})
    assert "объясняет" not in without and "за пределами" not in without and "не больше, чем случайно" in without


@pytest.mark.parametrize(("slope", "told"), [(0.02, "0,1000 + 0,0200 × индекс"), (-0.02, "0,1000 − 0,0200 × индекс")])
def test_a_line_is_written_with_one_sign(slope, told):
    recipe = defined("expectation").recipe({"year": 2021, "intercept": 0.1, "slope": slope, "bend": 0.0})
    assert told in " ".join(recipe.split())
