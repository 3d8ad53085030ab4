"""What several tests share: a copy of the project, a small report, its built site."""

from __future__ import annotations

from pathlib import Path

import pytest
from copies import Copy, copy_project, small_report


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project that no test changes."""
    return copy_project(tmp_path_factory.mktemp("copy") / "project")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small report's params file; no test changes it or the data beside it."""
    return small_report(tmp_path_factory.mktemp("small") / "report")


@pytest.fixture(scope="session")
def built(copy: Copy, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small report built through pandoc: the folder with its tables and site; no test changes it."""
    out = tmp_path_factory.mktemp("built")
    copy.report("build", small, "--out", out, "--engine", "pandoc")
    return out


@pytest.fixture(scope="session")
def later_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default region's files of the years after its first report, each in a folder of its own; no test changes them."""
    from helpers.demo import write_year

    folder = tmp_path_factory.mktemp("later")
    for year in (2022, 2023):
        write_year(2021, year, folder / str(year))
    return folder
