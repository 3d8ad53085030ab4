"""From the first page to what a school is to do, by when and with whose help; numbers on the pages against the tables."""

from __future__ import annotations

import json
import posixpath
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from cells import defined

from helpers import tables
from helpers.intake.subjects import subject_titles
from helpers.publish.execute import run_page, warm_kernel
from helpers.publish.page_source import page_source
from helpers.publish.pages import notebooks, targets
from helpers.publish.pandoc import configuration, page_html
from helpers.report import PROJECT, RECOMMENDATIONS, Report, open_report
from helpers.show import charts, help_sentences, help_views, words

CARDS = 9
HELP = {"recommendations", "risks", "tutors", "teachers", "roadmaps", "effect", "decisions"}
"""Pages on the help to schools."""
MINUS = words.MINUS


@pytest.fixture(scope="module")
def report(dirty: Path, computed: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The demonstration region with the pages of help and those that lead to them, of both editions, through pandoc.

    It has a few cards, those of schools below expectation among them.
    """
    folder, out = (
        shutil.copytree(dirty.parent, tmp_path_factory.mktemp("region") / "report"),
        tmp_path_factory.mktemp("out"),
    )
    params = folder / dirty.name
    described = yaml.safe_load(params.read_text(encoding="utf-8"))
    described |= {"pages": {"cards": CARDS}}
    params.write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    made = open_report(str(params), str(out))
    shutil.copytree(computed, out / "data")
    with warm_kernel() as kernel:
        for edition in ("internal", "public"):
            for name, source in notebooks(made, edition).items():
                if name in HELP | {"index", "municipality", "school"}:
                    run_page(source, made, edition, kernel)
            render(made, edition)
    return made


def render(report: Report, edition: str) -> None:
    """What pandoc makes of the executed pages."""
    executed = report.build / edition / "pages"
    files = {name: (PROJECT / name).read_bytes() for name in ("_quarto.yml", f"_quarto-{edition}.yml")}
    settings = configuration(files | {"_quarto-report.yml": b"website: {title: report}"}, edition)
    for path in executed.rglob("*.ipynb"):
        name = path.relative_to(executed).with_suffix("").as_posix()
        target = report.site(edition) / f"{name}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page_html(page_source(path, name), name, settings), encoding="utf-8")


@pytest.fixture
def changed(report: Report, tmp_path: Path) -> Report:
    """The same tables in a folder where a test may change them."""
    shutil.copytree(report.out / "data", tmp_path / "data")
    return Report(report.params_file, report.params, tmp_path)


def page(report: Report, name: str, edition: str = "internal") -> BeautifulSoup:
    return BeautifulSoup((report.site(edition) / name).read_text(encoding="utf-8"), "html.parser")


def rows_of(soup: BeautifulSoup, id: str) -> list[list[str]]:
    """All rows of a table, those too that are shown only when asked for."""
    box = soup.find(id=id)
    if data := box.find("script", class_="table-data"):
        return [[cell[0] for cell in row] for row in json.loads(data.string)]
    return [[cell.get_text() for cell in row.find_all("td")] for row in box.find("tbody").find_all("tr")]


def links(soup: Tag) -> list[str]:
    return [a["href"] for a in soup.find_all("a", href=True)]


def below(soup: BeautifulSoup, id: str) -> str:
    """The text of a page from a heading on."""
    heading = soup.find(id=id)
    return " ".join(" ".join(part.get_text(" ") for part in (heading, *heading.find_all_next())).split())


@pytest.mark.slow
class TestThreeClicks:
    """As a municipal officer would: first page, municipality, card."""

    def test_lead_from_the_first_page_to_what_by_when_and_who_helps(self, report: Report):
        first = page(report, "index.html")
        towns = {href for href in links(first.find("main")) if href.endswith(".html#support")}
        advised, tutors = report.read("recommendations"), report.read("tutors").filter(place=1)
        names = dict(report.read("schools").sort("year").select("school_id", "school_name").iter_rows())
        reached = set()
        for town in towns:
            address = town.partition("#")[0]
            listed = page(report, address).find(id="table-support")
            for href in links(listed):
                card, _, anchor = posixpath.normpath(posixpath.join(posixpath.dirname(address), href)).partition("#")
                assert anchor == "support"
                school_id = Path(card).stem
                told = below(page(report, card), "support")
                for measure, deadline in (
                    advised.filter(school_id=school_id).select("measure", "deadline_date").iter_rows()
                ):
                    assert measure in told and deadline.strftime("%d.%m.%Y") in told
                tutor = tutors.filter(school_id=school_id).row(0, named=True)
                helper = names[tutor["tutor_id"]] if tutor["tutor_id"] else words.TUTOR_REASON[tutor["reason"]]
                assert helper in told
                reached.add(school_id)
        supported = set(advised["school_id"])
        assert (
            reached == supported & {path.stem for path in (report.site("internal") / "school").glob("*.html")} != set()
        )

    def test_every_supported_school_stands_on_its_municipalitys_page(self, report: Report):
        groups = report.read("schools").filter(year=2021)
        supported = report.read("recommendations").select("school_id").unique().join(groups, on="school_id")
        first = {href for href in links(page(report, "index.html").find("main")) if href.endswith("#support")}
        assert len(first) == supported["group_id"].n_unique()
        named = {row[0] for town in first for row in rows_of(page(report, town.partition("#")[0]), "table-support")}
        assert named == set(supported["school_name"])

    def test_a_municipality_names_the_first_deadline(self, report: Report):
        advised = report.read("recommendations")
        groups = dict(report.read("schools").filter(year=2021).select("school_id", "group_name").iter_rows())
        town = f"municipality/{words.slug(groups[advised['school_id'][0]])}.html"
        shown = {row[0]: row for row in rows_of(page(report, town), "table-support")}
        names = dict(report.read("schools").filter(year=2021).select("school_id", "school_name").iter_rows())
        for (school_id,), own in advised.group_by("school_id"):
            if words.slug(groups[school_id]) in town and own["rule_id"].count():
                _, deadline, _, measures, *_ = shown[names[school_id]]
                assert deadline == own["deadline_date"].min().strftime("%d.%m.%Y")
                assert measures == str(own["rule_id"].count())

    def test_a_school_without_help_says_so_in_one_sentence(self, report: Report):
        supported = set(report.read("recommendations")["school_id"])
        card = next(
            path for path in sorted((report.site("internal") / "school").glob("*.html")) if path.stem not in supported
        )
        soup = page(report, f"school/{card.name}")
        assert "мер для неё отчёт не предлагает" in below(soup, "support")
        assert soup.find(id="table-measures") is None and soup.find(id="table-profile") is None


@pytest.mark.slow
class TestPages:
    """What the pages show is what the tables hold, recounted here."""

    def test_every_recommendation_stands_once_with_its_reason(self, report: Report):
        table = report.read("recommendations")
        shown = rows_of(page(report, "recommendations.html"), "table-recommendations")
        assert sorted((row[3], row[2], row[6]) for row in shown) == sorted(
            (measure, deadline.strftime("%d.%m.%Y"), because)
            for measure, deadline, because in table.select("measure", "deadline_date", "because").iter_rows()
        )
        for row in rows_of(page(report, "recommendations.html"), "table-coverage"):
            assert int(row[1]) == table.filter(rule_id=row[-1]).height

    def test_risks_are_told_in_words_and_counted(self, report: Report):
        table, soup = report.read("risk_profile"), page(report, "risks.html")
        schools = table["school_id"].n_unique()
        shown = rows_of(soup, "table-risks")
        assert len(shown) == schools and {len(row) for row in shown} == {2 + table["factor"].n_unique()}
        for row in shown:
            assert int(row[1]) == sum("высокая" in cell for cell in row[2:])
            assert {cell.lstrip("●◐○ ") for cell in row[2:]} <= {"высокая", "средняя", "низкая", "нет данных"}
        for title, *counts in rows_of(soup, "table-factors"):
            own = table.filter(title=title)["level"]
            assert [int(n) for n in counts] == [
                *((own == level).sum() for level in ("high", "medium", "low")),
                own.null_count(),
            ]
            assert sum(map(int, counts)) == schools

    def test_every_supported_school_has_a_tutor_or_a_reason(self, report: Report):
        table, soup = report.read("tutors"), page(report, "tutors.html")
        pairs, alone = rows_of(soup, "table-tutors"), rows_of(soup, "table-unmatched")
        assert (
            len(pairs) + len(alone)
            == table["school_id"].n_unique()
            == report.read("recommendations")["school_id"].n_unique()
        )
        assert all(reason in words.TUTOR_REASON.values() for *_, reason in alone)
        load = [int(row[3]) for row in rows_of(soup, "table-load")]
        assert sum(load) == len(pairs) and max(load) <= report.params.support.tutors.cap

    def test_teachers_are_those_of_the_diagnostics(self, report: Report):
        people = report.read("diagnostics").filter(year=2021, competence="all")
        stages = ["started", "finished", "high", "advised", "enrolled", "trained"]
        soup = page(report, "teachers.html")
        assert [int(row[1]) for row in rows_of(soup, "table-stages")] == [
            people[f"n_{stage}"].sum() for stage in stages
        ]
        for table in ("table-groups", "table-schools"):
            shown = [list(map(int, row[-6:])) for row in rows_of(soup, table)]
            assert [sum(column) for column in zip(*shown, strict=True)] == [
                people[f"n_{stage}"].sum() for stage in stages
            ]
        drawn = json.loads(soup.find(id="chart-stages").find("script", class_="chart-data").string)["data"][0]
        assert list(drawn["x"]) == [people[f"n_{stage}"].sum() for stage in stages]

    def test_roadmaps_begin_with_those_that_are_missing(self, report: Report):
        table = report.read("roadmap_status")
        shown = rows_of(page(report, "roadmaps.html"), "table-roadmaps")
        states = [row[3].partition("\u00a0")[2] for row in shown]
        assert states == sorted(states, key=["не размещена", "с опозданием", "срок не наступил", "в срок"].index)
        for status, title in words.ROADMAP.items():
            assert states.count(title) == table.filter(status=status).height
        links_shown = {
            href for href in links(page(report, "roadmaps.html").find(id="table-roadmaps")) if href.startswith("http")
        }
        assert links_shown == set(table["link"].drop_nulls())

    def test_monitoring_says_plan_fact_and_sign(self, report: Report):
        table = report.read("monitoring").filter(year=2021)
        shown = {row[0]: row for row in rows_of(page(report, "effect.html"), "table-monitoring")}
        assert shown.keys() == set(table["title"])
        for row in table.iter_rows(named=True):
            _, planned, actual, interval, sign, *_ = shown[row["title"]]
            assert sign == {
                "green": "▲\u00a0план выполнен", "red": "▼\u00a0план не выполнен", "yellow": "●\u00a0не различить",
                "none": "○\u00a0нет данных или плана",
            }[row["signal"]]  # fmt: skip
            if row["unit"] == "share" and row["actual"] is not None:
                assert float(actual[:-2].replace(",", ".")) == pytest.approx(100 * row["actual"], abs=0.051)
                assert float(planned[:-2].replace(",", ".")) == pytest.approx(100 * row["planned"], abs=0.051)
                assert (interval == "—") == (row["lower"] == row["upper"])

    def test_decisions_lead_to_pages_that_are_there(self, report: Report):
        for edition in ("internal", "public"):
            soup = page(report, "decisions.html", edition)
            table = report.read("decisions", edition)
            assert [row[1] for row in rows_of(soup, "table-decisions")] == table["decision"].to_list()
            for href in links(soup.find(id="table-decisions")):
                assert Path(href).stem in notebooks(report, edition)
            assert len(rows_of(soup, "table-calendar")) == report.read("project_calendar", edition).height

    @pytest.mark.parametrize("edition", ["internal", "public"])
    def test_links_of_the_help_lead_somewhere(self, report: Report, edition: str):
        site = report.site(edition)
        for name in ["index.html", *(f"{page}.html" for page in HELP)]:
            for href in links(page(report, name, edition).find("main")):
                address, _, anchor = href.partition("#")
                if not address or (site / address).is_file():
                    assert not anchor or page(report, address or name, edition).find(id=anchor), (name, href)
                elif "/" not in address:
                    assert Path(address).stem in notebooks(report, edition), (name, href)
                else:
                    assert not address.startswith(("municipality/", "school/")), (name, href)


@pytest.mark.slow
class TestPublic:
    def test_no_supported_school_is_named_on_the_pages_of_help(self, report: Report):
        supported = set(report.read("recommendations")["school_id"]) | set(report.read("membership")["school_id"])
        tutors = set(report.read("tutors")["tutor_id"].drop_nulls())
        hidden = report.read("schools").filter(pl.col("school_id").is_in(supported | tutors))
        names = hidden["school_name"].unique().to_list()

        def named(edition: str) -> list[str]:
            texts = {name: (report.site(edition) / f"{name}.html").read_text(encoding="utf-8") for name in HELP}
            return [name for name, text in texts.items() if any(word in text for word in (*names, *supported, *tutors))]

        assert named("public") == []
        assert set(named("internal")) == HELP - {"decisions"}, "they would be found"

    def test_numbers_on_the_pages_are_those_of_the_public_tables(self, report: Report):
        counts = report.read("support_counts", "public")
        advised = dict(counts.filter(topic="measure", level="advised").select("item", "schools_text").iter_rows())
        shown = rows_of(page(report, "recommendations.html", "public"), "table-measures")
        rules = yaml.safe_load(RECOMMENDATIONS.read_text(encoding="utf-8"))["rules"]
        assert [(row[0], row[1]) for row in shown] == [
            (rule["measure"], advised.get(rule["id"], "скрыто")) for rule in rules
        ]
        for title, *told in rows_of(page(report, "risks.html", "public"), "table-factors"):
            factor = report.read("risk_profile").filter(title=title)["factor"][0]
            of_factor = dict(counts.filter(topic="risk", item=factor).select("level", "schools_text").iter_rows())
            assert told == [of_factor.get(level, "—") for level in ("high", "medium", "low", "unknown", "all")]

    def test_the_public_is_told_that_schools_are_not_named(self, report: Report):
        for name in ("recommendations", "risks", "tutors"):
            assert "не называются" in page(report, f"{name}.html", "public").find("main").get_text()


class TestOtherReports:
    @pytest.mark.slow
    def test_one_table_of_schools_has_no_pages_of_help(self, small: Path, built: Path):
        california = open_report(str(small), str(built))
        assert not HELP & notebooks(california, "public").keys()
        assert [name for name in HELP if targets(name, california, "internal")] == []
        for edition in ("internal", "public"):
            assert help_sentences.what_to_do(help_views.supported(california, edition), california, edition) == ""
            assert help_sentences.school_help(help_views.help_of(california, edition, "x"), california, edition) == ""
            assert help_views.of_group(california, edition, "x").is_empty()

    @pytest.mark.slow
    def test_a_region_has_them_unless_its_public_edition_is_of_open_data(self, report: Report):
        assert notebooks(report, "internal").keys() >= HELP and notebooks(report, "public").keys() >= HELP
        opened = Report(
            report.params_file, report.params.model_copy(update={"open_data": "данные открыты"}), report.out
        )
        assert notebooks(opened, "internal").keys() >= HELP and not HELP & notebooks(opened, "public").keys()


@pytest.mark.slow
class TestViews:
    def test_a_school_without_a_triggered_rule_says_so(self, changed: Report):
        table = changed.read("recommendations")
        school_id = table["school_id"][0]
        silent = {"school_id": school_id, "number": 1, "because": "ни одно правило не сработало: всё в порядке"}
        others = table.filter(pl.col("school_id") != school_id)
        changed.write(recommendations=pl.concat([others, pl.DataFrame([silent], schema=table.schema)]))
        row = help_views.recommendations(changed).filter(school_id=school_id).row(0, named=True)
        assert (row["measure"], row["deadline_date"]) == ("ни одно правило не сработало", None)
        told = defined("recommendations").recommended(help_views.recommendations(changed))
        assert f"{others.height}\u00a0рекоменда" in told and "У 1\u00a0школы ни одно правило не сработало" in told

    def test_measures_that_exclude_each_other_are_named(self, changed: Report):
        table = changed.read("recommendations")
        first, second = table.filter(pl.len().over("school_id") > 1).head(2).iter_rows(named=True)
        marked = (pl.col("school_id") == first["school_id"]) & (pl.col("number") == first["number"])
        changed.write(recommendations=table.with_columns(conflict_with=pl.when(marked).then(pl.lit(second["rule_id"]))))
        (row,) = help_views.recommendations(changed).drop_nulls("conflict_with").iter_rows(named=True)
        assert row["conflict"] == second["measure"]
        assert "У 1\u00a0школы" in defined("recommendations").conflicting(
            help_views.recommendations(changed).drop_nulls("conflict_with")
        )

    def test_a_region_without_a_programme_says_that_nobody_is_helped(self, changed: Report):
        names = ["programme", *(name for name in tables.SUPPORT if name not in ("decisions", "project_calendar"))]
        changed.write(**{name: tables.empty(name) for name in names})
        supported = help_views.supported(changed, "internal")
        assert supported.is_empty() and "нет" in help_sentences.what_to_do(supported, changed, "internal")
        assert defined("recommendations").recommended(help_views.recommendations(changed)) == help_sentences.NOBODY
        assert defined("tutors").lead(help_views.tutors(changed), 3) == help_sentences.NOBODY
        assert defined("risks").lead(help_views.risk_counts(changed)) == help_sentences.NOBODY
        assert help_views.risks(changed).is_empty() and help_views.stages(changed).is_empty()
        assert help_views.funnel_groups(changed).is_empty() and help_views.tracks(changed).is_empty()
        assert help_views.monitored_years(help_views.monitoring(changed, "internal")).is_empty()
        assert help_views.tutor_load(help_views.tutors(changed)).is_empty()
        assert "нет" in defined("roadmaps").lead(help_views.roadmaps(changed))
        assert "нет" in defined("effect").moved(help_views.membership(changed))


class TestSentences:
    @pytest.mark.parametrize(
        ("unit", "value", "told"),
        [("share", 0.191124, "19,1\u00a0%"), ("share", 0.08, "8\u00a0%"), ("share", 1.0, "100\u00a0%"), ("sd", -0.151, f"{MINUS}0,15"),
         ("sd", 0.02, "+0,02"), ("points", 3.3, "3,30"), ("share", None, "—")],
    )  # fmt: skip
    def test_a_value_is_told_in_its_unit(self, unit: str, value: float | None, told: str):
        assert help_sentences.in_unit(unit, value) == told

    def test_a_count_has_no_interval(self):
        assert help_sentences.interval("share", 0.131, 0.2) == "от 13,1\u00a0% до 20\u00a0%"
        assert help_sentences.interval("share", 0.77, 0.77) is help_sentences.interval("sd", None, None) is None

    def test_what_is_beyond_has_its_95_percent(self):
        assert help_sentences.beyond("sd", 0.024444, 0.032889) == "+0,02 ± 0,06"
        assert help_sentences.beyond("share", 0.015126, 0.08827) == "+1,5 ± 17,3 п. п."

    def test_a_pair_is_explained(self):
        row = {
            "tutor_id": "k1", "reason": "pinned", "tutor_why": "above,innovation_site", "distance": 0.314, "same_type": False,
            "same_locality": None, "weak_subjects": "math,rus", "subjects": "rus", "missing": "locality",
        }  # fmt: skip
        assert help_sentences.pair(row, subject_titles()) == (
            "закреплён вручную; результаты выше ожидаемых; инновационная площадка; непохожесть условий 0,31; другой вид школы; сильна "
            "там, где школе трудно: русский язык; не закрывает: математика; не учтено, нет данных: местность"
        )
        assert help_sentences.pair(row | {"tutor_id": None}, {}) is None

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            (("in_time", date(2021, 10, 1), None, "https://a.ru/1"),
             "размещена в срок, 1 октября 2021 года ([открыть](<https://a.ru/1>)); срок — 10 октября 2021 года"),
            (("late", date(2021, 10, 12), 2, None), "размещена с опозданием на 2\u00a0дня, 12 октября 2021 года; срок"),
            (("missing", None, 22, None), "не размещена, на 1 ноября 2021 года опоздание — 22\u00a0дня; срок — 10 октября"),
            (("not_due", None, None, None), "срок не наступил; срок — 10 октября"),
        ],
    )  # fmt: skip
    def test_a_roadmap_is_told_with_its_days(self, row: tuple, told: str):
        status, published, late, link = row
        assert told in help_sentences._roadmap(
            {"status": status, "published_date": published, "days_late": late, "link": link,
             "deadline_date": date(2021, 10, 10), "as_of_date": date(2021, 11, 1)}
        )  # fmt: skip

    def test_a_rise_that_comes_by_itself_is_not_the_projects(self):
        row = {
            "unit": "sd", "before": -0.20, "expected_without_programme": -0.16, "beyond_rtm": 0.01, "before_text": f"{MINUS}0,20",
            "expected_without_programme_text": f"{MINUS}0,16", "actual_text": f"{MINUS}0,15", "beyond_text": "+0,01 ± 0,06",
            "beyond_signal": "unclear",
        }  # fmt: skip
        told = defined("effect").without_programme(pl.DataFrame([row]))
        assert (
            "на 0,04 стандартного отклонения" in told and "ожидается и без вмешательства (возврат к среднему)" in told
        )
        assert told.endswith("+0,01 ± 0,06 — не различить.")


def test_plan_and_fact_are_drawn_by_shape_and_word():
    rows = pl.DataFrame(
        {"title": ["а", "б", "в"], "planned": [0.5, 0.4, None], "actual": [0.6, 0.3, None], "lower": [0.55, 0.2, None],
         "upper": [0.65, 0.45, None], "signal": ["green", "yellow", "none"]},
        schema_overrides={"planned": pl.Float64, "actual": pl.Float64},
    )  # fmt: skip
    drawn = {trace.name: trace for trace in charts.planned(rows).data}
    assert drawn["95-процентный интервал"].x == (55.0, 65.0, None, 20.0, 45.0, None)
    assert drawn["план"].x == (50.0, 40.0)
    assert drawn["факт: план выполнен"].x == (60.0,) and drawn["факт: не различить"].x == (30.0,)
    symbols = {trace.marker.symbol for name, trace in drawn.items() if name != "95-процентный интервал"}
    assert len(symbols) == 3, "told apart without colours"
