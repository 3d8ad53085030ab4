"""The calendar of the project year and the decisions: states on a day that is written down, faults told in words."""

from __future__ import annotations

import copy
from datetime import date

import pytest
import yaml

from helpers import tables
from helpers.params import Params, load_yaml
from helpers.problems import BadInput
from helpers.report import DECISIONS, open_report
from helpers.support import decisions, load_decisions, project_calendar
from helpers.support.decisions import DecisionRules

KEYS = yaml.safe_load(DECISIONS.read_text(encoding="utf-8"))
OURS = Params.model_construct(region="Область", years=[2019, 2021])


def rules(as_of, listed=(), events=()):
    event = {"title": "Вебинар", "from_date": date(2021, 5, 26), "owner": "Центр"}
    decision = {
        "number": 1,
        "decision": "Решить",
        "owner": "Центр",
        "deadline": as_of,
        "state": "done",
        "finding": "flags",
    }
    year = {
        "as_of": as_of, "source": "протокол",
        "calendar": [event | given for given in events or [{}]], "decisions": [decision | given for given in listed or [{}]],
    }  # fmt: skip
    return DecisionRules(region="Область", years={2021: year})


def test_overdue_is_derived():
    day = date(2021, 11, 1)
    before, after = date(2021, 10, 31), date(2021, 11, 2)
    listed = [
        {"number": 4, "state": "planned", "deadline": before},
        {"number": 1, "state": "done", "deadline": before},
        {"number": 3, "state": "in_progress", "deadline": day},
        {"number": 2, "state": "in_progress", "deadline": before},
        {"number": 5, "state": "planned", "deadline": after},
    ]
    made = decisions(rules(day, listed), OURS)
    assert made["number"].to_list() == [1, 2, 3, 4, 5]
    assert made["state"].to_list() == ["done", "overdue", "in_progress", "overdue", "planned"]
    assert made["as_of_date"].unique().to_list() == [day]


def test_the_calendar_is_in_order_of_days_and_knows_what_has_passed():
    events = [
        {"title": "Дорожные карты", "from_date": date(2021, 10, 10)},
        {"title": "Курсы", "from_date": date(2021, 1, 11), "to_date": date(2021, 4, 30)},
        {"title": "Диагностика", "from_date": date(2020, 11, 1), "to_date": date(2020, 12, 31)},
        {"title": "Вебинар", "from_date": date(2021, 1, 11)},
    ]
    made = project_calendar(rules(date(2021, 1, 20), events=events), OURS)
    assert made.select("number", "title", "state").rows() == [
        (1, "Диагностика", "done"), (2, "Вебинар", "done"), (3, "Курсы", "in_progress"), (4, "Дорожные карты", "planned"),
    ]  # fmt: skip
    assert made["to_date"][1] == date(2021, 1, 11)
    # on its only day an event is going on
    made = project_calendar(rules(date(2021, 10, 10), events=events[:1]), OURS)
    assert made["state"].to_list() == ["in_progress"]


@pytest.mark.parametrize("more", [{"region": "Другая"}, {"years": [2021, 2022]}])
def test_of_another_region_or_year_nothing_is_said(more, tmp_path):
    given, other = rules(date(2021, 11, 1)), OURS.model_copy(update=more)
    for name, made in (("decisions", decisions(given, other)), ("project_calendar", project_calendar(given, other))):
        assert made.is_empty()
        tables.write(tmp_path, name, made)


def test_the_projects_own_file_echoes_the_protocol(tmp_path):
    params = open_report("kamchatka-2021").params
    made, events = decisions(load_decisions(), params), project_calendar(load_decisions(), params)
    tables.write(tmp_path, "decisions", made)
    tables.write(tmp_path, "project_calendar", events)
    texts = " ".join(made["decision"])
    assert "26 школ" in texts and "6 вечерних" in texts and "7 школ участвуют в Проекте 500+" in texts
    assert made.filter(state="overdue", finding="roadmaps")["deadline"].to_list() == [date(2021, 10, 10)]
    days = dict(events.select("title", "from_date").iter_rows())
    assert days["Срок размещения дорожных карт"] == date(2021, 10, 10)
    assert date(2021, 5, 26) in days.values()
    courses = events.filter(title="Курсы по четырём модулям и «Школа современного учителя»").row(0, named=True)
    assert (courses["from_date"].month, courses["to_date"].month) == (1, 4)
    assert decisions(load_decisions(), open_report("california-2000").params).is_empty()


def refusals(tmp_path, keys):
    path = tmp_path / "decisions.yml"
    path.write_text(yaml.safe_dump(keys, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_yaml(path, DecisionRules, "params/decisions.yml")
    return [str(problem) for problem in refused.value.problems]


DECISION, EVENT = ("decisions", 0), ("calendar", 1)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ((*DECISION, "owner"), None, "ключ «years.2021.decisions №1.owner» — найдено: ключа нет"),
        ((*DECISION, "owner"), "Сидорова А. А.", "ожидалось: роль или организация, без фамилии и отчества"),
        ((*DECISION, "owner"), "директор А.А. Сидорова", "ожидалось: роль или организация, без фамилии и отчества"),
        ((*DECISION, "owner"), "Анна Петровна", "ожидалось: роль или организация, без фамилии и отчества"),
        ((*DECISION, "state"), "overdue", "ожидалось: одно из значений: 'planned', 'in_progress', 'done'"),
        ((*DECISION, "finding"), "погода", "ожидалось: одно из значений: 'index'"),
        ((*DECISION, "deadline"), "10 октября", "найдено: «10 октября»; ожидалось: дата вида 2021-10-31, без кавычек"),
        ((*DECISION, "number"), 0, "ожидалось: число не меньше 1"),
        ((*DECISION, "number"), 2, "у каждого решения свой номер number, а 2 повторён"),
        ((*DECISION, "decision"), "", "ожидалось: непустой текст"),
        ((*DECISION, "dedline"), date(2021, 1, 1), "неизвестный ключ, похожий на «deadline»"),
        ((*EVENT, "to_date"), date(2020, 10, 31), "день to_date не раньше дня from_date"),
        ((*EVENT, "from_date"), 2020, "ожидалось: дата вида 2021-10-31, без кавычек"),
        ((*EVENT, "owner"), "Пётр Иванович", "роль или организация"),
        (("calendar",), [], "ожидалось: элементов не меньше 1"),
        (("as_of",), None, "ключ «years.2021.as_of» — найдено: ключа нет"),
        (("source",), 5, "ожидалось: текст"),
    ],
)  # fmt: skip
def test_bad_keys_are_told_in_a_sentence(tmp_path, place, value, said):
    keys = copy.deepcopy(KEYS)
    *way, last = ("years", 2021, *place)
    inside = keys
    for part in way:
        inside = inside[part]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    told = refusals(tmp_path, keys)
    assert len(told) == 1
    assert told[0].startswith("Файл decisions.yml, ключ «")
    assert said in told[0]


@pytest.mark.parametrize(
    "owner",
    [
        "Школа имени А. С. Пушкина",
        "МБОУ СШ им. А. С. Пушкина",
        "КГАУ ДПО «КИРО»",
        "И.о. министра",
        "г. Елизово",
        "ОМСУ",
    ],
)
def test_an_organisation_may_be_named_after_a_person(owner):
    made = decisions(rules(date(2021, 11, 1), [{"owner": owner}]), OURS)
    assert made["owner"].to_list() == [owner]
