"""What `report check` accepts, `report build` builds: what would stop the steps is told before they compute."""

import polars as pl
import pytest
import yaml
from copies import small_report

from helpers.intake import accept
from helpers.problems import MissingTool
from helpers.publish import readiness
from helpers.report import open_report


@pytest.fixture(scope="module")
def accepted(tmp_path_factory):
    path = small_report(tmp_path_factory.mktemp("ready") / "report")
    return path, accept(open_report(str(path)))


def changed(accepted, tmp_path, **sections):
    """Obstacles of the small report with other params; `results` of its table is changed in place."""
    path, tables = accepted
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["data"]["school_table"]["results"][0].update(sections.pop("result", {}))
    params.update(sections)
    (tmp_path / "r.yml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    return [str(problem) for problem in readiness.obstacles(open_report(str(tmp_path / "r.yml")), tables)]


def test_what_can_be_built_has_no_obstacle(accepted, tmp_path):
    assert changed(accepted, tmp_path) == []


def test_a_spread_of_pupils_that_cannot_be_is_told(accepted, tmp_path):
    (told,) = changed(accepted, tmp_path, result={"pupil_sd": 1.0})
    assert "pupil_sd" in told and "разброса средних между школами" in told


def test_too_few_schools_for_a_line_are_told(accepted, tmp_path):
    (told,) = changed(accepted, tmp_path, model={"min_schools": 100_000})
    assert "не меньше 100000" in told


def test_results_that_are_all_the_same_are_told(accepted, tmp_path):
    path, tables = accepted
    same = tables | {"results": tables["results"].with_columns(mean=pl.lit(500.0))}
    (told,) = changed((path, same), tmp_path, result={"pupil_sd": 100.0})
    assert "вариант индекса cross_fitted одинаков у всех школ" in told


def test_rules_of_disclosure_that_speak_of_what_is_not_there_are_told(accepted, tmp_path):
    unknown = {"region_only": ["VPR"], "districts": {"Нигде": "Округ"}}
    first, second = changed(accepted, tmp_path, open_data="", disclosure=unknown)
    assert "«VPR»" in first and "disclosure.region_only" in first
    assert "«Нигде»" in second and "disclosure.districts" in second
    assert changed(accepted, tmp_path, disclosure=unknown) == [], "open data hide nothing"


def test_without_a_renderer_there_is_nothing_to_build_with(monkeypatch):
    def absent():
        raise OSError("No pandoc was found")

    monkeypatch.setattr(readiness.quarto, "find", lambda: None)
    monkeypatch.setattr(readiness.pandoc, "identity", absent)
    with pytest.raises(MissingTool, match="ни Quarto, ни pandoc"):
        readiness.require_renderer()
