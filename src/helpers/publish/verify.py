"""Whether a built site is what its inputs make: the manifest against the inputs as they are, the files against a rebuilding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from helpers.problems import BadInput, MissingTool, Problem
from helpers.publish import manifest
from helpers.publish.difference import State, differing, digests
from helpers.report import Report

Inputs = Mapping[str, Mapping[str, str]]

_SECTIONS = {"raw": "файлы данных", "params": "параметры", "notebooks": "тетради", "code": "код",
             "site": "настройка страниц", "lock": "пакеты"}  # fmt: skip
_SINCE = {"added": "появился", "changed": "изменён", "removed": "исчез"}
"""What has become of an input since the site was built."""
_REBUILT = {"added": "на сайте нет", "changed": "на сайте другое", "removed": "на сайте лишнее"}
"""How the site differs from the one rebuilt."""
_QUARTO = re.compile(r'<meta name="generator" content="quarto-([\w.-]+)"')


def inputs_of_site(site: Path, report: Report, edition: str) -> Inputs:
    """What a site's manifest says it was made from.

    Raises
    ------
    MissingTool
        There is no site.
    BadInput
        The manifest is not readable, or speaks of another report or edition.
    """
    file = site / "manifest.json"
    if not (site / "index.html").is_file() or not file.is_file():
        raise MissingTool(
            f"сайта ещё нет в папке {site}: постройте его командой report build {report.name} --edition {edition}"
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        inputs, made = content["inputs"], (content["report"], content["edition"])
    except (ValueError, KeyError, TypeError):
        raise _not_the_site("файл не читается", "манифест, который пишет сборка") from None
    if made != (report.name, edition):
        raise _not_the_site("отчёт {}, редакция {}".format(*made), f"отчёт {report.name}, редакция {edition}")
    return inputs


def _not_the_site(found: str, expected: str) -> BadInput:
    return BadInput(
        Problem("manifest.json", found, expected, "назовите папку и редакцию этого сайта или постройте его заново")
    )


def engine_of(site: Path) -> tuple[str, str]:
    """What rendered a site: `quarto` and its version, as Quarto's pages themselves tell, or `pandoc`."""
    named = _QUARTO.search((site / "index.html").read_text(encoding="utf-8"))
    return ("quarto", named[1]) if named else ("pandoc", "")


def inputs_now(report: Report, edition: str) -> Inputs:
    """What a site built now would be made from."""
    return json.loads(manifest.text(report, edition))["inputs"]


def changed_inputs(before: Inputs, now: Inputs) -> list[str]:
    """Inputs that are not what they were when the site was built, a line each."""
    return [
        f"{_SECTIONS.get(section, section)}: {name} — {_SINCE[state]}"
        for section in dict.fromkeys([*now, *before])
        for name, state in differing(before.get(section, {}), now.get(section, {})).items()
    ]


def changed_files(site: Path, rebuilt: Path) -> list[str]:
    """Pages and other files in which a site differs from the one rebuilt, a line each."""
    states: dict[str, State] = differing(digests(site), digests(rebuilt))
    return [f"{name} — {_REBUILT[state]}" for name, state in states.items()]
