"""The attacker of the product: finds each leak when its fix is taken out, and nothing where all stand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_ledger import NUMBERS, late_passport
from test_protected import COUNTED, PARAMS, RULES, flags, region, with_rules

from helpers import tables
from helpers.attack import _problem, findings, knowledge, pages, prose
from helpers.attack.findings import differences, narrowed
from helpers.attack.reading import Besides, as_published, flat, read_site
from helpers.attack.unknowns import Ends, Unknowns
from helpers.disclosure import cells, helped, protected, protection
from helpers.disclosure.ledger import Published
from helpers.disclosure.protected import protected_tables
from helpers.disclosure.rounding import exact
from helpers.report import PROJECT, open_report

LAST = PARAMS.years[-1]


def test_whole_numbers_are_reasoned_with_as_whole():
    """Three numbers add up to 5; twice the first is at least 3: so it is two or more. By hand."""
    known = Unknowns()
    known.know({("a",): 1, ("b",): 1, ("c",): 1}, 5, 5, "sum")
    known.know({("a",): 2}, 3, None, "told")
    known.know({("b",): 1}, 1, None, "told")
    known.know({("elsewhere",): 1}, 7, 7, "told")
    assert known.between({("a",): 1}) == Ends(2, 4, 2, 4)
    assert known.between({("b",): 1}) == Ends(1, 3, 1, 3)
    assert known.between({("b",): 1}, without=["sum"]) == Ends(1, np.inf, 1, np.inf)
    assert known.between({("elsewhere",): 1}) == Ends(7, 7, 7, 7)
    known.know({("c",): 1}, 9, None, "told")
    assert known.between({("a",): 1}) is None


def test_what_is_too_hard_is_not_taken_for_safe():
    """Only what was found possible is a range; only what is ruled out is none."""
    assert Ends(2, 5, 0, 9).apart(3) is True
    assert Ends(np.inf, -np.inf, 4, 6).apart(3) is False
    assert Ends(np.inf, -np.inf, 0, 9).apart(3) is None
    assert Ends(2, np.inf, 2, np.inf).apart(3) is True


def test_of_facts_that_cannot_all_stand_the_fewest_are_named():
    known = Unknowns()
    known.know({("a",): 1, ("b",): 1}, 5, 5, "sum")
    known.know({("a",): 1}, 1, 3, "told")
    known.know({("b",): 1}, 1, 3, "told")
    known.know({("c",): 1, ("a",): -1}, 0, None, "told")
    assert known.contradicting({("a",): 1}) == []
    known.know({("b",): 1}, 9, None, "wrong")
    assert [fact.how for fact in known.contradicting({("c",): 1})] == ["wrong"]


# conclusions


def site_of(effects: dict[str, float | None] | None = None, **places: str) -> dict[str, pl.DataFrame]:
    """The public tables of conclusions alone, of schools by letter as `test_protected.flags`."""
    table = flags(**places)
    judged = protection.protect(cells.flag_cells(table, LAST, RULES), cells.FLAGS, COUNTED, cells.shown_flags)
    sizes = pl.DataFrame({"group_id": list(places), "schools": [len(letters) for letters in places.values()]})
    effect = pl.Series([(effects or {}).get(place, 0.0) for place in places], dtype=pl.Float64)
    return {name: tables.empty(name) for name in ("published_results", "published_context", "directory")} | {
        "published_flags": protected._conclusions(judged, cells.type_counts(table)),
        "groups": sizes.with_columns(mean_effect=effect),
    }


def found(site: dict[str, pl.DataFrame], known: Besides | None = None) -> pl.DataFrame:
    return narrowed(site, known or Besides(), RULES.width, RULES.least_schools)


def test_a_hidden_number_of_schools_is_found_where_nothing_else_is_hidden_with_it(monkeypatch):
    places = {"x": "wwwwb", "y": "wwwwbbaaa", "z": "wwwwwaaab"}
    assert found(site_of(**places)).is_empty()
    monkeypatch.setattr(protection, "complementary", lambda judged, _: judged)
    monkeypatch.setattr(protection, "next_smallest", lambda *_: [])
    told = found(site_of(**places))
    assert "group_id=x · direction=below" in told["cell"].to_list()
    assert told["path"].str.contains(knowledge.SIZE).any()


def test_a_group_whose_schools_are_all_below_is_found(monkeypatch):
    """As if what is alike were shown: three of three."""
    places = {"x": "bbb", "y": "wwwwbbbaaa", "z": "wwwwwaaab"}
    assert not found(site_of(**places))["cell"].str.starts_with("вывод каждой").any()
    site = site_of(**places)
    site["published_flags"] = site["published_flags"].with_columns(
        schools=pl.when(group_id=pl.lit("x"), direction=pl.lit("above")).then(0)
        .when((pl.col("group_id") == "x") & pl.col("direction").is_in(["within", "unknown", "above"])).then(0)
        .otherwise("schools")
    )  # fmt: skip
    assert "вывод каждой школы: group_id=x · direction=below" in found(site)["cell"].to_list()


def test_a_mean_that_is_blank_only_with_certain_conclusions_is_found():
    """Blank where all but one are below: x has a number, so it has two better ones; y is blank, so it has at most one."""
    places = {"x": "bbwa", "y": "bbbw", "z": "wwwwaaaub"}
    assert found(site_of(**places)).is_empty()
    told = found(site_of({"x": -0.1, "y": None, "z": 0.0}, **places))
    assert told.filter(pl.col("path").str.contains(knowledge.BLANK)).height


# people


def results_site(with_means: bool, monkeypatch) -> tuple[dict[str, pl.DataFrame], Besides]:
    """Russian of five municipalities; in `a` one of eighty has a two and nearly all have a five."""
    if with_means:
        monkeypatch.setattr(protected, "_BEST_MARK", 0)
    internal = region(low_in_a=1)
    ours = pl.col("school_id").str.starts_with("a") & (pl.col("procedure") == "OGE")
    internal["results"] = internal["results"].with_columns(mean=pl.when(ours).then(4.95).otherwise("mean"))
    made = protected_tables(internal, with_rules(), "край-2021")
    keys = {(y, "OGE", "rus", "9", place): 80.0 for y in PARAMS.years for place in "abcde"}
    return made, Besides(participants=keys)


def test_a_mean_mark_beside_a_hidden_share_is_found(monkeypatch):
    site, known = results_site(with_means=False, monkeypatch=monkeypatch)
    assert found(site, known).filter(table="published_results").is_empty()
    site, known = results_site(with_means=True, monkeypatch=monkeypatch)
    told = found(site, known).filter(
        pl.col("cell").str.contains("procedure=OGE") & pl.col("cell").str.contains("group_id=a")
    )
    assert told.height
    assert told["path"].str.contains(knowledge.MEAN).all()
    assert (told.filter(~pl.col("cell").str.contains("остальные"))["high"] <= 2).all()


def test_numbers_that_contradict_one_another_are_not_passed(monkeypatch):
    """The region is told eleven below expectation, its groups have fewer schools."""
    site = site_of(x="wwwwb", y="wwwwbbaaa", z="wwwwwaaab")
    of_region = (pl.col("group_id") == "all") & (pl.col("direction") == "below") & (pl.col("context_class") == "all")
    wrong = pl.when(of_region).then(pl.lit(24)).otherwise("schools")
    told = found(site | {"published_flags": site["published_flags"].with_columns(schools=wrong)})
    assert not told.is_empty()
    assert not told["judged"].any()
    assert told["path"].str.contains("противоречат").all()


def test_what_is_not_judged_is_refused_in_a_sentence_that_names_it():
    row = {"table": "published_flags", "cell": "group_id=x · direction=below", "low": None, "high": None, "judged": False,
           "path": "не проверено: числа противоречат друг другу (сумма территорий — регион: flags · all · below)"}  # fmt: skip
    said = str(_problem(row))
    assert said.startswith(
        "Открытая редакция, таблица published_flags — найдено: group_id=x · direction=below не проверено"
    )
    assert "сумма территорий — регион: flags · all · below" in said


def test_a_reissue_of_corrected_numbers_is_judged_by_what_was_published():
    """A third of the participants of `a` were entered later: the published numbers are of other people than today's."""
    first, corrected = region(low_in_a=1), region(low_in_a=1)
    of_a = pl.col("school_id").str.starts_with("a")
    more = pl.when(of_a).then(pl.col("n_participants") * 3).otherwise("n_participants")
    corrected["results"] = corrected["results"].with_columns(n_participants=more)
    then = protected_tables(first, with_rules(), "край-2021")
    site = protected_tables(
        corrected, with_rules(), "край-2021", [Published("001", "край-2021", PARAMS.years, then, NUMBERS)]
    )
    now = {(y, "OGE", "rus", "9", place): 240.0 if place == "a" else 80.0 for y in PARAMS.years for place in "abcde"}
    kept = {row[:2]: (row[2], row[3] == 0) for row in site["kept_blocks"].iter_rows()}
    assert found(
        as_published(site, Besides(kept=kept), {"001": (PARAMS.years, then)}), Besides(now, kept=kept)
    ).is_empty()
    assert not found(site, Besides(now))["judged"].any(), "taken for one, the two do contradict one another"


def test_a_block_of_an_earlier_edition_has_the_groups_that_are_gone():
    """Of x, y and z one is no more a group: x and y do not add up to the region as it was."""
    then = site_of(x="wwwwb", y="wwwwbbaaa", z="wwwwwaaab")
    last = {name: then[name].filter(pl.col("group_id") != "z") for name in ("published_flags", "groups")}
    kept = Besides(kept={("published_flags", f"year={LAST}"): ("001", False)})
    read = as_published(then | last, kept, {"001": (PARAMS.years, then)})
    assert not found(then | last)["judged"].all(), "the remaining groups do not add up"
    assert found(read, kept).is_empty()


# help


def helped_site(monkeypatch) -> dict[str, pl.DataFrame]:
    """Eight schools of a programme, two of them below; three more are below; five of the eight are of high risk."""
    schools = [f"s{n}" for n in range(11)]
    internal = {name: tables.empty(name) for name in ("roadmap_status", "membership", "tutors")} | {
        "programme": pl.DataFrame({"school_id": schools[:8], "from_year": [2020] * 8, "to_year": [None] * 8},
                                  schema_overrides={"to_year": pl.Int64}),
        "risk_profile": pl.DataFrame({"school_id": schools * 2, "factor": ["disabilities"] * 11 + ["staff"] * 11,
                                      "level": ["high"] * 3 + ["low"] * 8 + ["medium"] * 4 + ["low"] * 7}),
        "recommendations": pl.DataFrame({"school_id": [*schools[:3], *schools[6:], *schools],
                                         "rule_id": ["disabilities"] * 3 + ["below"] * 5 + [None] * 11}),
        "rule_coverage": pl.DataFrame({"rule_id": ["below", "disabilities"]}),
    }  # fmt: skip
    table = flags(x="wwwwwwwbbbbb", y="wwwwwwaaa")
    below = pl.DataFrame({"school_id": schools[6:], "direction": ["below"] * 5})
    members = helped.of_programme(internal, LAST)
    support = helped.support_cells(members, LAST, RULES)
    alone = protection.protect(support, helped.SUPPORT, COUNTED, exact)
    told = helped.veiled(support, alone, helped.twins(members), helped.of_conclusion(members, below))
    judged = protection.protect(told, helped.SUPPORT, COUNTED, exact)
    counts = protected._schools_told(cells.named_total(judged, helped.SUPPORT), helped.SUPPORT)
    monitoring = pl.DataFrame({"indicator": ["roadmaps_in_time"], "year": [LAST], "n": [8], "actual": [0.5]})
    site = site_of(x="wwwwwwwbbbbb", y="wwwwwwaaa")
    assert table.filter(direction="below").height == 5
    return site | {"support_counts": counts, "monitoring": monitoring}


RULE = Besides(rules={"disabilities": ("disabilities", ("high",))})


def test_the_help_gives_nothing_away(monkeypatch):
    assert found(helped_site(monkeypatch), RULE).is_empty()


def test_a_total_of_helped_schools_less_the_programmes_is_found(monkeypatch):
    """11 − 8 = 3 of those below are in no programme; 5 − 3 = 2 are in it."""
    monkeypatch.setattr(helped, "of_programme", lambda internal, _: internal)
    told = found(helped_site(monkeypatch), RULE)
    assert set(told.filter(pl.col("cell").str.contains("ниже ожидаемого")).select("low", "high").iter_rows()) == {
        (3, 3),
        (2, 2),
    }


def test_where_no_school_is_below_that_none_is_advised_so_is_no_secret(monkeypatch):
    site = helped_site(monkeypatch)
    none_below = site_of(x="wwwwwwwwwwww", y="wwwwwwaaa")
    counts = site["support_counts"].filter(pl.col("item") == "below")
    assert counts.filter(level="advised")["schools"].item() is None
    assert found(none_below | {"support_counts": counts, "monitoring": site["monitoring"]}, RULE).is_empty()


def test_roadmaps_that_are_not_due_yet_do_not_make_schools_of_the_programme_others(monkeypatch):
    """Eight schools, six roadmaps due: the total of helped schools less six is no number of schools outside."""
    site = helped_site(monkeypatch)
    roadmaps = [("roadmap", LAST, "status", "all", 8, "8"), ("roadmap", LAST, "status", "in_time", 8, "8")]
    counts = pl.DataFrame(roadmaps, schema=site["support_counts"].schema, orient="row")
    due = site["monitoring"].with_columns(n=pl.lit(6, pl.Int64))
    assert found(
        site | {"support_counts": pl.concat([site["support_counts"], counts]), "monitoring": due}, RULE
    ).is_empty()


def test_a_measure_of_just_those_below_is_found(monkeypatch):
    monkeypatch.setattr(helped, "of_programme", lambda internal, _: internal | {
        name: internal[name].filter(pl.col("school_id").is_in([f"s{n}" for n in (0, 1, 2, 3, 4, 6, 7, 8)]))
        for name in ("risk_profile", "recommendations")})  # fmt: skip
    assert found(helped_site(monkeypatch), RULE).is_empty()
    monkeypatch.setattr(helped, "of_conclusion", lambda *_: set())
    told = found(helped_site(monkeypatch), RULE)
    assert "школы проекта, ниже ожидаемого" in told["cell"].to_list()


def roadmaps(share: float, levels: dict[str, int | None]) -> dict[str, pl.DataFrame]:
    """Thirty roadmaps of the programme's schools, and the project's indicator of those in time."""
    rows = [
        ("roadmap", LAST, "status", level, n, "скрыто" if n is None else str(n))
        for level, n in ({"all": 30} | levels).items()
    ]
    counts = pl.DataFrame(rows, schema=tables.CONTRACT["support_counts"].types, orient="row")
    monitoring = pl.DataFrame({"indicator": ["in_time"], "year": [LAST], "n": [30], "actual": [share]})
    return site_of(x="wwwwb", y="wwwwbbaaa", z="wwwwwaaab") | {"support_counts": counts, "monitoring": monitoring}


def test_an_indicator_of_the_project_is_a_count_of_its_schools():
    """0.93 of thirty are 28: with two states only the rest are two. With three nobody can tell two from none."""
    measured = Besides(measures={"in_time": "roadmaps_in_time"})
    told = found(roadmaps(0.93, {"in_time": None, "late": None}), measured)
    assert told.filter(pl.col("cell").str.contains("level=late")).select("low", "high").row(0) == (2, 2)
    assert told["path"].str.contains(prose.PROSE).all()
    told = found(roadmaps(0.93, {"in_time": None, "late": None, "missing": None}), measured)
    assert told["cell"].str.contains("level=in_time").all(), (
        "hidden for the sake of the two others, and they are not known"
    )
    assert found(roadmaps(0.93, {"in_time": None, "late": None})).is_empty(), "an indicator that nobody understands"


def test_sentences_that_tell_what_tables_do_not_are_facts():
    """The federal list has nine schools; of those above and within none is told, and three have no conclusion."""
    site = site_of(x="wwwwb", y="wwwwbbaaa", z="wwwwwaaab") | {
        "agreement": pl.DataFrame({"direction": ["below", "within", "above"], "on_list": [None, 3, 3], "not_on_list": [None, 10, 3]}),
        "summary": flat({"schools": 23, "federal_low": 9, "unknown": 0, "below": {"named": 4}}),
    }  # fmt: skip
    assert found(site).filter(pl.col("cell").str.contains("direction=below · listed")).is_empty(), (
        "five values are possible"
    )
    closer = site | {"summary": flat({"schools": 23, "federal_low": 7, "unknown": 0, "below": {"named": 4}})}
    told = found(closer).filter(pl.col("cell") == "direction=below · listed")
    assert told.select("low", "high").row(0) == (0, 1)
    assert prose.LISTS in told["path"].item()
    wrong = site | {"summary": flat({"schools": 23, "below": {"named": 5}})}
    assert not found(wrong)["judged"].any(), "the page names another number than the table"


def test_what_somebody_typed_on_a_page_is_a_fact(tmp_path):
    """Of a territory, by its name or on its page, and of the project; the region's numbers are read elsewhere."""
    site = site_of(x="wwwwb", y="wwwwbbaaa", z="wwwwwaaab")
    site["groups"] = site["groups"].with_columns(group_name=pl.format("Район {}", "group_id"))
    (tmp_path / "municipality").mkdir()
    (tmp_path / "index.html").write_text(
        "<h1>Итоги</h1><p>Ниже ожидаемого: <b>4 школы</b>, подробнее в методе.</p>", "utf-8"
    )
    (tmp_path / "news.html").write_text("<p>В Район y&nbsp;2\u00a0школы ниже ожидаемого.</p>", "utf-8")
    (tmp_path / "municipality" / "x.qmd").write_text(
        '---\ntitle: "Район x"\n---\n\n**Ниже ожидаемого** — 1 школа.\n', "utf-8"
    )
    (tmp_path / "slides.qmd").write_text(
        "# Проект\n\n- 3 школы проекта ниже ожидаемого\n- 1 школа вне проекта ниже ожидаемого", "utf-8"
    )
    said = pages.read_pages(tmp_path, site["groups"])
    assert set(said.select("page", "who", "direction", "schools").iter_rows()) == {
        ("news.html", "y", "below", 2), ("municipality/x.qmd", "x", "below", 1),
        ("slides.qmd", "members", "below", 3), ("slides.qmd", "others", "below", 1),
    }  # fmt: skip
    assert found(site).is_empty()
    told = found(site | {"pages": said})
    of_x = told.filter(cell="group_id=x · direction=below")
    assert of_x.select("low", "high").row(0) == (1, 1)
    assert "municipality/x.qmd" in of_x["path"].item()


@pytest.mark.parametrize(
    "table",
    [
        "| Территория | Школ | ▼ Ниже ожидаемого |\n|---|---|---|\n| **Район x** | 5 | 1 |\n| Район y | 9 | скрыто |\n",
        "<table><thead><tr><th>Территория</th><th>Школ</th><th>Ниже ожидаемого, школ</th></tr></thead>"
        '<tr><td><a href="x.html">Район x</a></td><td>5</td><td>1</td></tr>'
        "<tr><td>Район y</td><td>9</td><td>скрыто</td></tr><tr><td>Все</td><td>23</td><td>4</td></tr></table>",
    ],
)
def test_a_number_typed_into_a_table_is_a_fact(table, tmp_path):
    site = site_of(x="wwwwb", y="wwwwbbaaa", z="wwwwwaaab")
    site["groups"] = site["groups"].with_columns(group_name=pl.format("Район {}", "group_id"))
    (tmp_path / "news.qmd").write_text(f"# Новости\n\n{table}\n", "utf-8")
    said = pages.read_pages(tmp_path, site["groups"])
    assert said.select("who", "direction", "schools").rows() == [("x", "below", 1)]
    told = found(site | {"pages": said}).filter(cell="group_id=x · direction=below")
    assert told.select("low", "high").row(0) == (1, 1)
    assert "news.qmd" in told["path"].item()


def test_a_measure_that_is_a_hidden_level_of_its_factor_is_found(monkeypatch):
    monkeypatch.setattr(helped, "veiled", lambda support, *_: support)
    told = found(helped_site(monkeypatch), RULE).filter(table="support_counts")
    assert told["path"].str.contains(knowledge.RULE).any()


# editions


def test_two_editions_that_differ_by_a_late_passport_are_found_if_nothing_is_kept(monkeypatch):
    first = protected_tables(late_passport(False), with_rules(), "край-2021")
    ledger = [Published("001", "край-2021", PARAMS.years, first, NUMBERS)]
    seen = {"001": (PARAMS.years, first)}
    assert differences(
        protected_tables(late_passport(True), with_rules(), "край-2021", ledger), PARAMS.years, seen
    ).is_empty()
    monkeypatch.setattr(protected, "frozen", lambda fresh, *_: (fresh, tables.empty("kept_blocks")))
    told = differences(protected_tables(late_passport(True), with_rules(), "край-2021", ledger), PARAMS.years, seen)
    assert {"published_flags", "published_results", "excluded"} <= set(told["table"])
    assert (
        told.filter(table="published_flags", cell="group_id=all · context_class=all · direction=below")["path"]
        .item()
        .endswith("schools: 4 → 5, schools_text: 4 → 5")
    )


def test_the_attacker_shares_no_code_with_what_it_judges():
    for path in (PROJECT / "src" / "helpers" / "attack").glob("*.py"):
        assert "helpers.disclosure import" not in path.read_text(encoding="utf-8")
        assert "from helpers.disclosure" not in path.read_text(encoding="utf-8")


def test_the_demonstration_is_not_broken():
    report = open_report("kamchatka-2021")
    if not (report.site("public") / "data" / "published_flags.csv").exists():
        pytest.skip("the report has not been built here")
    from helpers.attack import attack

    assert attack(report, report.site("public") / "data").filter("secret").is_empty()
    assert findings.SCHEMA.keys() >= {"table", "cell", "path"}


def test_a_column_in_which_all_is_hidden_is_still_of_numbers(tmp_path):
    (tmp_path / "support_counts.csv").write_text(
        "topic,year,item,level,schools\nmembership,2021,p,*,\n", encoding="utf-8"
    )
    (tmp_path / "published_flags.csv").write_text("year,group_id,schools\n", encoding="utf-8")
    site = read_site(tmp_path)
    assert site["support_counts"]["schools"].sum() == 0 and site["support_counts"].schema["item"] == pl.String
    assert site["published_flags"].schema["schools"] == tables.CONTRACT["published_flags"].types["schools"]
