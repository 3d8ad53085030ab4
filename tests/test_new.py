"""`report new`: a year's report from the last one's, nothing overwritten."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from copies import Copy, contents, copy_project

from helpers.params import load
from helpers.problems import BadInput
from helpers.publish.checklist import checklist
from helpers.publish.new_year import archived, later_year, moved_on, new_name
from helpers.report import CONCLUSIONS, LEDGER, METHOD, PROJECT, open_report

OLD, NEW = "kamchatka-2021", "kamchatka-2022"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project with the default report's raw files."""
    made = copy_project(tmp_path_factory.mktemp("new") / "project")
    shutil.copytree(PROJECT / "data" / "raw" / OLD, made.root / "data" / "raw" / OLD)
    return made


@pytest.fixture(scope="module")
def said(project: Copy) -> str:
    return project.report("new", "2022", "--from", OLD)


def test_the_new_report_has_the_old_files_and_folders_for_the_new_year(project: Copy, said: str):
    raw = project.root / "data" / "raw"
    old, new = contents(raw / OLD), contents(raw / NEW)
    assert {name: content for name, content in old.items() if not name.startswith("_")} == {
        name: content for name, content in new.items() if name != "CHECKLIST.md"
    }
    assert {path.name for path in (raw / NEW / "2022").iterdir()} == {
        *("vpr", "oge", "ege", "passport", "staff", "questionnaire", "diagnostics", "knowledge")
    }
    assert "CHECKLIST.md" in said and NEW in said
    assert {path.name for path in raw.iterdir()} == {OLD, NEW}


def test_the_new_params_are_the_old_ones_a_year_on(project: Copy, said: str):
    params = project.root / "params"
    old, new = ((params / f"{name}.yml").read_text(encoding="utf-8") for name in (OLD, NEW))
    assert [line for line in old.splitlines() if "#" in line] == [line for line in new.splitlines() if "#" in line]
    expected = yaml.safe_load(old)
    expected |= {"years": [2018, 2019, 2021, 2022], "title": expected["title"].replace("2021", "2022")}
    expected["questions"]["deadline"] = date(2022, 11, 15)
    expected["letter"]["day"] = None  # of one letter alone
    note = "впишите, что с тех пор изменилось в данных и методе и сравнимы ли числа"
    expected["earlier"] = [{"report": OLD, "title": yaml.safe_load(old)["title"], "note": note}]
    assert yaml.safe_load(new) == expected
    assert load(params / f"{NEW}.yml", METHOD).years[-1] == 2022
    assert NEW in project.report("list")


def test_what_was_published_is_handed_on(project: Copy):
    issue = project.root / "data" / "raw" / OLD / LEDGER / f"001-{OLD}"
    issue.mkdir(parents=True)
    (issue / "edition.json").write_text("{}", encoding="utf-8")
    concluded = issue.parents[1] / CONCLUSIONS / "kamchatka-2019" / "report.json"
    concluded.parent.mkdir(parents=True)
    concluded.write_text("{}", encoding="utf-8")
    project.report("new", "kamchatka-2024", "--from", OLD)
    handed_on = project.root / "data" / "raw" / "kamchatka-2024" / LEDGER / issue.name / "edition.json"
    assert handed_on.read_text(encoding="utf-8") == "{}"
    again = project.root / "data" / "raw" / "kamchatka-2024" / CONCLUSIONS / "kamchatka-2019" / "report.json"
    assert again.read_text(encoding="utf-8") == "{}"
    shutil.rmtree(issue.parent)
    shutil.rmtree(concluded.parents[1])


@pytest.mark.parametrize(
    "text",
    [
        "title: Т\nearlier:\n  - report: a-2019\n    title: Б\n    note: н\nyears: [2021]\n",
        "title: Т\nearlier:\n- {report: a-2019, title: Б, note: н}\n",
        "title: Т\nearlier: [{report: a-2019, title: Б, note: н}]\nyears: [2021]\n",
    ],
)
def test_the_newest_earlier_report_is_the_first(text: str):
    listed = yaml.safe_load(archived(text, "a-2021", 'С "кавычками": и двоеточием'))["earlier"]
    assert [item["report"] for item in listed] == ["a-2021", "a-2019"]
    assert listed[0]["title"] == 'С "кавычками": и двоеточием' and listed[1]["title"] == "Б"
    for none in ("title: Т\n", "title: Т\nearlier: []\n"):
        assert [item["report"] for item in yaml.safe_load(archived(none, "a-2021", "С"))["earlier"]] == ["a-2021"]


def test_open_data_are_not_handed_on():
    text = 'title: "Отчёт 2021"\nyears: [2021]\nopen_data: "потому"\nregion: "Край"\n'
    new = moved_on(text, 2021, 2022)
    assert yaml.safe_load(new) == {"title": "Отчёт 2022", "years": [2021, 2022], "region": "Край"}
    assert "open_data не перенесено" in new


def test_the_checklist_says_what_the_year_needs(project: Copy, said: str):
    text = (project.root / "data" / "raw" / NEW / "CHECKLIST.md").read_text(encoding="utf-8")
    assert "`2022/passport/` — социальные паспорта на 1 сентября 2021 года" in text
    assert "(за 2021 год файлов: 14)" in text
    assert "Часть работ перенесена на осень 2022 года" in text  # the calendar
    assert "`params/decisions.yml`: 2022 год есть" in text and "2022 год есть в `roadmaps.as_of`" in text
    assert "layouts/oge.csv" not in text
    assert "войдут ОГЭ, русский язык" in text and "войдут ВПР" not in text  # ВПР of 2022 are not compared


def test_the_checklist_says_where_the_year_is_missing():
    text = checklist("kamchatka-2030", 2030, open_report(OLD))
    assert "ОГЭ: 2030 года в календаре нет — впишите" in text
    assert "`layouts/oge.csv`: столбца нет" in text and "layouts/knowledge.csv" not in text
    assert "по календарю в 2030 году ничего не сравнивается — уберите этот год из `years`" in text
    assert "`params/skills.yml`: работ 2030 года нет" in text
    assert "`params/decisions.yml`: 2030 года нет" in text and "2030 года нет в `roadmaps.as_of`" in text


def test_nothing_is_overwritten(project: Copy, said: str):
    before = contents(project.root / "data"), contents(project.root / "params")
    again = project.report("new", NEW, "--from", OLD, code=1)
    assert f"params/{NEW}.yml" in again and "не переписывается" in again and len(again.strip().splitlines()) == 1
    full = project.root / "data" / "raw" / "kamchatka-2023" / "2023" / "vpr"
    full.mkdir(parents=True)
    assert "kamchatka-2023" in project.report("new", "kamchatka-2023", "--from", OLD, code=1)
    shutil.rmtree(project.root / "data" / "raw" / "kamchatka-2023")
    assert (contents(project.root / "data"), contents(project.root / "params")) == before


@pytest.mark.parametrize(
    "name", ["kamchatka-2021", "kamchatka", "Камчатка-2022", "../kamchatka-2022", "kamchatka_2022"]
)
def test_names_that_no_new_report_may_have(name: str):
    with pytest.raises(BadInput, match="год позже 2021"):
        later_year(name, open_report(OLD))


def test_only_a_report_of_the_project_goes_on(project: Copy, small: Path):
    assert "из папки params" in project.report("new", "2001", "--from", small, code=1)


def test_a_report_whose_files_are_gone_is_not_gone_on_from(project: Copy):
    raw = project.root / "data" / "raw" / OLD
    away = raw.rename(raw.with_name("away"))
    told = project.report("new", "kamchatka-2029", "--from", OLD, code=1)
    assert "папка data/raw/kamchatka-2021 — найдено: такой папки нет" in told.replace("Папка", "папка")
    assert not (project.root / "params" / "kamchatka-2029.yml").exists()
    away.rename(raw)


def test_a_school_table_gets_params_and_an_empty_folder(project: Copy):
    said = project.report("new", "2001", "--from", "california-2000")
    assert list((project.root / "data" / "raw" / "california-2001").iterdir()) == []
    text = (project.root / "params" / "california-2001.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["years"] == [1999, 2000, 2001]
    assert "\nyear_notes:" not in text and "# year_notes" in text
    assert "столбцы нового года" in said
    listed = project.report("list")  # its columns of 2001 are not named yet: the others are listed all the same
    assert "а 2001 нет" in listed and OLD in listed


def test_the_text_moves_on_in_whatever_way_it_is_written():
    block = "years:\n  - 2020   # первый\n  - 2021\n# о названии\ntitle: Край, 2021 год\nyear_notes:\n  2021: x\n\n# дальше\nz: 2021\n"
    new = moved_on(block, 2021, 2022)
    assert yaml.safe_load(new) == {"years": [2020, 2021, 2022], "title": "Край, 2022 год", "z": 2021}
    asked = "questions:\n  deadline: 2020-02-29 # до конца зимы\ntitle: Т\nyears: [2020]\n"
    assert moved_on(asked, 2020, 2021).startswith("questions:\n  deadline: 2021-02-28 # до конца зимы\n")
    written = 'letter:\n  day: 2020-02-29 # подписано\n  number: "15"\n  position: Министр\ntitle: Т\nyears: [2020]\n'
    assert moved_on(written, 2020, 2021).startswith(
        'letter:\n  day: null # подписано\n  number: ""\n  position: Министр\n'
    )
    assert "# первый" in new and "# о названии\n" in new and "\n\n# дальше\n" in new


def test_a_bare_year_takes_the_old_name():
    assert new_name("2022", "kray-2021") == "kray-2022"
    assert new_name("other-2022", "kray-2021") == "other-2022"
    with pytest.raises(BadInput, match="нет года"):
        new_name("2022", "kray")
