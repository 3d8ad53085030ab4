"""Counts that pages and slides tell in words: which sentence prints which number, and what it counts.

| number of the edition | printed by | counts |
|---|---|---|
| `summary.schools` | «… школ в отчёте за … годы» (first page, slides) | schools of the last year |
| `summary.below.named`, `above.named`, `unknown` | key figures; «Ниже ожидаемого: …»; «Без вывода — …» | the region's conclusions |
| `summary.within` | key figures: «… без явного отклонения» | the region's conclusions |
| `summary.below.persistent`, `above.persistent` | «…, из них устойчиво — …» | of these the lasting ones |
| `summary.judged`, `firm`, `half` | «условия выполнены у …; у … вывод держится …» | named ones and those that depend on assumptions |
| `summary.without_school`, `without_year` | «вывод меняется у … из … выделенных школ» | of the named ones |
| `summary.gia9_told`, `gia9_same` | «По одним ОГЭ тот же вывод получается у … из …» | of the named ones |
| `summary.federal_low`, `agreement` | «В федеральном списке … года — … школ …» | schools by conclusion and list |
| `monitoring.n`, `actual` | table and captions of page «Эффект», slides | schools and teachers of the programme |
| `support_counts` totals | «Помощь получают … школ» | schools of the programme |
| what somebody typed | any page: `pages` | schools of a territory or of the project by conclusion |

Tables are read by `knowledge`; here is what only sentences tell, and how it hangs together with the tables.
"""

from __future__ import annotations

import polars as pl

from helpers.attack.pages import MEMBERS, OTHERS
from helpers.attack.reading import Besides, Tables
from helpers.attack.unknowns import Unknowns

PROSE, LISTS, PAGE = "число в тексте страниц", "федеральный список и выводы рядом", "предложение страницы"
"""Ways of knowing."""
_DONE = {
    "roadmaps_in_time": (("help", "roadmap", "status"), ("in_time",), ("late", "missing")),
    "with_tutor": (("help", "tutor", "reach"), ("same_group", "reachable", "remote"), ("none",)),
}
"""Indicators of schools by the measure: the item of help of which they are counted, the levels that count and the others."""
_STAGES = {"diagnostics_finished": ("finished", "started"), "teachers_trained": ("trained", "advised")}
"""Indicators of teachers: the stage that counts, and of which stage."""
_EXACT_BELOW, _TENS = 50, 5
"""From so many on `n` is told in tens."""
_HALF = 0.005
"""An indicator is told to a hundredth."""


def write_down(known: Unknowns, site: Tables, besides: Besides, schools: int) -> None:
    """Add what sentences tell to what tables tell.

    Parameters
    ----------
    schools : int
        Rows of table `agreement` are empty where a number of schools is below it: a rule that readers know.
    """
    summary = dict(site["summary"].iter_rows()) if "summary" in site else {}
    _summed(known, summary)
    if "agreement" in site:
        _lists(known, site["agreement"], summary, schools)
    if "monitoring" in site:
        _indicators(known, site, besides)
    for row in site["pages"].iter_rows(named=True) if "pages" in site else ():
        place = (row["who"],) if row["who"] in (MEMBERS, OTHERS) else ("flags", row["who"])
        known.know({(*place, row["direction"]): 1.0}, row["schools"], row["schools"], f"{PAGE} {row['page']}")


def _summed(known: Unknowns, summary: dict[str, float]) -> None:
    below, above, without = (("flags", "all", direction) for direction in ("below", "above", "unknown"))
    within, dependent, half = ("flags", "all", "within"), ("dependent",), ("half",)
    named = {below: 1.0, above: 1.0}
    counts = {
        "schools": named | {within: 1.0, without: 1.0}, "unknown": {without: 1.0}, "within": {within: 1.0},
        "below.named": {below: 1.0}, "above.named": {above: 1.0}, "firm": named, "judged": named | {dependent: 1.0},
        "half": {half: 1.0}, "below.persistent": {("persistent", "below"): 1.0},
        "above.persistent": {("persistent", "above"): 1.0},
        **{name: {("of the named", name): 1.0} for name in ("without_school", "without_year", "gia9_told", "gia9_same")},
    }  # fmt: skip
    for name, form in counts.items():
        if summary.get(name) is not None:
            known.know(form, summary[name], summary[name], PROSE)
    for form, whole in (
        ({dependent: 1.0}, {without: 1.0}), ({half: 1.0}, {dependent: 1.0}),
        ({("persistent", "below"): 1.0}, {below: 1.0}), ({("persistent", "above"): 1.0}, {above: 1.0}),
        *(({("of the named", name): 1.0}, named) for name in ("without_school", "without_year", "gia9_told")),
        ({("of the named", "gia9_same"): 1.0}, {("of the named", "gia9_told"): 1.0}),
    ):  # fmt: skip
        known.know(form | dict.fromkeys(whole, -1.0), None, 0, PROSE)


def _lists(known: Unknowns, agreement: pl.DataFrame, summary: dict[str, float], schools: int) -> None:
    """Schools by conclusion and federal list: those of which both judge, and the rest of the list without a conclusion."""
    listed = {("listed", direction): 1.0 for direction in (*agreement["direction"], "unknown")}
    if summary.get("federal_low") is not None:
        known.know(listed, None, summary["federal_low"], LISTS)
        if not agreement["on_list"].null_count():
            known.know(listed, summary["federal_low"], None, LISTS)
    known.know({("listed", "unknown"): 1.0, ("flags", "all", "unknown"): -1.0}, None, 0, LISTS)
    for row in agreement.iter_rows(named=True):
        on, off = ("listed", row["direction"]), ("unlisted", row["direction"])
        known.know({on: 1.0}, row["on_list"], row["on_list"], LISTS)
        known.know({off: 1.0}, row["not_on_list"], row["not_on_list"], LISTS)
        known.know({on: 1.0, off: 1.0, ("flags", "all", row["direction"]): -1.0}, None, 0, LISTS)
    empty = agreement.filter(pl.col("on_list").is_null())
    few = [("few", direction, side) for direction in empty["direction"] for side in ("listed", "unlisted")]
    if few and summary:  # one row at least is empty for its own sake
        known.know(dict.fromkeys(few, 1.0), 1, None, LISTS)
        for name in few:
            known.know({name: 1.0}, 0, 1, LISTS)
            known.know(
                {(name[2], name[1]): 1.0, name: summary["schools"]}, None, summary["schools"] + schools - 1, LISTS
            )


def _indicators(known: Unknowns, site: Tables, besides: Besides) -> None:
    """What the project has done itself: a share to a hundredth of so many schools or teachers, who are counted elsewhere too."""
    for row in site["monitoring"].drop_nulls(["n", "actual"]).iter_rows(named=True):
        measure, year = besides.measures.get(row["indicator"], row["indicator"]), str(row["year"])
        table = "support_counts" if measure in _DONE else "published_funnel"
        at = besides.editions("monitoring", indicator=row["indicator"], year=year)
        if measure not in (*_DONE, *_STAGES) or table not in site or not at & besides.editions(table, year=year):
            continue
        done, of = ("done", measure, year), ("of", measure, year)
        spread = _TENS if row["n"] >= _EXACT_BELOW else 0
        known.know({of: 1.0}, row["n"] - spread, row["n"] + spread, PROSE)
        known.know({done: 1.0, of: -(row["actual"] - _HALF)}, 0, None, PROSE)
        known.know({done: 1.0, of: -(row["actual"] + _HALF)}, None, 0, PROSE)
        if measure in _STAGES:
            part, whole = (("funnel", year, stage, "all") for stage in _STAGES[measure])
            pairs = [({done: 1.0}, [part]), ({of: 1.0}, [whole])]
        else:
            (name, topic, item), counted, others = _DONE[measure]
            has, lacks = ([(name, topic, year, item, level) for level in levels] for levels in (counted, others))
            pairs = [({done: 1.0}, has), ({of: 1.0, done: -1.0}, lacks)]
        for form, names in pairs:
            told = [name for name in names if name in known.places]  # a level that stands nowhere has no school
            known.know(form | dict.fromkeys(told, -1.0), None, 0, PROSE)
