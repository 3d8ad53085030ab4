"""The three statements of what the project needs agree: pyproject, lock and conda's environment."""

from __future__ import annotations

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from helpers.report import PROJECT

ENVIRONMENT = yaml.safe_load((PROJECT / "environment.yml").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = [Requirement(line) for line in (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines() if line]
HERE = [requirement for requirement in LOCK if requirement.marker is None or requirement.marker.evaluate()]


def conda() -> dict[str, str]:
    """Version of each package that conda itself brings."""
    named = [item.partition("=") for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    return {name: version for name, _, version in named}


def test_the_lock_pins_every_package_and_names_no_registry():
    text = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text
    assert all(re.fullmatch(r"==[^,*]+", str(requirement.specifier)) for requirement in LOCK)


def test_the_lock_holds_what_pyproject_asks_for():
    pinned = {canonicalize_name(r.name): Version(str(r.specifier).removeprefix("==")) for r in HERE}
    asked = [*PYPROJECT["dependencies"], *PYPROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, asked):
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_conda_takes_every_python_package_from_the_lock():
    by_pip = [item["pip"] for item in ENVIRONMENT["dependencies"] if isinstance(item, dict)]
    assert by_pip == [["-r requirements.lock", "-e ."]]
    assert not conda().keys() & {canonicalize_name(r.name) for r in LOCK}


def test_conda_and_set_up_bring_one_quarto_and_a_python_that_the_project_allows():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    by_pip = re.search(r"^QUARTO_CLI := quarto-cli==([\d.]+)$", makefile, re.MULTILINE)
    assert by_pip and by_pip[1].startswith(f"{conda()['quarto']}."), (
        "conda names the series of the version that pip brings"
    )
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
    floor = PYPROJECT["requires-python"].removeprefix(">=")
    assert Version(conda()["python"]) >= Version(floor)


def test_what_is_installed_is_what_is_locked():
    from importlib.metadata import version

    wrong = {r.name: version(r.name) for r in HERE if not r.specifier.contains(version(r.name), prereleases=True)}
    assert wrong == {}
