"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from helpers.report import PROJECT

SOURCE = PROJECT / "src"
WITH_EXAMPLES = sorted(path for path in SOURCE.rglob("*.py") if "    >>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_the_examples_in_docstrings_are_true(path: Path):
    done = doctest.testmod(import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts)))
    assert done.attempted and not done.failed
