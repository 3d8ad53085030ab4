"""The profile of skills: against R, by hand, and on regions where nothing or something is planted."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from copies import check_table
from numpy.testing import assert_allclose

from helpers import tables
from helpers.problems import BadInput
from helpers.report import SKILLS
from helpers.support.skills import Skill, Skills, Works, load_skills, skill_profile

GOLDEN = Path(__file__).parent / "golden"
YEAR = 2021
NOBODY = tables.empty("biased")


def described(*skills, years=(YEAR,), min_schools=20):
    return Skills(min_schools=min_schools, works=[Works(years=list(years), source="test", skills=list(skills))])


ONE = described(Skill(skill="s", title="умение", subject="math", tasks={5: ["1", "2.1"], 6: ["1", "2.1"]}))


def held(rows):
    """Table `tasks` of one subject from columns school_id, grade, task, n, max, share."""
    return rows.select(
        pl.lit(YEAR).alias("year"), "school_id", pl.lit("math").alias("subject"), pl.col("grade").cast(pl.String),
        pl.col("task").cast(pl.String), n_participants=pl.col("n").cast(pl.Float64),
        max_score=pl.col("max").cast(pl.Float64), share_done="share", source_file=pl.lit("tasks.xlsx"),
        source_sheet=pl.lit(""), source_row=pl.lit(1),
    )  # fmt: skip


def golden():
    return held(pl.read_csv(GOLDEN / "tasks.csv", schema_overrides={"task": pl.String}))


def test_the_profile_is_what_r_makes_of_it():
    made, told = skill_profile(golden(), NOBODY, ONE, YEAR), pl.read_csv(GOLDEN / "skills.csv").sort("school_id")
    assert made["school_id"].to_list() == told["school_id"].to_list()
    for ours, theirs in (
        ("share_done", "done"),
        ("expected", "expected"),
        ("deficit", "deficit"),
        ("deficit_se", "se"),
    ):
        assert_allclose(made[ours], told[theirs], rtol=1e-8, err_msg=ours)
    check_table("skill_profile", made)


def emptied(rows, school, grade, task):
    """The same where one school has won nothing in one task."""
    there = (pl.col("school_id") == school) & (pl.col("grade") == grade) & (pl.col("task") == task)
    return rows.with_columns(share_done=pl.when(there).then(0.0).otherwise("share_done"))


def test_the_weakest_task_is_the_one_farthest_below_the_region():
    rows = emptied(golden(), "s11", "6", "2.1")
    one = skill_profile(rows, NOBODY, ONE, YEAR).row(by_predicate=pl.col("school_id") == "s11", named=True)
    assert (one["weakest_task"], one["weakest_grade"], one["weakest_done"]) == ("2.1", "6", 0.0)
    task = rows.filter(grade="6", task="2.1")
    won = (task["n_participants"] * task["share_done"]).sum()
    assert one["weakest_region"] == pytest.approx(won / task["n_participants"].sum())


def region(seed, planted=(), schools=80, shift=-1.2):
    """Pupils of a region sit one work of five tasks; in the planted schools tasks 1 and 2.1 are harder by `shift` logits."""
    rng = np.random.default_rng(seed)
    points = {"1": 1, "2.1": 2, "2.2": 1, "3": 3, "4": 2}
    hard = rng.normal(0, 0.6, len(points))
    rows = []
    for school in range(schools):
        n = int(rng.integers(10, 70))
        ability = rng.normal(rng.normal(0, 0.5), 1, n)
        for (task, most), ease in zip(points.items(), hard, strict=True):
            less = shift if school in planted and task in ("1", "2.1") else 0
            won = rng.binomial(most, 1 / (1 + np.exp(-(ability + ease + less))))
            rows.append((f"s{school:02d}", 5, task, n, most, won.mean() / most))
    return held(pl.DataFrame(rows, ["school_id", "grade", "task", "n", "max", "share"], orient="row"))


def alarms(profile):
    """Schools whose deficit is there with 95 % confidence."""
    return set(profile.filter(pl.col("deficit") > 1.645 * pl.col("deficit_se"))["school_id"])


def test_where_nothing_is_planted_one_school_in_twenty_is_behind_by_chance():
    found = [len(alarms(skill_profile(region(seed), NOBODY, ONE, YEAR))) for seed in range(40)]
    assert 0.03 < sum(found) / (40 * 80) < 0.07


def test_a_planted_deficit_is_found_and_is_as_large_as_planted():
    planted = range(0, 80, 16)
    found, size = 0, []
    for seed in range(20):
        profile = skill_profile(region(seed, planted), NOBODY, ONE, YEAR)
        found += len(alarms(profile) & {f"s{school:02d}" for school in planted})
        size += profile.filter(pl.col("school_id").is_in([f"s{school:02d}" for school in planted]))["deficit"].to_list()
    assert found > 0.8 * 20 * len(planted)  # schools of ten pupils among them
    # a shift of 1.2 logits takes some 0.21 of the points where the pupils' spread is 1
    assert 0.15 < np.mean(size) < 0.27


def test_a_school_that_is_weak_in_everything_is_behind_in_no_skill():
    rows = region(3)
    odds = pl.col("share_done") / (1 - pl.col("share_done")).clip(1e-9) * np.exp(-1.5)
    weak = rows.with_columns(
        share_done=pl.when(pl.col("school_id") == "s40").then(odds / (1 + odds)).otherwise("share_done")
    )
    one = skill_profile(weak, NOBODY, ONE, YEAR).row(by_predicate=pl.col("school_id") == "s40", named=True)
    usual = rows.filter(pl.col("school_id") == "s40", pl.col("task").is_in(["1", "2.1"]))
    done = (usual["share_done"] * usual["max_score"]).sum() / usual["max_score"].sum()
    assert one["share_done"] < done - 0.2
    assert abs(one["deficit"]) < 1.645 * one["deficit_se"]


@pytest.mark.parametrize(
    ("subject", "grade", "left"),
    [("math", "5", {"6"}), ("math", None, set()), (None, "5", {"6"}), (None, None, set()), ("rus", None, {"5", "6"})],
)
def test_results_listed_as_biased_are_left_out(subject, grade, left):
    listed = tables.conformed(
        "biased",
        pl.DataFrame(
            {"year": [YEAR], "school_id": ["s03"], "subject": [subject], "grade": [grade]},
            schema_overrides={"subject": pl.String, "grade": pl.String},
        ),
    )
    rows = golden()
    kept = rows.filter((pl.col("school_id") != "s03") | pl.col("grade").is_in(list(left)))
    assert skill_profile(rows, listed, ONE, YEAR).equals(skill_profile(kept, NOBODY, ONE, YEAR))


def test_few_schools_show_nothing():
    few = described(*ONE.works[0].skills, min_schools=61)
    assert skill_profile(golden(), NOBODY, few, YEAR).is_empty()
    assert skill_profile(tables.empty("tasks"), NOBODY, ONE, YEAR).is_empty()


def test_a_school_without_data_of_a_task_is_left_out_of_that_work():
    """The tasks that remain are not those that the others have: neither a zero nor a share of them would do."""
    there = (pl.col("school_id") == "s05") & (pl.col("grade") == "5")
    empty = there & (pl.col("task") == "2.1")
    for rows in (golden().filter(~empty), golden().with_columns(share_done=pl.when(~empty).then("share_done"))):
        assert skill_profile(rows, NOBODY, ONE, YEAR).equals(skill_profile(golden().filter(~there), NOBODY, ONE, YEAR))


def refused(content, year=YEAR):
    with pytest.raises(BadInput) as error:
        skill_profile(golden(), NOBODY, content, year)
    return [str(problem) for problem in error.value.problems]


def test_a_year_that_is_not_described_is_said():
    (sentence,) = refused(described(*ONE.works[0].skills, years=[2019]))
    assert "skills.yml" in sentence and "умения работ 2021 года не описаны" in sentence and "допишите год" in sentence


def test_every_task_that_a_work_does_not_have_is_named():
    wrong = Skill(skill="s", title="умение", subject="math", tasks={5: ["1", "2.3"], 6: ["7", "8"], 7: ["1"]})
    first, second = refused(described(wrong))
    assert (
        "заданий 2.3 в работе нет (математика, 5 класс, 2021 год)" in first
        and "задания работы: 1, 2.1, 2.2, 3, 4" in first
    )
    assert (
        "заданий 7, 8 в работе нет (математика, 6 класс, 2021 год)" in second
    )  # grade 7 has no file: not judged, no fault


SHIPPED = yaml.safe_load(SKILLS.read_text(encoding="utf-8"))


def loaded(content, tmp_path):
    path = tmp_path / "skills.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_skills(path)


def test_the_shipped_file_is_good(tmp_path):
    assert loaded(SHIPPED, tmp_path) == load_skills()


def changed(**paths):
    """The shipped file with the keys at dotted paths replaced."""
    content = copy.deepcopy(SHIPPED)
    for path, value in paths.items():
        *way, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        place = content
        for part in way:
            place = place[part]
        place[last] = value
    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (changed(works__0__skills__1__skill="spelling"), "умение «spelling» описано не один раз"),
        (changed(works__0__skills__0__subject="russian"), "предмет «russian»"),
        (changed(works__0__skills__0__tasks={5: ["1К1", "8"]}), "задание 8 (rus, 5 класс) названо не один раз"),
        (
            changed(works=[SHIPPED["works"][0], SHIPPED["works"][0] | {"years": [2021, 2022]}]),
            "год 2021 назван не один раз",
        ),
        (changed(min_schools=1), "min_schools"),
        (changed(works__0__skills__0__tasks={5: []}), "tasks"),
        (changed(works__0__skills__0__task={5: ["1"]}), "task"),
    ],
)
def test_every_fault_of_the_file_is_said(content, said, tmp_path):
    with pytest.raises(BadInput) as error:
        loaded(content, tmp_path)
    assert any(said in str(problem) for problem in error.value.problems)
