"""Planned against actual by hand; and where a programme does nothing, the report claims nothing."""

from __future__ import annotations

import copy
from functools import cache
from math import erf, sqrt

import numpy as np
import polars as pl
import pytest
import yaml
from test_backtest import PARAMS, region

from helpers import tables
from helpers.model.effect import VarianceComponents, variance_components
from helpers.params import Params, load_yaml
from helpers.problems import BadInput
from helpers.report import PROGRAMME, open_report
from helpers.support import MONITORED, load_programme, monitoring
from helpers.support.measures import MEASURES, Basis, Estimate, mean, share
from helpers.support.monitoring import signal
from helpers.support.programme import Plan, ProgrammeRules
from helpers.support.regression import forecast, mean_beyond, not_below_beyond

KEYS = yaml.safe_load(PROGRAMME.read_text(encoding="utf-8"))
BASIS = Basis(0.1, VarianceComponents(0.04, 0.01, 3))
TAKING_PART = pl.DataFrame(
    {"school_id": ["a", "b", "c"], "programme": ["regional"] * 3, "from_year": [2021] * 3, "to_year": [None] * 3},
    schema_overrides={"to_year": pl.Int64},
)


def plan(measure, **more):
    told = {
        "title": "Показатель", "measure": measure, "unit": MEASURES[measure].unit, "better": "higher", "baseline": 0.2,
        "baseline_year": 2019, "target": 0.8, "target_year": 2023, "source": "план",
    }  # fmt: skip
    return Plan(**(told | more))


def rules(**indicators):
    return ProgrammeRules.model_construct(region="Область", programme="regional", indicators=indicators)


def params(years):
    return Params.model_construct(**{**dict(PARAMS), "region": "Область", "years": years})


def monitored(found, years=(2019, 2021), fits=(), **indicators):
    """Rows of the table by indicator and year."""
    found = {name: tables.empty(name) for name in MONITORED} | {"programme": TAKING_PART} | found
    model = {"years": list(fits), "pooled": BASIS.components.as_dict()}
    made = monitoring(found, model, rules(**indicators), params(list(years)))
    return {(row["indicator"], row["year"]): row for row in made.iter_rows(named=True)}


# --- by hand


def test_wilsons_interval_of_four_of_eight_by_hand():
    # z² = 3.84146; the middle is 1/2; half of it: z √(0.25/8 + z²/256) / (1 + z²/8)
    half = 1.959964 * sqrt(0.25 / 8 + 3.841459 / 256) / (1 + 3.841459 / 8)
    found = share(4, 8)
    assert (found.actual, found.n) == (0.5, 8)
    assert (found.lower, found.upper) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)
    assert half == pytest.approx(0.28478, abs=1e-5)
    # nobody of ten: from 0 to z² / (n + z²)
    assert (share(0, 10).lower, share(0, 10).upper) == pytest.approx((0, 3.841459 / 13.841459), abs=1e-6)
    assert share(0, 0) == Estimate()


def test_teachers_trained_by_hand():
    columns = ["year", "school_id", "subject", "competence", "n_advised", "n_trained"]
    found = pl.DataFrame(
        [
            (2021, "a", "rus", "all", 5.0, 3.0),
            (2021, "a", "rus", "method", 5.0, 5.0),  # a competence: the same teachers once more
            (2021, "b", "rus", "all", 3.0, 1.0),
            (2021, "b", "math", "all", 4.0, None),  # not known how many finished
            (2021, "x", "rus", "all", 9.0, 9.0),  # no participant
        ],
        schema=columns,
        orient="row",
    )
    row = monitored({"diagnostics": found}, trained=plan("teachers_trained"))["trained", 2021]
    assert (row["actual"], row["n"]) == (0.5, 8)
    # who was trained is known of everybody: no interval, and half-way from 0.2 in 2019 to 0.8 in 2023 is reached
    assert (row["lower"], row["upper"]) == (0.5, 0.5)
    assert row["planned"] == pytest.approx(0.5)
    assert row["signal"] == "green"


def test_the_mean_residual_by_hand():
    found = pl.DataFrame(
        {
            "year": [2021] * 4, "school_id": ["a", "b", "c", "x"], "residual": [-0.3, -0.1, None, 0.9],
            "outcome_se": [0.1, 0.2, 0.1, 0.1], "expected_se": [0.03, 0.05, 0.04, 0.04],
        }
    )  # fmt: skip
    row = monitored(
        {"expectation": tables.conformed("expectation", found)}, r=plan("mean_residual", baseline=-0.4, target=0.0)
    )["r", 2021]
    assert (row["actual"], row["n"]) == (pytest.approx(-0.2), 2)
    # each school: sampling and the year's own 0.01; the line, common to both: 0.04
    se = sqrt((0.01 + 0.04 + 0.01 + 0.01) / 4 + 0.04**2)
    assert (row["lower"], row["upper"]) == pytest.approx((-0.2 - 1.96 * se, -0.2 + 1.96 * se))
    assert row["planned"] == pytest.approx(-0.2)
    assert row["beyond_rtm"] is None


def test_vacancies_are_a_ratio_of_sums():
    found = pl.DataFrame(
        {"year": [2021] * 3, "school_id": ["a", "b", "c"], "posts": [10.0, 20.0, 30.0], "vacancies": [1.0, 1.0, 4.0]}
    )
    row = monitored({"staff": found}, v=plan("vacancies", better="lower", baseline=0.3, target=0.1))["v", 2021]
    assert row["actual"] == pytest.approx(0.1)
    # differences 0, −1, 1: √(2 · 3/2) / 60
    assert row["upper"] - row["actual"] == pytest.approx(1.96 * sqrt(3) / 60)
    assert row["planned"] == pytest.approx(0.2)
    assert row["signal"] == "green"


def test_low_results_count_pupils_and_leave_out_what_is_not_compared():
    found = pl.DataFrame(
        {
            "year": [2021] * 5, "school_id": ["a", "b", "b", "c", "a"], "procedure": ["OGE"] * 4 + ["VPR"],
            "subject": ["math", "math", "rus", "math", "math"], "n_participants": [10.0, 30.0, 30.0, 50.0, 99.0],
            "share_low": [0.5, 0.1, 0.9, 0.9, 1.0], "set_aside": [None, "not_chosen", None, "not_compared", None],
        }
    )  # fmt: skip
    row = monitored({"results": found}, m=plan("oge_low_math", better="lower", baseline=0.5, target=0.1))["m", 2021]
    assert (row["actual"], row["n"]) == (pytest.approx(0.2), 40)
    assert "возврат к среднему не вычтен" in row["note"]


def test_answers_count_every_school_once():
    found = pl.DataFrame(
        {
            "year": [2021] * 4, "school_id": ["a", "a", "b", "c"], "role": ["pupils"] * 3 + ["heads"],
            "item": ["x", "y", "x", "x"], "n_answers": [10.0, 30.0, 500.0, 3.0], "mean": [2.0, 4.0, 2.5, 5.0],
        }
    )  # fmt: skip
    row = monitored({"questionnaires": found}, q=plan("questionnaire_pupils", baseline=2.0, target=4.0))["q", 2021]
    # 3.5 and 2.5: mean 3, standard error (1/√2)/√2 = 0.5
    assert (row["actual"], row["lower"], row["upper"]) == pytest.approx((3, 3 - 0.98, 3 + 0.98))
    assert row["n"] == 2


def test_tutors_and_roadmaps_and_the_federal_list_count_schools():
    tutors = pl.DataFrame({"school_id": ["a", "a", "b", "c"], "place": [1, 2, 1, 1], "tutor_id": ["t", "u", None, "t"]})
    roadmaps = pl.DataFrame(
        {"year": [2021] * 4, "school_id": ["a", "b", "c", "x"], "status": ["in_time", "late", "not_due", "in_time"]}
    )
    listed = pl.DataFrame({"year": [2021] * 3, "school_id": ["a", "b", "c"], "federal_low": [True, False, None]})
    made = monitored(
        {"tutors": tutors, "roadmap_status": roadmaps, "federal": listed},
        t=plan("with_tutor"), r=plan("roadmaps_in_time"), f=plan("share_federal_low", better="lower", baseline=0.8, target=0.2),
    )  # fmt: skip
    told = {key: (made[key, 2021]["actual"], made[key, 2021]["n"]) for key in "trf"}
    assert told == {"t": (pytest.approx(2 / 3), 3), "r": (0.5, 2), "f": (0.5, 2)}
    # tutors are those of the last year
    assert made["t", 2019]["signal"] == "none"


def test_staff_and_diagnostics_count_people():
    staff = pl.DataFrame(
        {"year": [2021] * 2, "school_id": ["a", "b"], "n_teachers": [10.0, 30.0], "n_higher_category": [2.0, 6.0]}
    )
    found = pl.DataFrame(
        {"year": [2021], "school_id": ["a"], "competence": ["all"], "n_started": [10.0], "n_finished": [9.0]}
    )
    made = monitored({"staff": staff, "diagnostics": found}, h=plan("higher_category"), d=plan("diagnostics_finished"))
    assert (made["h", 2021]["actual"], made["h", 2021]["n"]) == (pytest.approx(0.2), 40)
    assert (made["d", 2021]["actual"], made["d", 2021]["n"]) == (pytest.approx(0.9), 10)


# --- plans and signs


@pytest.mark.parametrize(("year", "planned"), [(2018, None), (2019, 0.2), (2020, 0.35), (2023, 0.8), (2030, 0.8)])
def test_the_plan_is_a_line_from_baseline_to_target(year, planned):
    assert plan("with_tutor").planned(year) == (planned if planned is None else pytest.approx(planned))


@pytest.mark.parametrize(
    ("lower", "upper", "planned", "better", "sign"),
    [
        (0.5, 0.7, 0.5, "higher", "green"), (0.5, 0.7, 0.51, "higher", "yellow"), (0.5, 0.7, 0.7, "higher", "yellow"),
        (0.5, 0.7, 0.71, "higher", "red"), (0.5, 0.7, 0.7, "lower", "green"), (0.5, 0.7, 0.69, "lower", "yellow"),
        (0.5, 0.7, 0.5, "lower", "yellow"), (0.5, 0.7, 0.49, "lower", "red"), (0.5, 0.7, None, "higher", "none"),
        (None, None, 0.5, "higher", "yellow"),
    ],
)  # fmt: skip
def test_signs_respect_the_interval(lower, upper, planned, better, sign):
    assert signal(Estimate(0.6, lower, upper, 10), planned, better) == sign


def test_a_mean_of_one_school_has_no_interval():
    assert mean(0.6, None, 1) == Estimate(0.6, None, None, 1)
    assert signal(Estimate(), 0.5, "higher") == "none"


def test_a_baseline_that_the_data_contradict_is_told():
    found = pl.DataFrame({"year": [2019] * 3, "school_id": ["a", "b", "c"], "federal_low": [True, True, True]})
    made = monitored(
        {"federal": found},
        far=plan("share_federal_low", better="lower", baseline=0.1, target=0.05),
        near=plan("share_federal_low", better="lower", baseline=0.9, target=0.2),
    )
    assert "базовое значение в параметрах не согласуется с данными" in made["far", 2019]["note"]
    assert "базовое" not in made["near", 2019]["note"]


def test_before_the_programme_the_first_participants_stand_for_it():
    found = pl.DataFrame(
        {"year": [2019] * 4, "school_id": ["a", "b", "c", "x"], "federal_low": [True, False, False, True]}
    )
    row = monitored({"federal": found}, f=plan("share_federal_low", better="lower", baseline=0.8, target=0.2))[
        "f", 2019
    ]
    assert (row["actual"], row["n"]) == (pytest.approx(1 / 3), 3)


def test_of_another_region_nothing_is_said():
    own = params([2021]).model_copy(update={"region": "Другая область"})
    assert monitoring({}, {}, rules(a=plan("with_tutor")), own).is_empty()


def test_of_a_project_without_a_school_nothing_is_said():
    assert monitored({"programme": TAKING_PART.clear()}, roadmaps=plan("roadmaps_in_time")) == {}


# --- what would be without the programme


def history(last=-0.1):
    """One participant with −0.2 and −0.4 before, and two other schools."""
    rows = [
        (2018, "a", -0.2), (2019, "a", -0.4), (2021, "a", last), (2018, "b", 0.1), (2019, "b", 0.2), (2021, "b", 0.1),
        (2018, "c", 0.3), (2019, "c", 0.2), (2021, "c", 0.0),
    ]  # fmt: skip
    told = pl.DataFrame(rows, schema=["year", "school_id", "residual"], orient="row")
    return tables.conformed("expectation", told).with_columns(
        outcome_se=0.1,
        expected_se=0.0,
        in_model=True,
        index=pl.col("school_id").replace_strict({"a": 40.0, "b": 50.0, "c": 63.0}),
    )


ENTERED = pl.DataFrame({"school_id": ["a"], "from_year": [2021]})


def test_the_forecast_and_what_is_beyond_it_by_hand():
    # two years, each with variance 0.01 + 0.01: mean −0.3 with 0.01; λ = 0.04 / 0.05
    seen = forecast(history(), ENTERED, 2021, [2018, 2019, 2021], 3, BASIS)
    row = seen.filter("compared").row(0, named=True)
    assert (row["pooled_residual"], row["reliability"], row["effect"]) == pytest.approx((-0.3, 0.8, -0.24))
    found = mean_beyond(seen, 0.05, BASIS)
    assert (found.before, found.expected, found.beyond, found.n) == pytest.approx((-0.3, -0.24, 0.14, 1))
    # literally: e = (I − H)u with Var u = 0.04 · 0.2 + 0.01 + 0.01
    X = np.column_stack([np.ones(3), [40.0, 50.0, 63.0]])
    kept = np.eye(3) - X @ np.linalg.solve(X.T @ X, X.T)
    assert found.se == pytest.approx(sqrt(kept[0] @ kept[0] * 0.028))


def test_the_share_not_below_by_hand():
    found = not_below_beyond(forecast(history(), ENTERED, 2021, [2018, 2019, 2021], 3, BASIS), 0.05, BASIS)
    chance = (1 + erf((-0.24 + 0.1) / sqrt(0.028) / sqrt(2))) / 2
    assert chance == pytest.approx(0.2014, abs=1e-4)
    assert (found.before, found.expected, found.beyond) == pytest.approx((0, chance, 1 - chance))
    assert found.se == pytest.approx(sqrt(chance * (1 - chance)))


def test_years_before_the_entry_alone_make_the_forecast():
    later = pl.concat(
        [history(), history().filter(year=2021).with_columns(year=pl.lit(2022, pl.Int64), residual=pl.lit(0.5))]
    )
    seen = forecast(later, ENTERED, 2022, [2018, 2019, 2021, 2022], 3, BASIS)
    assert seen.filter("compared")["effect"].item() == pytest.approx(-0.24)
    # one year pooled: the last before the entry, λ = 0.04 / 0.06
    seen = forecast(later, ENTERED, 2022, [2018, 2019, 2021, 2022], 1, BASIS)
    assert seen.filter("compared")["effect"].item() == pytest.approx(-0.4 * 2 / 3)


def test_where_there_is_nothing_before_there_is_no_forecast():
    for entered in (ENTERED.with_columns(from_year=2018), ENTERED.with_columns(school_id=pl.lit("new"))):
        seen = forecast(history(), entered.cast({"from_year": pl.Int64}), 2021, [2018, 2019, 2021], 3, BASIS)
        assert mean_beyond(seen, 0.05, BASIS) is None
        assert not_below_beyond(seen, 0.05, BASIS) is None
    # nor of a year before the entry
    assert mean_beyond(forecast(history(), ENTERED, 2019, [2018, 2019, 2021], 3, BASIS), 0.05, BASIS) is None


REGIONS = 250
INDICATORS = {
    "mean": plan("mean_residual", baseline=-0.3, target=0.0, baseline_year=1, target_year=4),
    "share": plan("share_not_below", baseline=0.1, target=0.5, baseline_year=1, target_year=4),
}


@cache
def drawn(seed):
    """A region; what is asked of it is asked of the same one."""
    return region(1000 + seed, years=[1, 2, 3], schools=110)


def claims(seed, noisy, helped=0.0, members=20):
    """Signs of a region whose worst schools of the `noisy` years entered in year 3, and the usual comparison's t."""
    years = [1, 2, 3]
    table, fits, *_ = drawn(seed)
    worst = (
        table.filter(pl.col("year").is_in(noisy)).group_by("school_id").agg(pl.col("residual").mean())
        .sort("residual", "school_id").head(members)["school_id"].to_list()
    )  # fmt: skip
    gain = pl.when((pl.col("year") == 3) & pl.col("school_id").is_in(worst)).then(helped).otherwise(0.0)
    table = table.with_columns(residual=pl.col("residual") + gain)
    components = variance_components(table, {fit["year"]: fit["tau2"] for fit in fits})
    programme = pl.DataFrame({"school_id": worst}).with_columns(
        programme=pl.lit("regional"), from_year=pl.lit(3, pl.Int64), to_year=pl.lit(None, pl.Int64)
    )
    found = {name: tables.empty(name) for name in MONITORED} | {"programme": programme, "expectation": table}
    made = monitoring(
        found, {"years": fits, "pooled": components.as_dict()}, rules(**INDICATORS), params(years)
    ).filter(year=3)
    of_worst = table.filter(pl.col("school_id").is_in(worst))
    was = of_worst.filter(pl.col("year").is_in(noisy)).group_by("school_id").agg(was=pl.col("residual").mean())
    both = of_worst.filter(year=3).join(was, on="school_id")
    change = (both["residual"] - both["was"]).to_numpy()
    naive = change.mean() / (change.std(ddof=1) / sqrt(len(change)))
    return {**dict(made.select("indicator", "beyond_signal").iter_rows()), "naive": naive > 1.96}


@pytest.mark.slow
@pytest.mark.parametrize(("noisy", "fooled"), [([2], 0.8), ([1, 2], 0.6)])
def test_where_the_programme_does_nothing_no_effect_is_claimed(noisy, fooled):
    made = pl.DataFrame([claims(seed, noisy) for seed in range(REGIONS)])
    # two-sided 5 %, and three standard errors of so many regions
    most = 0.05 + 3 * sqrt(0.05 * 0.95 / REGIONS)
    for indicator in INDICATORS:
        claimed = made[indicator] != "unclear"
        assert claimed.mean() < most
        assert (made[indicator] == "better").mean() < most / 2 + 0.02
    # the usual comparison, of the same schools before and after, would praise the programme again and again
    assert made["naive"].mean() > fooled


def test_where_the_programme_helps_the_effect_is_claimed():
    made = pl.DataFrame([claims(seed, [1, 2], helped=0.3) for seed in range(40)])
    assert (made["mean"] == "better").mean() > 0.9
    assert (made["share"] == "better").mean() > 0.5
    assert "worse" not in made["mean"]


# --- the file


def refusals(tmp_path, keys):
    path = tmp_path / "programme.yml"
    path.write_text(yaml.safe_dump(keys, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_yaml(path, ProgrammeRules, "params/programme.yml")
    return [str(problem) for problem in refused.value.problems]


def changed(place, value):
    """The keys of the file with one value replaced, or taken away if it is None."""
    keys = copy.deepcopy(KEYS)
    *way, last = place
    inside = keys
    for part in way:
        inside = inside[part]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return keys


FIRST = ("indicators", "mean_residual")
SHARE = ("indicators", "higher_category")


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ((*FIRST, "target"), None, "ключ «indicators.mean_residual.target» — найдено: ключа нет"),
        ((*FIRST, "target"), "много", "ожидалось: число (дробь пишется через точку)"),
        ((*FIRST, "targt"), 0.1, "неизвестный ключ, похожий на «target»"),
        ((*FIRST, "target"), -0.5, "target не хуже baseline: при better: higher не меньше, при better: lower не больше"),
        ((*FIRST, "target_year"), 2019, "год target_year позже года baseline_year"),
        ((*FIRST, "target_year"), "2023", "ожидалось: целое число"),
        ((*FIRST, "unit"), "share", "при measure: mean_residual единица unit: sd"),
        ((*FIRST, "better"), "больше", "ожидалось: одно из значений: 'higher', 'lower'"),
        ((*FIRST, "measure"), "happiness", "ожидалось: одно из значений: 'share_not_below'"),
        ((*FIRST, "source"), "", "ожидалось: непустой текст"),
        ((*SHARE, "target"), 70, "baseline и target от 0 до 1"),
        ((*SHARE, "target"), 1.0, "target не 1: у доли есть интервал"),
        (("indicators", "questionnaire_pupils", "target"), 6.0, "baseline и target от 1 до 5"),
        (("indicators",), {}, "ключ «indicators» — найдено: набор ключей, элементов 0; ожидалось: элементов не меньше 1"),
        (("programme",), "все", "ожидалось: одно из значений: 'regional', 'project_500'"),
        (("roadmaps", "deadline"), "10 октября", "ожидалось: месяц и день вида 10-31"),
        (("roadmaps", "deadline"), "13-01", "ожидалось: месяц и день вида 10-31"),
        (("roadmaps", "as_of"), {2021: "2021-11-01"}, "ожидалось: дата вида 2021-10-31, без кавычек"),
        (("courses", 0, "subjects"), ["рус"], "а рус не код"),
        (("courses", 0, "module"), "предметный", "ожидалось: одно из значений: 'subject', 'method'"),
        (("courses", 4), None, "у каждого модуля курс для всех предметов, без ключа subjects, а у communication его нет"),
    ],
)  # fmt: skip
def test_bad_keys_are_told_in_a_sentence(tmp_path, place, value, said):
    told = refusals(tmp_path, changed(place, value))
    assert len(told) == 1
    assert told[0].startswith("Файл programme.yml")
    assert said in told[0]


def test_all_faults_are_told_at_once(tmp_path):
    keys = changed((*FIRST, "target"), "много")
    keys["indicators"]["Новый"] = keys["indicators"]["with_tutor"]
    del keys["region"]
    assert len(refusals(tmp_path, keys)) == 3


def test_an_indicator_that_stands_twice_is_told(tmp_path):
    path = tmp_path / "programme.yml"
    text = PROGRAMME.read_text(encoding="utf-8")
    path.write_text(text + text[text.index("  with_tutor:") : text.index("  questionnaire_pupils:")], encoding="utf-8")
    with pytest.raises(BadInput, match="второй ключ «with_tutor»"):
        load_yaml(path, ProgrammeRules, "params/programme.yml")


def test_the_projects_own_file_is_in_order_and_serves_its_region():
    own = load_programme()
    assert len(own.indicators) == 12
    assert own.serves(open_report("kamchatka-2021").params)
    assert not own.serves(open_report("california-2000").params)
    assert all(item.source for item in own.indicators.values())
