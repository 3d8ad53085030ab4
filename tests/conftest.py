"""What several tests share: a copy of the project, a small report, its built site."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from copies import Copy, copy_project, made_once, region_report, run_steps, small_report
from vpr_files import REGISTRY

from helpers.intake import Examined, examine
from helpers.intake.registry import load_registry
from helpers.publish.execute import WarmKernel, warm_kernel
from helpers.report import open_report

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of a build's twenty processes compiles all our code anew


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project that no test changes."""
    return Copy(made_once(tmp_path_factory, "copy", lambda folder: copy_project(folder / "project")) / "project")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small report's params file; no test changes it or the data beside it."""
    return made_once(tmp_path_factory, "small", lambda folder: small_report(folder / "report")) / "report" / "small.yml"


@pytest.fixture(scope="session")
def built(copy: Copy, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small report built through pandoc: the folder with its tables and site; no test changes it."""

    def build(out: Path) -> None:
        copy.report("build", small, "--out", out, "--engine", "pandoc", pictures=True)

    return made_once(tmp_path_factory, "built", build)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration region without dirt: its params file, beside the raw files; no test changes them."""
    return _region(tmp_path_factory, "clean")


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration region as `report demo` writes it: its params file, beside the raw files; no test changes them."""
    return _region(tmp_path_factory, "dirty")


def _region(factory: pytest.TempPathFactory, name: str) -> Path:
    folder = made_once(factory, name, lambda folder: region_report(folder / "region", clean=name == "clean"))
    return folder / "region" / "kamchatka-2021.yml"


@pytest.fixture(scope="session")
def computed(dirty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder `data` with the tables of both editions that the steps make of the dirty region; no test changes it."""

    def make(folder: Path) -> None:
        run_steps(open_report(str(dirty), str(folder)))

    return made_once(tmp_path_factory, "computed", make) / "data"


@pytest.fixture(scope="session")
def from_clean(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """What the clean region's files have come to."""
    return _examined(tmp_path_factory, clean, "from_clean")


@pytest.fixture(scope="session")
def from_dirty(dirty: Path, tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """What the dirty region's files have come to."""
    return _examined(tmp_path_factory, dirty, "from_dirty")


def _examined(factory: pytest.TempPathFactory, params: Path, name: str) -> Examined:
    def make(folder: Path) -> None:
        (folder / "examined").write_bytes(pickle.dumps(examine(open_report(str(params)))))

    return pickle.loads((made_once(factory, name, make) / "examined").read_bytes())


@pytest.fixture(scope="session")
def later_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default region's files of the years after its first report, each in a folder of its own; no test changes them."""
    from helpers.demo import write_year

    def make(folder: Path) -> None:
        for year in (2022, 2023):
            write_year(2021, year, folder / str(year))

    return made_once(tmp_path_factory, "later", make)


@pytest.fixture(scope="module")
def kernel() -> Iterator[WarmKernel]:
    """A kernel that serves one test of a file after another, as it serves notebooks in a build."""
    with warm_kernel() as running:
        yield running


_SLOW = {"built", "browser", "clean", "computed", "copy", "dirty", "impatient", "kernel", "later_years", "own"}
"""Fixtures that build a site, run the command, write a region or start a kernel: whatever needs one is no test to wait for
while writing."""


_LONGEST = [
    "test_site",
    "test_build",
    "test_years",
    "test_extracts",
    "test_cli",
    "test_region_bad_inputs",
    "test_escaping",
    "test_sentinel",
    "test_same_bytes",
    "test_verify",
]
"""Files that take longest: begun first, so that at the end no core waits for the last of them.

The first two begin with different shared folders: neither waits until the other has made one.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs a slow fixture, Quarto or a browser, so that `make test-quick` leaves it out; put the longest files first."""
    for item in items:
        outside = any(item.iter_markers("needs_quarto")) or any(item.iter_markers("needs_browser"))
        if outside or not _SLOW.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    place = {name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """The registry of the two schools that the small files of ВПР speak of."""
    folder = tmp_path_factory.mktemp("registry")
    (folder / "registry.csv").write_text(REGISTRY, encoding="utf-8")
    return load_registry(folder)
