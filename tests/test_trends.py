"""Trends over the years and the map of tiles, against numbers added up by hand."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest
from cells import defined

from helpers.measure import procedure_trends
from helpers.model import line_numbers
from helpers.params import Tile
from helpers.problems import BadInput
from helpers.show import charts, summaries, views

ITEMS = [SimpleNamespace(procedure="VPR", subject="rus", title="ВПР, русский язык"),
         SimpleNamespace(procedure="OGE", subject="rus", title="ОГЭ, русский язык")]  # fmt: skip
PARAMS = SimpleNamespace(described=SimpleNamespace(results=ITEMS), years=[2019, 2021, 2022])
CALENDAR = pl.DataFrame(
    [(2019, "VPR", True, ""), (2020, "VPR", False, "Осенью."), (2021, "VPR", True, ""), (2022, "VPR", True, ""),
     (2019, "OGE", True, ""), (2020, "OGE", False, "Отменён."), (2021, "OGE", True, ""), (2018, "EGE", False, "Не наш.")],
    schema=["year", "procedure", "compared", "reason"], orient="row",
)  # fmt: skip
RESULTS = pl.DataFrame(
    [
        # grade 5 in every year: 10 of 100, then 30 of 150, and a year that is not compared
        (2019, "a", "VPR", "rus", "5", 60.0, 3.0, 0.10, None), (2019, "b", "VPR", "rus", "5", 40.0, 4.0, 0.10, None),
        (2020, "a", "VPR", "rus", "5", 50.0, 3.0, 0.50, "not_compared"),
        (2021, "a", "VPR", "rus", "5", 100.0, 3.0, 0.15, None), (2021, "b", "VPR", "rus", "5", 50.0, 3.6, 0.30, None),
        # grade 8 only once: its pupils must not shift the share of that year
        (2021, "a", "VPR", "rus", "8", 500.0, 2.0, 0.90, None),
        # set aside for other reasons, or not of the outcome
        (2021, "c", "VPR", "rus", "5", 70.0, 5.0, 0.0, "biased"), (2021, "a", "EGE", "rus", "11", 9.0, 60.0, 0.5, "not_chosen"),
        # a share that is not known does not count as none
        (2019, "a", "OGE", "rus", "9", 20.0, 3.5, None, None), (2019, "b", "OGE", "rus", "9", 20.0, 4.5, 0.25, None),
    ],
    schema=["year", "school_id", "procedure", "subject", "grade", "n_participants", "mean", "share_low", "set_aside"],
    orient="row",
)  # fmt: skip


class Report:
    params = PARAMS

    def read(self, name: str, _: str = "") -> pl.DataFrame:
        return {"procedure_trends": procedure_trends(RESULTS), "calendar": CALENDAR}[name]


@pytest.fixture
def rows() -> pl.DataFrame:
    return summaries.trends(Report(), "internal")


def test_shares_are_added_up_over_the_grades_of_every_year(rows: pl.DataFrame):
    told = rows.select("title", "year", "schools", "n_participants", "mean", "low", "compared").rows()
    assert told == [
        ("ВПР, русский язык", 2019, 2, 100.0, pytest.approx(3.4), pytest.approx(0.10), True),
        ("ВПР, русский язык", 2020, 1, 50.0, pytest.approx(3.0), pytest.approx(0.50), False),
        ("ВПР, русский язык", 2021, 2, 150.0, pytest.approx(3.2), pytest.approx(0.20), True),
        ("ОГЭ, русский язык", 2019, 2, 40.0, pytest.approx(4.0), pytest.approx(0.25), True),
    ]


def test_the_caption_compares_only_what_is_compared(rows: pl.DataFrame):
    trends = defined("trends")
    caption = trends.low_caption(rows, 1)
    assert "10,0\u00a0%" in caption and "20,0\u00a0%" in caption and "50" not in caption
    assert "«ВПР, русский язык»" in caption
    assert "меньше двух" in trends.low_caption(rows.filter(pl.col("procedure") == "OGE"), 1)
    assert "50,0" in trends.low_alt(rows, 1), "who cannot see the chart is told of every point"


def test_the_reader_is_told_why_years_are_not_compared():
    text = defined("trends").lead(CALENDAR, PARAMS)
    assert "Осенью" in text and "Отменён" in text and "Не наш" not in text


def test_a_line_breaks_where_a_year_is_not_compared_and_its_point_is_hollow(rows: pl.DataFrame):
    compared, apart, *_ = charts.trends(rows).data
    assert list(compared.x) == ["2019", "2020", "2021"]
    assert list(compared.y) == [10.0, None, 20.0] and list(apart.y) == [None, 50.0, None]
    assert not compared.connectgaps and apart.mode == "markers" and apart.marker.symbol.endswith("-open")
    assert compared.line.color == apart.marker.color


def test_the_interval_of_the_slope_is_two_errors_wide():
    fit = {"year": 2021, "n_schools": 80, "intercept": -1.0, "slope": 0.02, "slope_se": 0.001, "tau2": 0.04, "r2": 0.5}
    years = line_numbers([fit])
    told = years.row(0, named=True)
    assert (told["ten"], told["lower"], told["upper"]) == pytest.approx((0.2, 0.1804, 0.2196))
    assert (told["tau"], told["band"]) == pytest.approx((0.2, 0.392))
    assert "один год" in defined("trends").slope_caption(years)


GROUPS = pl.DataFrame({"group_name": ["А", "Б", "В"], "n_below": [0, 1, 5], "schools": [3, 4, 9],
                       "group_page": ["a", "b", "v"]})  # fmt: skip


def tiled(*names: str) -> SimpleNamespace:
    return SimpleNamespace(tiles={name: Tile(row=9 - at, column=1, short=name) for at, name in enumerate(names)})


def test_tiles_are_read_from_the_top_and_say_how_many_schools():
    tiles = views.tiles(GROUPS, tiled("А", "Б", "В"))
    assert tiles.select("group_name", "value", "level").rows() == [
        ("В", "5 из 9", "3"),
        ("Б", "1 из 4", "1"),
        ("А", "0 из 3", "0"),
    ]
    assert "в 2 из 3" in defined("groups").below_caption(tiles)


def test_a_tile_that_no_municipality_is_called_by_is_refused():
    with pytest.raises(BadInput) as refused:
        views.tiles(GROUPS, tiled("А", "Аа", "Бб"))
    assert len(refused.value.problems) == 2 and "ключ «tiles»" in str(refused.value)
