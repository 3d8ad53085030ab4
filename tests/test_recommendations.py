"""Recommendations: a planted deficit leads to its measure and to no other; what is missing, doubled or at odds is told."""

from __future__ import annotations

import copy
import csv
from datetime import date

import polars as pl
import pytest
import yaml
from copies import check_table

from helpers import tables
from helpers.intake.registry import _WORDS
from helpers.problems import BadInput
from helpers.report import PROJECT, RECOMMENDATIONS
from helpers.support import (
    gather,
    judged,
    load_recommendations,
    load_risk_factors,
    load_skills,
    recommendations,
    risk_profile,
    rule_coverage,
    skill_profile,
)
from helpers.support.risk import READS as OF_RISK
from helpers.support.rule_table import Condition, Recommendations, Rule

YEAR = 2021
DEMO_TRUTH = PROJECT / "data" / "raw" / "kamchatka-2021" / "_truth"
FACTORS = load_risk_factors()
KNOWN = load_skills()
RULES = load_recommendations(FACTORS, KNOWN)
SUBJECTS = ["rus", "literature", "math", "physics", "chemistry", "biology", "geography", "history", "social"]
SKILLS = [skill.skill for skill in KNOWN.of_year(YEAR)]
COMPETENCES = ["all", "subject", "method", "psychology", "communication"]


def records(table, *rows):
    usual = {"year": YEAR, "school_id": "a", "source_file": f"{table}.xlsx"}
    return tables.conformed(table, pl.DataFrame([usual | row for row in rows], infer_schema_length=None))


def healthy():
    """Everything that is known of a school with which all is well."""
    answers = [
        {"role": piece.role, "item": item, "n_answers": 20.0, "mean": 4.5}
        for factor in FACTORS.factors
        for piece in factor.evidence
        for item in piece.items
    ]
    counts = ["n_disabilities", "n_not_native_russian", "n_supervised_or_at_risk", "n_low_income"]
    sat = {"procedure": "OGE", "grade": "9", "n_participants": 40.0, "share_low": 0.05}
    return {
        "staff": records("staff", {"posts": 50.0, "vacancies": 1.0, "n_teachers": 40.0, "n_experience_under_3": 2.0}),
        "passports": records("passports", {"n_pupils": 400.0} | dict.fromkeys(counts, 4.0)),
        "questionnaires": records("questionnaires", *answers),
        "diagnostics": records(
            "diagnostics", *({"subject": "rus", "competence": c, "n_finished": 10.0, "n_low": 1.0} for c in COMPETENCES)
        ),
        "results": records("results", *(sat | {"subject": subject} for subject in SUBJECTS)),
        "knowledge": records("knowledge", sat | {"subject": "rus"}),
        "skill_profile": records(
            "skill_profile",
            *(
                {
                    "subject": skill.subject,
                    "skill": skill.skill,
                    "title": skill.title,
                    "n_participants": 40.0,
                    "share_done": 0.55,
                    "expected": 0.5,
                    "deficit": -0.05,
                    "deficit_se": 0.05,
                    "weakest_task": "4.1",
                    "weakest_grade": "6",
                    "weakest_done": 0.45,
                    "weakest_region": 0.6,
                }
                for skill in KNOWN.of_year(YEAR)
            ),
        ),
        "flags": pl.DataFrame(
            {
                "school_id": ["a"],
                "tier": ["none"],
                "direction": ["within"],
                "type": ["middle_within"],
                "context_class": ["middle"],
            }
        ),
        "schools": records("schools", {"school_type": "СОШ"}),
    }


def put(table, where, **values):
    """Plant values in the rows of a table that meet a condition."""

    def plant(sources):
        frame = sources[table]
        change = [
            pl.when(where).then(value if isinstance(value, pl.Expr) else pl.lit(value)).otherwise(name).alias(name)
            for name, value in values.items()
        ]
        return sources | {table: frame.with_columns(change)}

    return plant


def asked(factor):
    """Whether an item stands among the evidence of a factor."""
    (pieces,) = [known.evidence for known in FACTORS.factors if known.factor == factor]
    return pl.any_horizontal(
        (pl.col("role") == piece.role) & pl.col("item").is_in(piece.items) for piece in pieces if piece.items
    )


EVERY = pl.lit(True)


def facts(profile, sources):
    return gather(profile, sources["skill_profile"], sources, YEAR)


def advised(sources, content=RULES, year=YEAR):
    """What is advised to school a."""
    one = pl.DataFrame({"school_id": ["a"]})
    profile = risk_profile(one, {name: sources[name] for name in OF_RISK}, FACTORS, year)
    verdicts = judged(one, gather(profile, sources["skill_profile"], sources, year), content)
    table = recommendations(verdicts, content, year)
    check_table("recommendations", table)
    return table


PLANTED = [
    *(
        ([put("questionnaires", asked(factor), mean=2.0)], {factor})
        for factor in ("equipment", "motivation", "wellbeing", "discipline", "parents")
    ),
    ([put("staff", EVERY, vacancies=9.0)], {"staff"}),
    ([put("staff", EVERY, n_experience_under_3=20.0)], {"staff"}),
    ([put("diagnostics", pl.col("competence") == "all", n_low=8.0)], {"competence"}),
    ([put("passports", EVERY, n_disabilities=100.0)], {"disabilities"}),
    ([put("passports", EVERY, n_not_native_russian=60.0)], {"language"}),
    ([put("passports", EVERY, n_supervised_or_at_risk=160.0)], {"failure"}),
    *(([put("results", pl.col("subject") == subject, share_low=0.4)], {f"subject_{subject}"}) for subject in SUBJECTS),
    ([put("knowledge", EVERY, share_low=0.29)], {"subject_rus"}),
    ([put("knowledge", EVERY, share_low=0.31)], {"subject_rus", "failure"}),
    *(
        ([put("skill_profile", pl.col("skill") == skill, share_done=0.3, deficit=0.2)], {f"skill_{skill}"})
        for skill in SKILLS
    ),
    *(
        ([put("diagnostics", pl.col("competence") == competence, n_low=5.0)], {f"module_{competence}"})
        for competence in COMPETENCES[1:]
    ),
    ([put("flags", EVERY, direction="below", tier="persistent", type="middle_below")], {"below"}),
    ([put("schools", EVERY, school_type="вечерняя"), put("flags", EVERY, direction=None, tier="outside", type="outside")], {"evening"}),
    ([put("staff", EVERY, vacancies=9.0), put("results", pl.col("subject") == "math", share_low=0.4)], {"staff", "subject_math"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("deficits", "expected"), PLANTED, ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else ""
)
def test_a_planted_deficit_leads_to_its_measure_and_to_no_other(deficits, expected):
    sources = healthy()
    for deficit in deficits:
        sources = deficit(sources)
    assert set(advised(sources)["rule_id"]) == expected


def test_every_rule_is_planted_somewhere():
    assert set.union(*(expected for _, expected in PLANTED)) == {rule.id for rule in RULES.rules}


def test_a_school_with_no_triggered_rule_says_so():
    (row,) = advised(healthy()).iter_rows(named=True)
    assert (row["number"], row["rule_id"], row["measure"], row["deadline_date"]) == (1, None, None, None)
    assert row["because"] == "ни одно правило не сработало: по данным школы отдельных мер не требуется"


def test_a_school_of_which_nothing_is_known_says_so():
    nothing = {name: frame.clear() for name, frame in healthy().items()}
    (row,) = advised(nothing).iter_rows(named=True)
    assert row["rule_id"] is None
    assert (
        row["because"]
        == f"ни одно правило не сработало; не хватило данных, чтобы судить, по правилам: {len(RULES.rules)}"
    )


def test_the_reason_has_the_number_and_the_border():
    row = advised(put("staff", EVERY, vacancies=9.0)(healthy())).row(0, named=True)
    assert row["because"] == (
        "фактор «Дефицит педагогических кадров», значимость высокая: вакантных ставок — 18\u00a0% (высокая: от 10\u00a0%)"
    )
    assert row["factor"] == "staff" and row["owner"] and row["document"]
    row = advised(put("results", pl.col("subject") == "math", share_low=0.4)(healthy())).row(0, named=True)
    assert row["because"] == "математика: низких результатов 40\u00a0% (граница — 25\u00a0%; ВПР, ОГЭ и ЕГЭ, работ: 40)"
    assert row["factor"] == "failure"


@pytest.mark.parametrize(("share", "triggered"), [(0.2494, False), (0.25, True)])
def test_the_border_belongs_to_the_rule(share, triggered):
    table = advised(put("results", pl.col("subject") == "math", share_low=share)(healthy()))
    assert ("subject_math" in table["rule_id"].to_list()) == triggered


def test_few_works_and_few_teachers_decide_nothing():
    few = put("results", pl.col("subject") == "math", share_low=1.0, n_participants=9.0)(healthy())
    few = put("diagnostics", pl.col("competence") == "method", n_finished=4.0, n_low=4.0)(few)
    assert advised(few)["rule_id"].to_list() == [None]


@pytest.mark.parametrize(
    ("deficit", "error", "works", "triggered"),
    [
        (0.10, 0.06, 40.0, True), (0.0994, 0.01, 40.0, False), (0.10, 0.061, 40.0, False), (0.3, 0.19, 40.0, False),
        (0.3, 0.05, 9.0, False), (0.3, 0.05, 10.0, True),
    ],
)  # fmt: skip
def test_a_school_is_behind_by_so_much_and_not_by_chance(deficit, error, works, triggered):
    """One-sided 95 %: 1.645 errors."""
    sources = put(
        "skill_profile", pl.col("skill") == "geometry", deficit=deficit, deficit_se=error, n_participants=works
    )
    assert ("skill_geometry" in advised(sources(healthy()))["rule_id"].to_list()) == triggered


def test_the_reason_names_the_tasks():
    sources = put("skill_profile", pl.col("skill") == "geometry", share_done=0.314, deficit=0.186)(healthy())
    assert advised(sources).row(0, named=True)["because"] == (
        "геометрия: набрано 31,4\u00a0% баллов, а у школ с такими же остальными заданиями — 50\u00a0% (граница — на 10 п. п. "
        "меньше; работ: 40); слабее всего задание 4.1 (6 класс): 45\u00a0%, в регионе — 60\u00a0%"
    )


def test_a_skill_of_which_there_are_no_tasks_decides_nothing():
    sources = put("skill_profile", EVERY, skill="other")(healthy())
    assert verdict([{"skill": "geometry", "behind": 0.1}], sources) is None


def test_the_streams_of_mathematics_are_one_subject():
    table = put("results", pl.col("subject") == "math", subject="math_profile", share_low=0.4)(healthy())
    assert advised(table)["rule_id"].to_list() == ["subject_math"]


def content(*rules, **changes):
    """A table of rules from dicts over a usual rule."""
    usual = {"measure": "Мера", "owner": "Директор школы", "deadline": "10-10", "document": "План"}
    return Recommendations(
        source="test", min_works=10, confidence=0.95, min_teachers=5,
        rules=[Rule(**usual | {"measure": rule["id"]} | rule | {"when": [Condition(**c) for c in rule["when"]]}) for rule in rules],
    )  # fmt: skip


WITHIN, MIDDLE, STAFF = {"direction": "within"}, {"context_class": "middle"}, {"factor": "staff", "level": "high"}
ABOVE, BELOW = {"direction": "above"}, {"direction": "below"}


def verdict(when, sources):
    """True, false or null: what one rule of these conditions comes to for school a."""
    one, rules = pl.DataFrame({"school_id": ["a"]}), content({"id": "r", "when": when})
    profile = risk_profile(one, {name: sources[name] for name in OF_RISK}, FACTORS, YEAR)
    return judged(one, facts(profile, sources), rules)["verdict"].item()


UNKNOWN = {"factor": "disabilities", "level": "high"}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ([WITHIN], True), ([ABOVE], False), ([UNKNOWN], None),
        ([WITHIN, MIDDLE], True), ([WITHIN, ABOVE], False), ([WITHIN, UNKNOWN], None),
        ([ABOVE, UNKNOWN], False), ([UNKNOWN, ABOVE], False), ([UNKNOWN, UNKNOWN], None),
    ],
)  # fmt: skip
def test_conditions_are_joined_by_and_with_the_unknown_kept(when, expected):
    assert verdict(when, put("passports", EVERY, n_disabilities=None)(healthy())) is expected


@pytest.mark.parametrize(
    ("tier", "kind", "asked_for", "expected"),
    [
        ("insufficient_data", "insufficient_data", BELOW, None),
        ("preliminary", "preliminary", {"type": "middle_below"}, None),
        ("preliminary", "preliminary", {"type": "preliminary"}, True),
        ("preliminary", "preliminary", {"type": "outside"}, False),
        ("dependent", "dependent", BELOW, False),
        ("outside", "outside", BELOW, False),
    ],
)
def test_too_little_data_may_hide_a_direction_and_nothing_else(tier, kind, asked_for, expected):
    flags = put("flags", EVERY, tier=tier, type=kind, direction=None)
    assert verdict([asked_for], flags(healthy())) is expected


def test_a_level_holds_from_itself_on():
    sources = put("staff", EVERY, vacancies=4.0)(healthy())  # 8 %: medium
    assert verdict([{"factor": "staff", "level": "medium"}], sources) is True
    assert verdict([STAFF], sources) is False


def test_the_same_measure_stands_once_with_both_reasons():
    rules = content(
        {"id": "first", "when": [WITHIN], "measure": "Провести семинар"},
        {"id": "second", "when": [MIDDLE], "measure": " провести  Семинар."},
        {"id": "third", "when": [MIDDLE], "measure": "Другое", "factor": "staff"},
    )
    table = advised(healthy(), rules)
    assert table["rule_id"].to_list() == ["first", "third"]
    assert table["because"][0] == "результаты без явного отклонения, контекст средний; также контекст средний"
    assert table["factor"].to_list() == [None, "staff"]


def test_rules_that_exclude_each_other_are_both_marked():
    rules = content(
        {"id": "one", "when": [WITHIN], "excludes": ["two"]},
        {"id": "two", "when": [MIDDLE]},
        {"id": "three", "when": [MIDDLE]},
    )
    table = advised(healthy(), rules)
    assert dict(table.select("rule_id", "conflict_with").iter_rows()) == {"one": "two", "two": "one", "three": None}
    apart = content({"id": "one", "when": [WITHIN], "excludes": ["two"]}, {"id": "two", "when": [ABOVE]})
    assert advised(healthy(), apart)["conflict_with"].to_list() == [None]


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        ("10-10", date(2021, 10, 10)), ("06-01", date(2021, 6, 1)), ("05-31", date(2022, 5, 31)),
        ("01-15", date(2022, 1, 15)), (date(2023, 3, 1), date(2023, 3, 1)),
    ],
)  # fmt: skip
def test_a_month_and_a_day_are_the_next_after_the_report(deadline, expected):
    assert advised(healthy(), content({"id": "r", "when": [WITHIN], "deadline": deadline}))[
        "deadline_date"
    ].to_list() == [expected]


def test_a_schools_measures_stand_by_deadline():
    rules = content(
        *({"id": f"r{i}", "when": [WITHIN], "deadline": d} for i, d in enumerate(["01-15", "10-10", "09-01"]))
    )
    table = advised(healthy(), rules)
    assert table["rule_id"].to_list() == ["r2", "r1", "r0"] and table["number"].to_list() == [1, 2, 3]


def test_a_deadline_that_is_over_is_refused():
    with pytest.raises(BadInput) as refused:
        advised(healthy(), content({"id": "r", "when": [ABOVE], "deadline": date(2021, 5, 31)}))
    assert "rules №1.deadline" in str(refused.value) and "31.05.2021" in str(refused.value)


def test_coverage_counts_triggered_and_undecided_schools():
    ids = pl.DataFrame({"school_id": ["a", "b", "c"]})
    rules = content({"id": "hit", "when": [WITHIN]}, {"id": "never", "when": [ABOVE]})
    flags = pl.DataFrame(
        {"school_id": ["a", "b"], "tier": ["none", "preliminary"], "direction": ["within", None],
         "type": ["middle_within", "preliminary"], "context_class": ["middle", "middle"]}
    )  # fmt: skip
    verdicts = judged(ids, facts(tables.empty("risk_profile"), healthy() | {"flags": flags}), rules)
    covered = rule_coverage(verdicts, rules)
    check_table("rule_coverage", covered)
    assert covered.rows() == [("hit", "hit", 1, 2, False), ("never", "never", 0, 2, True)]


def test_nobody_supported_makes_empty_tables():
    verdicts = judged(
        pl.DataFrame({"school_id": []}, schema={"school_id": pl.String}),
        facts(tables.empty("risk_profile"), healthy()),
        RULES,
    )
    for name, table in (
        ("recommendations", recommendations(verdicts, RULES, YEAR)),
        ("rule_coverage", rule_coverage(verdicts, RULES)),
    ):
        assert table.is_empty() and table.schema == tables.empty(name).schema


SHIPPED = yaml.safe_load(RECOMMENDATIONS.read_text(encoding="utf-8"))


def changed(**changes):
    """The shipped rules with keys of the first rule replaced."""
    rules = copy.deepcopy(SHIPPED["rules"])
    rules[0] |= changes
    return {"rules": rules}


def added(**changes):
    """The shipped rules with one more, like the first but for these keys."""
    return {"rules": [*SHIPPED["rules"], SHIPPED["rules"][0] | {"id": "more", "measure": "Ещё одна мера"} | changes]}


LAST = len(SHIPPED["rules"]) + 1


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"min_works": 0}, "min_works", ["число не меньше 1"]),
        ({"rules": []}, "rules", ["элементов не меньше 1"]),
        ({"rulez": 1}, "rulez", ["неизвестный ключ, похожий на «rules»"]),
        (changed(id="Кадры"), "rules №1.id", ["имя из латинских"]),
        (changed(measure=""), "rules №1.measure", ["непустой текст"]),
        (changed(docment="План"), "rules №1.docment", ["неизвестный ключ, похожий на «document»"]),
        (changed(owner="Иванова И. И."), "rules №1.owner", ["роль или организация"]),
        (changed(deadline="до осени"), "rules №1.deadline", ["«до осени»", "месяц и день вида 10-31"]),
        (changed(deadline=10.10), "rules №1.deadline", ["месяц и день"]),
        (changed(deadline="02-30"), "rules №1.deadline", ["«02-30»"]),
        (changed(when=[]), "rules №1.when", ["элементов не меньше 1"]),
        (changed(when=[{}]), "rules №1.when №1", ["ровно один из ключей factor, subject"]),
        (changed(when=[WITHIN | MIDDLE]), "rules №1.when №1", ["ровно один из ключей"]),
        (changed(when=[{"factor": "staff"}]), "rules №1.when №1", ["ключи factor и level вместе"]),
        (changed(when=[{"subject": "rus"}]), "rules №1.when №1", ["ключ share_low вместе с subject"]),
        (changed(when=[{"subject": "rus", "share_low": 20.0}]), "rules №1.when №1.share_low", ["число не больше 1"]),
        (changed(when=[{"factor": "staff", "level": "высокая"}]), "rules №1.when №1.level", ["«высокая»", "'high'"]),
        (changed(when=[{"competence": "it", "share_low": 0.5}]), "rules №1.when №1.competence", ["«it»", "'method'"]),
        (changed(when=[{"school_type": "лицей"}]), "rules №1.when №1.school_type", ["«лицей»", "'вечерняя'"]),
        (changed(when=[{"factor": "stuff", "level": "high"}]), "rules №1.when №1.factor", ["фактор «stuff»", "staff"]),
        (changed(factor="stuff"), "rules №1.factor", ["фактор «stuff»"]),
        (changed(when=[{"subject": "rush", "share_low": 0.2}]), "rules №1.when №1.subject", ["предмет «rush»", "rus"]),
        (changed(when=[{"subject": "math_profile", "share_low": 0.2}]), "rules №1.when №1.subject", ["«math_profile»"]),
        (changed(when=[{"skill": "geometry"}]), "rules №1.when №1", ["ключи skill и behind вместе"]),
        (changed(when=[{"skill": "geometry", "behind": 10}]), "rules №1.when №1.behind", ["число меньше 1"]),
        (changed(when=[{"skill": "geo", "behind": 0.1}]), "rules №1.when №1.skill", ["умение «geo»", "geometry"]),
        ({"confidence": 95}, "confidence", ["число меньше 1"]),
        (changed(excludes=["nobody"]), "rules №1.excludes", ["правило «nobody», которого нет"]),
        (changed(excludes=["equipment"]), "rules №1.excludes", ["само это правило"]),
        (changed(when=[WITHIN, WITHIN]), "rules №1.when", ["одно условие дважды"]),
        (changed(when=[WITHIN, ABOVE]), "rules №1.when", ["не выполнятся ни у одной школы"]),
        (changed(when=[WITHIN, {"type": "middle_below"}]), "rules №1.when", ["не выполнятся ни у одной школы"]),
        (changed(when=[{"type": "outside"}, BELOW]), "rules №1.when", ["не выполнятся ни у одной школы"]),
        (changed(when=[MIDDLE, {"type": "advantaged_below"}]), "rules №1.when", ["не выполнятся ни у одной школы"]),
        (changed(when=[{"school_type": "СОШ"}, {"school_type": "ООШ"}]), "rules №1.when", ["не выполнятся"]),
        (added(id="staff"), "rules.id", ["правил с id «staff»: 2"]),
        (added(measure=SHIPPED["rules"][0]["measure"]), f"rules №{LAST}.measure", ["условия и мера те же", "«equipment»"]),
        (added(measure=SHIPPED["rules"][0]["measure"], owner="ЦНППМ"), f"rules №{LAST}.measure", ["но другие owner"]),
    ],
)  # fmt: skip
def test_a_wrong_table_of_rules_is_refused(tmp_path, changes, key, words):
    path = tmp_path / "recommendations.yml"
    path.write_text(yaml.safe_dump(copy.deepcopy(SHIPPED | changes), allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_recommendations(FACTORS, KNOWN, path)
    (sentence,) = [str(problem) for problem in refused.value.problems]
    assert f"Файл recommendations.yml, ключ «{key}»" in sentence
    assert all(word in sentence for word in words), sentence


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    rules = copy.deepcopy(SHIPPED["rules"])
    rules[0]["when"], rules[1]["excludes"], rules[2]["id"] = [WITHIN, ABOVE], ["nobody"], "parents"
    path = tmp_path / "recommendations.yml"
    path.write_text(yaml.safe_dump(SHIPPED | {"rules": rules}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_recommendations(FACTORS, KNOWN, path)
    assert len(refused.value.problems) == 3


def test_a_factor_without_evidence_never_triggers_and_is_refused(tmp_path):
    factors = [f.model_copy(update={"evidence": []}) if f.factor == "staff" else f for f in FACTORS.factors]
    with pytest.raises(BadInput) as refused:
        load_recommendations(FACTORS.model_copy(update={"factors": factors}), KNOWN)
    assert "фактор «staff» без свидетельств" in str(refused.value)


def test_types_of_schools_are_those_of_the_registry():
    (options,) = [kind for kind in Condition.model_fields["school_type"].annotation.__args__ if kind is not type(None)]
    assert options.__args__ == _WORDS["school_type"]


def test_the_shipped_rules_cover_what_they_should():
    asked_of = [condition for rule in RULES.rules for condition in rule.when]
    assert {c.factor for c in asked_of if c.factor} == {factor.factor for factor in FACTORS.factors}
    assert {c.subject for c in asked_of if c.subject} == set(SUBJECTS)
    assert {c.competence for c in asked_of if c.competence} == set(COMPETENCES[1:])
    assert {c.skill for c in asked_of if c.skill} == set(SKILLS)


@pytest.fixture(scope="module")
def demo(from_clean):
    """Canonical tables of the demonstration region and its supported schools; no school is named by a conclusion."""
    read = from_clean.tables
    ids = read["schools"].filter(year=YEAR)["school_id"]
    flags = pl.DataFrame({"school_id": ids}).with_columns(
        tier=pl.lit("none"), direction=pl.lit("within"), type=pl.lit("middle_within"), context_class=pl.lit("middle")
    )
    skills = skill_profile(read["tasks"], read["biased"], KNOWN, YEAR)
    return read | {"flags": flags, "skill_profile": skills}, read["programme"].select("school_id").unique().sort(
        "school_id"
    )


def advised_in(demo):
    sources, members = demo
    profile = risk_profile(members, sources, FACTORS, YEAR)
    verdicts = judged(members, facts(profile, sources), RULES)
    return recommendations(verdicts, RULES, YEAR)


def test_the_region_is_advised_as_its_own_numbers_say(demo):
    sources, members = demo
    table = advised_in(demo)
    assert set(table["school_id"]) == set(members["school_id"])
    n = pl.col("n_participants")
    for subject, border in (("rus", 0.20), ("math", 0.25)):
        streams = [subject, f"{subject}_profile", f"{subject}_basic"]
        shares = [
            sources[name].filter(pl.col("year") == YEAR, pl.col("subject").is_in(streams), pl.col("share_low").is_not_null())
            .filter(~pl.col("biased") if name == "results" else pl.lit(True))
            .group_by("school_id").agg(share=(pl.col("share_low") * n).sum() / n.sum(), n=n.sum())
            for name in ("results", "knowledge")
        ]  # fmt: skip
        low = (
            pl.concat(shares)
            .filter(pl.col("n") >= 10, pl.col("share") >= border - 0.0005)
            .join(members, on="school_id")
        )
        assert 5 < low["school_id"].n_unique() < 26
        assert set(table.filter(rule_id=f"subject_{subject}")["school_id"]) == set(low["school_id"])


def test_the_regions_evening_schools_are_told_apart(demo):
    sources, members = demo
    evening = sources["schools"].filter(year=YEAR, school_type="вечерняя").join(members, on="school_id")["school_id"]
    assert len(evening) == 6
    assert set(advised_in(demo).filter(rule_id="evening")["school_id"]) == set(evening)


def test_a_deficit_planted_in_the_region_changes_that_school_alone(demo):
    sources, members = demo
    before = advised_in(demo)
    free = set(members["school_id"]) - set(before.filter(rule_id="staff")["school_id"])
    school = min(free)
    vacant = put("staff", (pl.col("school_id") == school) & (pl.col("year") == YEAR), vacancies=pl.col("posts"))
    after = advised_in((vacant(sources), members))
    new = after.join(before, on=["school_id", "rule_id"], how="anti")
    assert new.select("school_id", "rule_id").rows() == [(school, "staff")]
    others = pl.col("school_id") != school
    assert after.filter(others).equals(before.filter(others))


def test_the_skills_planted_in_the_region_are_recommended_and_few_others(demo):
    members = demo[1]
    with (DEMO_TRUTH / "skills.csv").open(encoding="utf-8") as file:
        planted = {(row["school_id"], f"skill_{row['skill']}") for row in csv.DictReader(file)}
    assert len(planted) >= 6 and {school for school, _ in planted} <= set(members["school_id"])
    found = advised_in(demo).filter(pl.col("rule_id").str.starts_with("skill_"))
    found = set(found.select("school_id", "rule_id").iter_rows())
    assert len(found & planted) >= 0.85 * len(planted)
    # the rest are schools behind by chance: one-sided 5 % of those that have written, and by a tenth of the points besides
    assert len(found - planted) <= 0.05 * len(SKILLS) * members.height
