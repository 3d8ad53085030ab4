"""The panel's findings: sifted, their files, corrections proposed; how far a build is."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from helpers.panel import ALL, Findings, Panel, shown_findings, stages
from helpers.report import open_report

CELLS = [["Всего обучающихся", "n_pupils", "2121"]]


def finding(number: int, status: str = "FAIL", whose: str = "Елизовский район", cells: list | None = None) -> dict:
    place = {
        "number": str(number), "file": "2021/passport/a.xlsx", "year": "2021", "sheet": "Лист1", "row": "7",
        "school_id": "k001", "cells": json.dumps(CELLS if cells is None else cells), "found": "учеников 2121", "whose": whose,
    }  # fmt: skip
    return {
        "status": status, "state": {"FAIL": "✗ не принято", "ADVICE": "● посмотрите"}.get(status, ""), "title": "Учеников",
        "whose": whose, "where": "2021/passport/a.xlsx, строка 7", "fault": "<b>учеников</b> 2121", "advice": "исправьте",
        "place": place,
    }  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> Findings:
    shown = Findings(None)
    rows = [finding(1), finding(2, "ADVICE"), finding(3, whose="Быстринский округ"), finding(4, "PASS")]
    shown.show(SimpleNamespace(raw=tmp_path), rows)
    return shown


def test_findings_are_sifted_and_those_in_order_left_out(found: Findings):
    assert "Замечаний: 3 из 3." in found.table.value and "&lt;b&gt;учеников" in found.table.value
    found.sieve["whose"].value = "Елизовский район"
    found.sieve["state"].value = "● посмотрите"
    assert [row["place"]["number"] for _, row in found.one.options] == ["2"]
    assert "Замечаний: 1 из 3." in found.table.value
    found.sieve["whose"].value = found.sieve["state"].value = ALL
    assert len(found.one.options) == 3
    found.forget()
    assert found.layout.display == "none"


def test_a_correction_is_proposed_and_written_beside(found: Findings, tmp_path: Path):
    found.answer.value, found.reason.value = "212", "лишняя цифра"
    found._propose()
    (written,) = tmp_path.iterdir()
    (record,) = yaml.safe_load(written.read_text(encoding="utf-8"))["corrections"]
    assert record == {
        "file": "2021/passport/a.xlsx", "year": 2021, "sheet": "Лист1", "row": 7, "column": "Всего обучающихся",
        "action": "override", "expect": "2121", "value": 212, "reason": "лишняя цифра", "author": "аналитик", "source": "панель",
    }  # fmt: skip
    assert str(written) in found.result.value


@pytest.mark.parametrize(
    ("answer", "told"),
    [("много", "одно число"), ("2121", "в файле уже это"), ("", "одно число"), ("верно", "Исправлять нечего")],
)
def test_an_answer_that_mends_nothing_is_told(found: Findings, tmp_path: Path, answer: str, told: str):
    found.answer.value = answer
    found._propose()
    assert told in found.result.value and not list(tmp_path.iterdir())


def test_choices_agree_with_rows_in_every_column():
    rows = [finding(1), finding(2, "ADVICE", "Быстринский округ")]
    assert shown_findings(rows, {"whose": ALL, "state": ALL}) == rows
    assert shown_findings(rows, {"whose": "Быстринский округ", "state": "✗ не принято"}) == []


def test_a_build_of_both_editions_has_more_to_do():
    report = open_report("kamchatka-2021")
    assert stages(report, ["public", "internal"]) > stages(report, ["public"]) > 20


def test_production_is_asked_about_and_needs_a_place(tmp_path: Path):
    panel = Panel("california-2000", str(tmp_path))
    assert panel.report.value == "california-2000" and panel.question.layout.display == "none"
    panel._ask()
    assert panel.question.layout.display == ""
    panel.publish_production()
    assert "куда публиковать" in panel.state.value and panel.question.layout.display == "none"


def test_without_a_report_there_is_nothing_to_press(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("helpers.panel.report_names", list)
    panel = Panel("kamchatka-2021")
    assert "нет ни одного отчёта" in panel.state.value
    assert all(button.disabled for button in (*panel.actions, panel.stop, panel.begin, panel.staging, panel.production))
