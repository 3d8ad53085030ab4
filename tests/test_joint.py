"""Numbers of several tables that only together tell a hidden one: hidden further, and found by the attack if they are not."""

from __future__ import annotations

import polars as pl
import pytest
from test_attack import found
from test_protected import PARAMS, RULES, region, with_rules

from helpers import tables
from helpers.attack.reading import Besides
from helpers.disclosure import helped, joint, protected
from helpers.disclosure.joint import Programme, next_hidden
from helpers.disclosure.protected import protected_tables
from helpers.disclosure.rounding import HIDDEN_WORD
from helpers.disclosure.suppression import Why

LAST = PARAMS.years[-1]
A, B, C, TOTAL = (("table", name) for name in ("a", "b", "c", "total"))


def three(**shown: float) -> Programme:
    """a + b + c = 30, a is a secret; those that are shown have their number."""
    made = Programme()
    for cell in (A, B, C, TOTAL):
        number = shown.get(cell[1])
        low, high = (0, 30) if number is None else (number, number)
        made.number(cell, low, high, (0, 30))
        if number is not None and cell != TOTAL:
            made.weight[cell] = number
    made.line({A: 1, B: 1, C: 1, TOTAL: -1}, 0, 0)
    made.secrets.append(({A: 1}, 2))
    return made


def test_a_secret_with_another_hidden_beside_it_is_kept():
    assert next_hidden(three(total=30, b=10)) == []


def test_the_smallest_number_that_keeps_a_secret_is_hidden():
    assert next_hidden(three(total=30, b=10, c=18)) == [B]


def test_a_number_of_another_table_is_hidden_where_none_of_the_same_helps():
    """c is hidden beside a, but an indicator of the project tells it: nothing but the indicator keeps a."""
    made = three(total=30, b=10)
    indicator = ("monitoring", "share")
    made.number(("done", "c"), 0, 30)
    made.line({("done", "c"): 1, C: -1}, 0, 0)
    made.line({("done", "c"): 1}, 17.7, 18.3, indicator)
    made.weight[indicator] = 20
    made.weight.pop(B)
    assert next_hidden(made) == [indicator]


def test_whole_numbers_tell_more_than_fractions():
    """2a + 2b = 5 ± 0.9 over whole numbers is a + b in 2 … 2: with b shown a is told, as a linear programme would not say."""
    made = Programme()
    for cell in (A, B):
        made.number(cell, 0, 5, (0, 5))
    made.line({A: 2, B: 2}, 4.1, 5.9)
    made.line({B: 1}, 1, 1, B)
    made.weight[B] = 1
    made.secrets.append(({A: 1}, 1))
    assert next_hidden(made) == [B]


def with_help() -> dict[str, pl.DataFrame]:
    """Twenty schools of the programme: children with disabilities are a grave matter in three, some matter in two.

    The two are hidden and the three with them, but the measure advised for a grave matter counts the three again.
    """
    internal = region()
    schools = internal["flags"]["school_id"].sort()
    levels = ["high"] * 3 + ["medium"] * 2 + ["low"] * 15
    made = {
        "programme": pl.DataFrame({"school_id": schools, "programme": ["regional"] * 20, "from_year": [LAST] * 20}),
        "risk_profile": pl.DataFrame({"school_id": schools, "factor": ["disabilities"] * 20, "level": levels}),
        "recommendations": pl.DataFrame({"school_id": schools, "rule_id": ["disabilities"] * 3 + [None] * 17}),
        "rule_coverage": pl.DataFrame({"rule_id": ["disabilities"]}),
    }
    return internal | {name: tables.conformed(name, table) for name, table in made.items()}


RULE = Besides(rules={"disabilities": ("disabilities", ("high",))})


def of_factor(site: dict[str, pl.DataFrame]) -> dict[tuple[str, str], str]:
    told = site["support_counts"].filter(item="disabilities")
    return {(topic, level): text for topic, level, text in told.select("topic", "level", "schools_text").iter_rows()}


@pytest.fixture
def plain(monkeypatch) -> None:
    """Without the rule of thumb that hides a measure beside a hidden level of its factor."""
    monkeypatch.setattr(helped, "veiled", lambda support, *_: support)


def test_a_number_that_two_tables_tell_together_is_hidden(plain):
    site = protected_tables(with_help(), with_rules(), "край-2021")
    assert of_factor(site)[("risk", "medium")] == of_factor(site)[("risk", "low")] == HIDDEN_WORD
    assert Why.JOINT.value in site["hidden_cells"].filter(table="support_counts")["why"].to_list()
    assert found(site, RULE).filter(pl.col("cell").str.contains("level=medium")).is_empty()


def test_the_attack_finds_it_where_tables_are_protected_one_by_one(plain, monkeypatch):
    monkeypatch.setattr(joint, "next_hidden", lambda _: [])
    site = protected_tables(with_help(), with_rules(), "край-2021")
    assert of_factor(site)[("risk", "medium")] == of_factor(site)[("risk", "high")] == HIDDEN_WORD
    told = found(site, RULE).filter(pl.col("cell").str.contains("level=medium"))
    assert told.select("low", "high").row(0) == (2, 2)


def test_a_row_of_another_table_is_emptied_and_said_to_be(monkeypatch):
    """As if an indicator of the project told a secret: no page shows it, the page of what is hidden names it."""
    internal = region()
    told = pl.DataFrame({"indicator": ["with_tutor"], "year": [LAST], "unit": ["share"], "n": [20], "actual": [0.5]})
    internal["monitoring"] = tables.conformed("monitoring", told)
    cell = ("monitoring", f"indicator=with_tutor · year={LAST}")
    monkeypatch.setattr(joint, "next_hidden", lambda _: [cell])
    site = protected_tables(internal, with_rules(), "край-2021")
    assert site["monitoring"].select("n", "actual").row(0) == (None, None)
    assert site["hidden_cells"].filter(table="monitoring").select("cell", "why").row(0) == (cell[1], Why.JOINT.value)


def test_a_number_hidden_for_another_table_takes_one_of_its_own_sums_along():
    """A measure that a rule gives away is hidden, and so is its opposite: their total is told."""
    more = f"topic=measure · year={LAST} · item=staff · level=advised"
    cells = pl.DataFrame(
        [("measure", LAST, "staff", "advised", 8.0, False), ("measure", LAST, "staff", "not_advised", 12.0, False),
         ("measure", LAST, "staff", None, 20.0, True)],
        schema=["topic", "year", "item", "level", "n", "fixed"], orient="row",
    ).with_columns(count=pl.lit(None, pl.Float64), why=pl.lit(None, pl.String))  # fmt: skip
    people, shown = protected._WAYS["support_counts"](RULES)
    seen = protected.protect(cells, protected._DIMENSIONS["support_counts"], people, shown, [more])
    assert dict(seen.select("level", "why").iter_rows()) == {
        "advised": Why.JOINT, "not_advised": Why.SUM, None: None,
    }  # fmt: skip


@pytest.mark.parametrize("federal", [0, 12])
def test_the_lists_beside_one_another_tell_no_hidden_number(federal):
    """The federal list has so many schools; of those above none is on it, so that their row is empty."""
    internal = region()
    directions = [("below", 3, 2), ("within", 5, 5), ("above", 0, 5)] if federal else [("below", 0, 5), ("above", 0, 5)]
    rows = [(direction, "watch", on, off) for direction, on, off in directions]
    internal["agreement"] = pl.DataFrame(rows, schema=tables.CONTRACT["agreement"].types, orient="row")
    ids = internal["flags"]["school_id"].sort().head(federal)
    listed = pl.DataFrame({"school_id": ids, "year": [LAST] * federal, "federal_low": [True] * federal})
    internal["federal"] = tables.conformed("federal", listed)
    summary = pl.DataFrame({"number": ["schools", "federal_low"], "value": [20.0, float(federal)]})
    site = protected_tables(internal, with_rules(), "край-2021") | {"summary": summary}
    told = found(site).filter(table="agreement")
    assert told.is_empty(), told
