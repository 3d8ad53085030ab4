"""The federal rule against its own words, and its noise against the binomial by hand."""

from __future__ import annotations

import polars as pl
import pytest

from helpers.model.federal import agreement, chance_table, federal
from helpers.params import FederalRules
from helpers.tables import empty

RULES = FederalRules(share_low=0.30, min_procedures=2, min_n=None, year_of_rule=2022, source="test")


def results(*rows):
    """Rows: school, procedure, subject, grade, n, share of low results, why set aside."""
    columns = ["school_id", "procedure", "subject", "grade", "n_participants", "share_low", "set_aside"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"set_aside": pl.String})
    return frame.with_columns(year=pl.lit(2021, pl.Int64))


LOW = 0.5
COUNTED = [
    *(("VPR", subject, grade, None) for subject in ("rus", "math") for grade in ("5", "6")),
    *(("OGE", subject, "9", None) for subject in ("rus", "math")),
    *(("EGE", subject, "11", "not_chosen") for subject in ("rus", "math_profile", "math_basic")),
    ("VPR", "rus", "5", "not_compared"),
    ("a test of our own", "all", "E", None),
]
PASSED_OVER = [
    ("VPR", "rus", "4", None),
    ("VPR", "math", "7", None),
    ("VPR", "rus", "5", "biased"),
    ("OGE", "physics", "9", "not_chosen"),
    ("EGE", "math", "11", "not_chosen"),
]


@pytest.mark.parametrize("result", COUNTED + PASSED_OVER, ids=lambda result: " ".join(map(str, result)))
def test_the_rule_looks_at_its_own_procedures(result):
    procedure, subject, grade, set_aside = result
    table = federal(results(("1", procedure, subject, grade, 20.0, LOW, set_aside)), RULES)
    assert table["n_low"].to_list() == ([1] if result in COUNTED else [])


def test_two_low_procedures_make_a_low_school():
    table = federal(
        results(
            ("one low", "OGE", "rus", "9", 20.0, LOW, None),
            ("one low", "OGE", "math", "9", 20.0, 0.29, None),
            ("two low", "OGE", "rus", "9", 20.0, LOW, None),
            ("two low", "VPR", "math", "5", 20.0, 0.30, None),
            # 3 of 10 in percents: 0.3 but for the last digit
            ("rounded", "OGE", "rus", "9", 10.0, 1 - 0.7000000000000001, None),
            ("rounded", "OGE", "math", "9", 10.0, 0.1 * 3, None),
            ("unknown", "OGE", "rus", "9", 20.0, LOW, None),
            ("unknown", "OGE", "math", "9", 20.0, None, None),
        ),
        RULES,
    )
    assert table.drop("year").rows() == [
        ("one low", 2, 1, False),
        ("rounded", 2, 2, True),
        ("two low", 2, 2, True),
        ("unknown", 1, 1, False),
    ]


def test_a_floor_of_participants_takes_small_procedures_out():
    rows = results(("1", "OGE", "rus", "9", 9.0, LOW, None), ("1", "OGE", "math", "9", 10.0, LOW, None))
    with_floor = RULES.model_copy(update={"min_n": 10})
    assert federal(rows, with_floor).row(0)[2:] == (1, 1, False)
    assert federal(rows, RULES).row(0)[2:] == (2, 2, True)
    assert chance_table(with_floor, [9, 10])["one"].to_list()[0] == 0


def test_a_report_without_results_has_a_list_without_schools():
    table = federal(empty("results"), RULES)
    assert table.schema == {
        "year": pl.Int64, "school_id": pl.String, "n_procedures": pl.Int64, "n_low": pl.Int64, "federal_low": pl.Boolean
    }  # fmt: skip
    assert table.is_empty()
    assert agreement(empty("flags"), table, 2021).is_empty()


PRINTED = {
    (0.15, "one"): ["0.17", "0.18", "0.07", "0.005"],
    (0.20, "one"): ["0.26", "0.32", "0.20", "0.06"],
    (0.20, "two_of_three"): ["0.17", "0.25", "0.10", "0.01"],
}
"""The domain brief, 1.1, for 5, 10, 20, 50 participants."""


def test_chance_alone_makes_low_schools_as_often_as_the_domain_brief_says():
    table = chance_table(RULES)
    assert table["n"].to_list() == 2 * [5, 10, 20, 50]
    for (share, column), numbers in PRINTED.items():
        for computed, number in zip(table.filter(share=share)[column], numbers, strict=True):
            # The brief's numbers were simulated: 0.165 is printed as 0.17, 0.2445 as 0.25.
            assert computed == pytest.approx(float(number), abs=0.6 * 10.0 ** -len(number[2:]))
    assert table["one"][0] == pytest.approx(1 - 0.85**5 - 5 * 0.15 * 0.85**4)
    one = table["one"][0]
    assert table["two_of_three"][0] == pytest.approx(3 * one**2 * (1 - one) + one**3)


def test_both_lists_are_set_against_each_other_over_schools_that_both_judge():
    conclusions = {
        "1": ("below", "persistent"), "2": ("below", "persistent"), "3": ("below", "watch"), "4": ("within", "none"),
        "5": ("above", "watch"), "too small": (None, "preliminary"), "no procedure": ("below", "watch"),
    }  # fmt: skip
    flags = pl.DataFrame(
        [(school, *conclusion) for school, conclusion in conclusions.items()],
        schema=["school_id", "direction", "tier"], orient="row",
    )  # fmt: skip
    listed = pl.DataFrame(
        {"school_id": ["1", "2", "3", "4", "5", "too small"], "federal_low": [True, False, True, True, False, True]}
    ).with_columns(year=pl.lit(2021))
    before = listed.with_columns(year=pl.lit(2020), federal_low=pl.lit(True))
    assert agreement(flags, pl.concat([listed, before]), 2021).rows() == [
        ("below", "persistent", 1, 1),
        ("below", "watch", 1, 0),
        ("within", "none", 1, 0),
        ("above", "watch", 0, 1),
    ]
