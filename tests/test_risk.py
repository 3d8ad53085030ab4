"""The risk profile: levels by hand, what counts as no data, refusals, the demonstration region against its own raw files."""

from __future__ import annotations

import fastexcel
import polars as pl
import pytest
import yaml
from copies import check_table

from helpers import tables
from helpers.problems import BadInput
from helpers.report import RISK_FACTORS
from helpers.support.risk import READS, Evidence, Factor, RiskFactors, load_risk_factors, risk_profile

YEAR = 2021
ONE = pl.DataFrame({"school_id": ["a"]})


def rows(table, *records):
    """A table of the contract from records of one year, with a file of its own."""
    usual = {"year": YEAR, "school_id": "a", "source_file": f"{table}.xlsx"}
    return tables.conformed(table, pl.DataFrame([usual | record for record in records], infer_schema_length=None))


def sources(**given):
    return {name: given.get(name, tables.empty(name)) for name in READS}


def profiled(given, *evidence, min_n=5):
    factors = [Factor(factor="risk", title="Риск", evidence=[Evidence(**piece) for piece in evidence])]
    return risk_profile(ONE, sources(**given), RiskFactors(source="test", min_n=min_n, factors=factors), YEAR).row(
        0, named=True
    )


def staff(posts=50.0, vacancies=2.0, n_teachers=40.0, young=2.0):
    return rows(
        "staff", {"posts": posts, "vacancies": vacancies, "n_teachers": n_teachers, "n_experience_under_3": young}
    )


VACANCIES = {"measure": "vacancies", "medium": 0.07, "high": 0.10}
NOVICES = {"measure": "novices", "medium": 0.15, "high": 0.25}


@pytest.mark.parametrize(
    ("vacancies", "level"),
    [(0.0, "low"), (3.4, "low"), (3.5, "medium"), (4.9, "medium"), (5.0, "high"), (50.0, "high")],
)
def test_borders_belong_to_the_graver_level(vacancies, level):
    assert profiled({"staff": staff(vacancies=vacancies)}, VACANCIES)["level"] == level


def test_what_is_printed_is_what_is_compared():
    row = profiled({"staff": staff(posts=1000.0, vacancies=99.6)}, VACANCIES)  # 9,96 % is printed as 10 %
    assert (row["value"], row["level"]) == (0.1, "high") and "10\u00a0%" in row["evidence"]


@pytest.mark.parametrize(
    ("mean", "level"), [(4.0, "low"), (3.51, "low"), (3.5, "medium"), (3.01, "medium"), (3.0, "high"), (1.0, "high")]
)
def test_the_less_agreement_the_graver(mean, level):
    answered = rows("questionnaires", {"role": "pupils", "item": "Спокойно", "n_answers": 20.0, "mean": mean})
    piece = {"measure": "answers", "role": "pupils", "items": ["Спокойно"], "medium": 3.5, "high": 3.0}
    assert profiled({"questionnaires": answered}, piece)["level"] == level


def test_the_gravest_evidence_decides_and_the_rest_is_told():
    row = profiled({"staff": staff(vacancies=4.0, young=12.0)}, VACANCIES, NOVICES)  # 8 % and 30 %
    assert (row["level"], row["measure"], row["value"], row["source_file"]) == ("high", "novices", 0.3, "staff.xlsx")
    assert row["evidence"] == "педагогов со стажем до 3 лет — 30\u00a0% (высокая: от 25\u00a0%)"
    assert row["others"] == "вакантных ставок — 8\u00a0% (средняя: от 7\u00a0%)"


def test_of_equals_the_first_decides():
    row = profiled({"staff": staff()}, NOVICES, VACANCIES)
    assert (row["level"], row["measure"]) == ("low", "novices")


@pytest.mark.parametrize(
    ("given", "piece", "evidence"),
    [
        ({}, VACANCIES, "вакантных ставок: нет данных"),
        ({"staff": staff(vacancies=None)}, VACANCIES, "вакантных ставок: нет данных"),
        ({"staff": staff(posts=0.0, vacancies=0.0)}, VACANCIES, "вакантных ставок: нет данных"),
        ({"staff": staff(posts=4.5)}, VACANCIES, "вакантных ставок: нет данных (ставок меньше 5)"),
        ({"staff": staff(n_teachers=4.0, young=4.0)}, NOVICES, "педагогов со стажем до 3 лет: нет данных (педагогов меньше 5)"),
        ({"passports": rows("passports", {"n_pupils": 90.0})}, {"measure": "disabilities", "medium": 0.1, "high": 0.2},
         "учеников с ОВЗ: нет данных"),
    ],
)  # fmt: skip
def test_no_data_is_said(given, piece, evidence):
    row = profiled(given, piece)
    assert (row["level"], row["value"], row["measure"], row["source_file"], row["evidence"]) == (
        None,
        None,
        None,
        None,
        evidence,
    )


def test_another_years_data_are_no_data():
    assert profiled({"staff": staff().with_columns(year=pl.lit(YEAR - 1, pl.Int64))}, VACANCIES)["level"] is None


@pytest.mark.parametrize(("n", "level"), [(4.0, None), (5.0, "high")])
def test_few_answers_are_no_data(n, level):
    answered = rows("questionnaires", {"role": "parents", "item": "Участвую", "n_answers": n, "mean": 1.5})
    piece = {"measure": "answers", "role": "parents", "items": ["Участвую"], "medium": 3.5, "high": 3.0}
    assert profiled({"questionnaires": answered}, piece)["level"] == level


def test_an_item_that_few_answered_leaves_the_mean_unknown():
    usual = {"role": "pupils", "mean": 2.0}
    answered = rows(
        "questionnaires", usual | {"item": "Интересно", "n_answers": 30.0}, usual | {"item": "Зачем", "n_answers": 4.0}
    )
    piece = {"measure": "answers", "role": "pupils", "items": ["Интересно", "Зачем"], "medium": 3.5, "high": 3.0}
    row = profiled({"questionnaires": answered}, piece)
    assert row["level"] is None and row["evidence"].endswith("нет данных (ответов меньше 5)")


def test_one_piece_with_data_is_enough():
    row = profiled({"staff": staff(n_teachers=4.0)}, NOVICES, VACANCIES)
    assert (row["level"], row["measure"]) == ("low", "vacancies") and "нет данных" in row["others"]


def test_items_are_averaged_over_answers_and_roles_kept_apart():
    answered = rows(
        "questionnaires",
        {"role": "pupils", "item": "Интересно", "n_answers": 30.0, "mean": 4.0},
        {"role": "pupils", "item": "Зачем", "n_answers": 10.0, "mean": 2.0},
        {"role": "teachers", "item": "Зачем", "n_answers": 30.0, "mean": 1.0},
    )
    piece = {"measure": "answers", "role": "pupils", "items": ["Интересно", "Зачем"], "medium": 3.5, "high": 3.0}
    row = profiled({"questionnaires": answered}, piece)
    assert row["value"] == 3.5  # (30·4 + 10·2) / 40
    assert row["evidence"] == "ответы учеников «Интересно», «Зачем» — 3,50 (средняя: 3,50 и ниже)"


def test_shares_of_results_by_hand():
    usual = {"procedure": "VPR", "grade": "5"}
    read = rows(
        "results",
        usual | {"subject": "rus", "n_participants": 30.0, "share_low": 0.1},
        usual | {"subject": "math", "n_participants": 10.0, "share_low": 0.5},
        usual | {"subject": "physics", "n_participants": 60.0, "share_low": 1.0, "set_aside": "biased"},
    )
    row = profiled({"results": read}, {"measure": "low_results", "medium": 0.15, "high": 0.25})
    assert (row["value"], row["level"]) == (0.2, "medium")  # (3 + 5) / 40
    known = rows("knowledge", {"subject": "rus", "grade": "9", "n_participants": 8.0, "share_low": 0.375})
    assert profiled({"knowledge": known}, {"measure": "low_knowledge", "medium": 0.2, "high": 0.3})["level"] == "high"


def test_a_teacher_counts_once_in_diagnostics():
    tested = rows(
        "diagnostics",
        {"subject": "rus", "competence": "all", "n_finished": 6.0, "n_low": 3.0},
        {"subject": "rus", "competence": "method", "n_finished": 6.0, "n_low": 6.0},
        {"subject": "math", "competence": "all", "n_finished": 4.0, "n_low": 0.0},
    )
    row = profiled({"diagnostics": tested}, {"measure": "low_diagnostics", "medium": 0.35, "high": 0.5})
    assert (row["value"], row["level"]) == (0.3, "low")  # 3 of 10


def test_a_factor_without_evidence_is_not_known():
    assert profiled({"staff": staff()})["level"] is None


def test_the_ten_factors_are_those_of_the_project():
    factors = load_risk_factors().factors
    assert [factor.title for factor in factors] == [
        "Низкий уровень оснащения школы", "Дефицит педагогических кадров",
        "Недостаточная предметная и методическая компетентность педагогических работников", "Высокая доля обучающихся с ОВЗ",
        "Низкое качество преодоления языковых и культурных барьеров", "Низкая учебная мотивация обучающихся",
        "Пониженный уровень школьного благополучия", "Низкий уровень дисциплины в классе",
        "Высокая доля обучающихся с рисками учебной неуспешности", "Низкий уровень вовлечённости родителей",
    ]  # fmt: skip
    assert all(factor.evidence for factor in factors)


ANSWERS = {"measure": "answers", "role": "pupils", "items": ["Интересно"], "medium": 3.5, "high": 3.0}


def one_factor(*evidence, **changes):
    return {"factors": [{"factor": "risk", "title": "Риск", "evidence": list(evidence)} | changes]}


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"min_n": 0}, "min_n", ["число не меньше 1"]),
        ({"source": ""}, "source", ["непустой текст"]),
        ({"factors": []}, "factors", ["элементов не меньше 1"]),
        ({"treshold": 1}, "treshold", ["неизвестный ключ"]),
        (one_factor(VACANCIES, factor="Риск"), "factors №1.factor", ["имя из латинских"]),
        (one_factor(VACANCIES, titel="Риск"), "factors №1.titel", ["неизвестный ключ, похожий на «title»"]),
        (one_factor(VACANCIES | {"measure": "vacancy"}), "factors №1.evidence №1.measure", ["«vacancy»", "'vacancies'"]),
        (one_factor(VACANCIES | {"medium": "много"}), "factors №1.evidence №1.medium", ["«много»", "число"]),
        (one_factor(VACANCIES | {"medium": 0.2}), "factors №1.evidence №1", ["граница high выше границы medium"]),
        (one_factor(VACANCIES | {"high": 10.0 / 4}), "factors №1.evidence №1", ["обе от 0 до 1"]),
        (one_factor(VACANCIES | {"role": "pupils"}), "factors №1.evidence №1", ["role и items у measure: answers"]),
        (one_factor(ANSWERS | {"items": []}), "factors №1.evidence №1", ["role и items"]),
        (one_factor(ANSWERS | {"high": 4.0}), "factors №1.evidence №1", ["high ниже границы medium"]),
        (one_factor(ANSWERS | {"role": "дети"}), "factors №1.evidence №1.role", ["«дети»", "'pupils'"]),
        (one_factor(VACANCIES, NOVICES, VACANCIES), "factors №1.evidence", ["«vacancies»", "дважды"]),
        ({"factors": 2 * one_factor(VACANCIES)["factors"]}, "factors", ["фактор «risk» описан 2 раза"]),
    ],
)  # fmt: skip
def test_a_wrong_table_of_factors_is_refused(tmp_path, changes, key, words):
    path = tmp_path / "risk_factors.yml"
    content = {"source": "test", "min_n": 5, **one_factor(VACANCIES), **changes}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_risk_factors(path)
    (sentence,) = [str(problem) for problem in refused.value.problems]
    assert f"Файл risk_factors.yml, ключ «{key}»" in sentence
    assert all(word in sentence for word in words), sentence


def test_an_item_that_nobody_was_asked_is_refused():
    answered = rows("questionnaires", {"role": "pupils", "item": "Интересно", "n_answers": 9.0, "mean": 4.0})
    for wrong in ({"items": ["Интересно", "Интиресно"]}, {"role": "parents"}):
        with pytest.raises(BadInput) as refused:
            profiled({"questionnaires": answered}, ANSWERS | wrong)
        (sentence,) = [str(problem) for problem in refused.value.problems]
        assert "factors №1.evidence №1.items" in sentence and "исправьте текст утверждения" in sentence
    assert (
        profiled({}, ANSWERS | {"items": ["Интиресно"]})["level"] is None
    )  # no questionnaire: nothing to compare with


@pytest.fixture(scope="module")
def demo(clean, from_clean):
    """The demonstration region: its folder, its canonical tables."""
    return clean.parent, from_clean.tables


@pytest.fixture(scope="module")
def profile(demo):
    members = demo[1]["programme"].select("school_id").unique().sort("school_id")
    return risk_profile(members, demo[1], load_risk_factors(), YEAR)


def cells(path):
    """Rows of the first sheet of a workbook below the header that names ИНН, by title."""
    sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()
    lines = list(sheet.iter_rows())
    header = next(place for place, line in enumerate(lines) if "ИНН" in line)
    return [dict(zip(lines[header], line, strict=True)) for line in lines[header + 1 :]]


def test_the_regions_profiles_are_whole(demo, profile):
    check_table("risk_profile", profile)
    assert profile.group_by("school_id").len()["len"].unique().to_list() == [10]
    assert profile.filter(pl.col("level").is_null()).is_empty()
    many = profile.filter(factor="disabilities", level="high")["school_id"].to_list()
    assert many == ["k055", "k060", "k105"]  # as planted
    assert profile.filter(pl.col("level").is_not_null())["source_file"].null_count() == 0


@pytest.mark.parametrize("place", [0, 6, 12, 20, 25])
def test_the_regions_staffing_is_that_of_the_raw_file(demo, profile, place):
    folder, read = demo
    school = profile["school_id"].unique().sort()[place]
    (inn,) = read["schools"].filter(year=YEAR, school_id=school)["inn"]
    (row,) = [line for line in cells(folder / str(YEAR) / "staff" / "staff.xlsx") if str(line["ИНН"]) == inn]
    vacant = float(str(row["Вакантных ставок"]).replace(",", ".")) / float(
        str(row["Ставок по штату"]).replace(",", ".")
    )
    young = float(row["Стаж до 3 лет, чел."]) / float(row["Педагогов, чел."])
    grave = 2 if vacant >= 0.0995 or young >= 0.2495 else 1 if vacant >= 0.0695 or young >= 0.1495 else 0
    (told,) = profile.filter(school_id=school, factor="staff")["level"]
    assert told == ("low", "medium", "high")[grave]


def test_the_shipped_table_is_the_one_that_is_read():
    assert load_risk_factors() == load_risk_factors(RISK_FACTORS)
