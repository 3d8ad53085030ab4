"""A small report whose every text tries to be something else: markup, a formula, a script."""

from __future__ import annotations

import csv
from pathlib import Path

import yaml
from copies import small_report

NASTY = [
    "<script>alert(1)</script>", "=cmd()", "]]>", "\"двойные\" и 'одинарные'", "`код` ``два``", "$x$ и $$y$$", "{{< include x >}}",
    "::: {.note}", "a | b", "*звёзды* и _линии_", "[текст](http://example.test)", "<b>жирно</b> &amp; &lt;", "# решётка", "--- и ...",
    "\\команда{x}", "~~нет~~ ^верх^ @сноска", "![рисунок](x.png)", "%{x} %{y}", "- пункт", "1. пункт", "<!-- picture of chart-x -->",
    "site:/index.html", "```{=html}", "+1", "@имя",
]  # fmt: skip


def hostile_report(folder: Path) -> Path:
    """Write it; its params file."""
    path = small_report(folder)
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    table = folder / params["data"]["school_table"]["file"]
    with table.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    for number, row in enumerate(rows):
        row[head.index("name")] = school_name(number)
        row[head.index("cname")] = group_name(row[head.index("cname")])
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    described = params["data"]["school_table"]
    params["title"] = f"Отчёт {' '.join(NASTY)}"
    params["region"] = "Край <i>&amp;</i> *x*"
    described["source"] = described["licence"] = "Источник <u>*y*</u> $z$ =1"
    described["results"][0]["title"] = "Предмет <i>*a*</i> & $b$"
    described["indicators"]["mobility"]["title"] = "Доля <i>*a*</i> | & `b`"
    params["year_notes"] = {1999: "Замечание <i>*a*</i> {{< x >}}"}
    path.write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    return path


def school_name(number: int) -> str:
    """A name of its own for every school, one of the nasty texts at its beginning."""
    return f"{NASTY[number % len(NASTY)]} № {number}"


def group_name(name: str) -> str:
    """A county's name made nasty."""
    return f"<em>{name}</em> *и* $ко$ & «]]>»"
