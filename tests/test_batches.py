"""Cards and pages of groups in batches: every page in one of them, and the same pages as all together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers.publish.batches import cut, run_batch, run_pages
from helpers.publish.page_source import page_source
from helpers.publish.pages import Target, batch_records, plan
from helpers.report import Report, open_report


@given(groups=st.integers(0, 40), schools=st.integers(0, 200), most=st.integers(1, 60))
def test_batches_hold_every_page_once_in_even_parts(groups: int, schools: int, most: int):
    goals = {
        "municipality": [Target(f"municipality/{number}", {}) for number in range(groups)],
        "school": [Target(f"school/{number}", {}) for number in range(schools)],
    }
    batches = cut(goals, most)
    if groups + schools <= most:
        assert batches == []
        return
    assert [goal for batch in batches for part in batch.values() for goal in part] == [
        *goals["municipality"],
        *goals["school"],
    ]
    sizes = [sum(map(len, batch.values())) for batch in batches]
    assert max(sizes) <= most and max(sizes) - min(sizes) <= 1
    assert all(goal.path.startswith(name) for batch in batches for name, part in batch.items() for goal in part)


def _sources(report: Report) -> dict[str, str]:
    folder = report.build / "public" / "pages"
    paths = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.ipynb"))}
    return {page: page_source(path, page) for page, path in paths.items()}


def test_pages_made_in_batches_are_those_made_together(built: Path, small: Path, tmp_path: Path):
    params = shutil.copy2(small, tmp_path)
    settings = yaml.safe_load(small.read_text(encoding="utf-8"))
    settings["build"] = {"cell_seconds": 100, "batch_pages": 4, "source": "проверка"}
    Path(params).write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    report = open_report(str(params), str(tmp_path))
    shutil.copytree(built / "data", tmp_path / "data")

    list(run_pages(report, "public"))
    assert [sum(map(len, batch.values())) for batch in json.loads(plan(report, "public").read_bytes())] == [3, 3]
    assert not {page for page in _sources(report) if "/" in page}, "they are left to the batches"
    for number, record in enumerate(batch_records(report, "public")):
        ran = [(name, count) for name, count, _ in run_batch(report, "public", number)]
        assert ran == [[("municipality", 3)], [("municipality", 1), ("school", 2)]][number]
        assert record.is_file()
    assert _sources(report) == _sources(open_report(str(small), str(built)))

    next((report.build / "public" / "pages" / "school").glob("*.ipynb")).unlink()
    assert [name for name, _, _ in run_batch(report, "public", 1)] == ["school"], (
        "what is lost is made again, and only that"
    )
