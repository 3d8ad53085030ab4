"""Which school of the registry a row speaks of: by codes, then by a name that says the same, never by likeness.

The registry changes slowly: a row for each period in which a school's codes, name and kind stayed the same.
Order of trust: ИНН with КПП, login of ФИС ОКО, code of РЦОИ, then a name the analyst has confirmed, then name
and number within the municipality. A likeness only proposes a line for the analyst to confirm.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

import polars as pl
from rapidfuzz import fuzz, process

from helpers.intake.names import SchoolName, as_latin, fold, says_the_same, school_name

_LIKENESS = 80
"""From which likeness (0–100) a school is proposed to the analyst."""
_KINDS_OF_MUNICIPALITY = {"муниципальный", "муниципального", "район", "района", "округ", "округа", "городской", "городского",
                          "поселок", "поселка", "пгт", "пгт.", "г", "г.", "город", "города", "р-н", "р-на", "мр", "мо",
                          "го"}  # fmt: skip
CODES = ("inn", "kpp", "login", "rcoi_code")
"""Systems of codes that a school may have one of."""
_PROPOSED = 3
"""How many schools are proposed."""


@dataclass(frozen=True)
class Keys:
    """What a raw row says of the school it speaks of; empty where it says nothing."""

    inn: str = ""
    kpp: str = ""
    login: str = ""
    rcoi_code: str = ""
    name: str = ""
    municipality: str = ""


@dataclass(frozen=True)
class Match:
    """The school a row speaks of, how it was found, or what it resembles.

    `by`: `inn`, `login`, `rcoi_code`, `learned`, `confirmed`, `name`, or empty when nothing joins. `differs`: the
    school that the row's name says, where its code says another. `proposed`: ids of schools with a like name.
    """

    school_id: str | None
    by: str = ""
    differs: str = ""
    proposed: tuple[str, ...] = ()


@cache
def plain_code(text: str) -> str:
    """A code without what spreadsheets do to it: spaces, a trailing `.0`, lost leading zeros, Cyrillic look-alikes."""
    code = as_latin(re.sub(r"[\s'\u200b\ufeff]", "", text)).lower()
    return re.sub(r"(?<=\d)[.,]0+$", "", code).lstrip("0")


class Registry:
    """The schools of the region as the registry has them, and a way to find one.

    Parameters
    ----------
    rows : DataFrame
        Table `registry`: school_id, from_date, to_date, codes, names, municipality, …; one row a period.
    confirmed : mapping
        (folded name, folded municipality) to school_id, as the analyst has confirmed.

    `learned`: logins that the registry lacks and other rows bear beside a school's name or code, to its school_id; they
    join rows that say nothing else.
    """

    def __init__(self, rows: pl.DataFrame, confirmed: Mapping[tuple[str, str], str] | None = None) -> None:
        self.rows = rows
        self.learned: Mapping[str, str] = {}
        self._municipalities: dict[str, str] = {}
        self._alive: dict[date, set[str]] = {}
        self.confirmed = {
            (name, fold(self.municipality(place) or place)): school_id
            for (name, place), school_id in (confirmed or {}).items()
        }
        self._found: dict[Keys, Match] = {}

    def at(self, day: date) -> pl.DataFrame:
        """The rows in force on a day: one a school."""
        return self.rows.filter(pl.col("from_date") <= day, pl.col("to_date").is_null() | (pl.col("to_date") >= day))

    def alive(self, day: date) -> set[str]:
        """Ids of the schools that exist on a day."""
        if day not in self._alive:
            self._alive[day] = set(self.at(day)["school_id"])
        return self._alive[day]

    @cached_property
    def municipalities(self) -> dict[str, str]:
        """Municipalities by their folded names."""
        return {fold(name): name for name in self.rows["municipality"].drop_nulls().unique().sort()}

    def municipality(self, text: str) -> str:
        """The registry's name of a municipality; empty if it is none of them. A short form such as «Елизовский» will do."""
        if text not in self._municipalities:
            self._municipalities[text] = self._municipality(text)
        return self._municipalities[text]

    def _municipality(self, text: str) -> str:
        wanted = fold(text)
        if not wanted or wanted in self.municipalities:
            return self.municipalities.get(wanted, "")
        bare = _bare(wanted)
        found = [name for folded, name in self.municipalities.items() if bare and _bare(folded) == bare]
        return found[0] if len(found) == 1 else ""

    def find(self, keys: Keys) -> Match:
        """Find the school; codes first, then names."""
        if keys not in self._found:
            self._found[keys] = self._find(keys)
        return self._found[keys]

    def _find(self, keys: Keys) -> Match:
        by_name = self._by_name(keys)
        codes = [(by, ids) for by, ids in self._by_codes(keys) if ids]
        for by, ids in codes:
            if len(ids) == 1:
                school_id = next(iter(ids))
                said = [by_name.school_id, *(next(iter(other)) for _, other in codes if len(other) == 1)]
                said += [min(other) for _, other in codes if school_id not in other]
                return Match(school_id, by, next((other for other in said if other not in (None, school_id)), ""))
        possible = set().union(*(ids for _, ids in codes))
        if possible and by_name.school_id not in possible:
            return Match(None, proposed=tuple(sorted(possible)))
        if not keys.name and (school_id := self.learned.get(plain_code(keys.login))):
            return Match(school_id, "learned")
        if not by_name.school_id and keys.login:
            return Match(None, proposed=tuple(dict.fromkeys([*self._of_like_login(keys.login), *by_name.proposed])))
        return by_name

    def _of_like_login(self, login: str) -> list[str]:
        """Schools whose login has the same digits: `sch` became `edu` in 2024, but nothing says that the digits stayed."""
        digits = re.sub(r"\D", "", login)
        return sorted({one for code, ids in self._codes["login"].items() for one in ids if code[3:] == digits})

    def knows_code(self, system: str, text: str) -> bool:
        """Whether some school has a code, however it is written."""
        return plain_code(text) in self._codes[system]

    def has_code(self, system: str, text: str) -> bool:
        """Whether a code stands in the registry letter for letter."""
        return text.strip() in self._spelled[system]

    @cached_property
    def _spelled(self) -> dict[str, set[str]]:
        return {system: set(self.codes(system)["code"]) for system in CODES}

    def codes(self, system: str) -> pl.DataFrame:
        """Every code of a system: `school_id`, `code`, and the row's other columns; logins a school has had among them."""
        rows = self.rows.with_columns(code=pl.col(system))
        if system == "login" and "other_logins" in rows.columns:
            others = rows.with_columns(code=pl.col("other_logins").str.split("|")).explode("code")
            rows = pl.concat([rows, others.with_columns(pl.col("code").str.strip_chars())])
        return rows.filter(pl.col("code").str.strip_chars() != "")

    def _by_codes(self, keys: Keys) -> Iterable[tuple[str, set[str]]]:
        if keys.inn:
            branches = self._codes["inn"].get(plain_code(keys.inn), set())
            if len(branches) > 1 and keys.kpp:
                branches = branches & self._codes["kpp"].get(plain_code(keys.kpp), set())
            yield "inn", branches
        if keys.login:
            yield "login", self._codes["login"].get(plain_code(keys.login), set())
        if keys.rcoi_code:
            yield "rcoi_code", self._codes["rcoi_code"].get(plain_code(keys.rcoi_code), set())

    @cached_property
    def _codes(self) -> dict[str, dict[str, set[str]]]:
        found: dict[str, dict[str, set[str]]] = {}
        for system in CODES:
            ids = defaultdict(set)
            for school_id, code in self.codes(system).select("school_id", "code").drop_nulls().iter_rows():
                if plain_code(code):
                    ids[plain_code(code)].add(school_id)
            found[system] = ids
        return found

    @cached_property
    def _names(self) -> list[tuple[str, str, str, SchoolName]]:
        """(school_id, municipality, folded name, what it says) of every name a school has or had."""
        names = {}
        for school_id, municipality, *spellings, aliases in self.rows.select(
            "school_id", "municipality", "name_full", "name_short", "aliases"
        ).iter_rows():
            for name in (*spellings, *(aliases or "").split("|")):
                if name and name.strip():
                    names[school_id, municipality, fold(name)] = school_name(name)
        return [(*key, said) for key, said in sorted(names.items(), key=lambda item: item[0])]

    def _by_name(self, keys: Keys) -> Match:
        if not keys.name:
            return Match(None)
        folded, municipality = fold(keys.name), self.municipality(keys.municipality)
        known = self.confirmed.get((folded, fold(municipality or keys.municipality)))
        if known:
            return Match(known, "confirmed")
        near = [entry for entry in self._names if not municipality or entry[1] == municipality]
        said = school_name(keys.name)
        same = {school_id for school_id, _, _, other in near if says_the_same(said, other)}
        exact = {school_id for school_id, _, name, _ in near if name == folded}
        if exact and (municipality or said.words):
            same = exact
        placed = municipality or not keys.municipality
        if len(same) == 1 and placed:
            return Match(same.pop(), "name")
        if same:
            return Match(None, proposed=tuple(sorted(same)))
        like = process.extract(
            folded, [name for *_, name, _ in near], scorer=fuzz.WRatio, score_cutoff=_LIKENESS, limit=None
        )
        alike = sorted(like, key=lambda one: near[one[2]][3].number != said.number)
        proposed = dict.fromkeys(near[place][0] for _, _, place in alike)
        return Match(None, proposed=tuple(proposed)[:_PROPOSED])

    def name(self, school_id: str) -> str:
        """A school's latest short name."""
        return self._latest_names.get(school_id, school_id)

    def municipality_of(self, school_id: str | None) -> str | None:
        """A school's municipality; None where the school is not known."""
        return self._places.get(school_id) if school_id else None

    @cached_property
    def _latest_names(self) -> dict[str, str]:
        return dict(self.rows.sort("from_date").select("school_id", "name_short").iter_rows())

    @cached_property
    def _places(self) -> dict[str, str]:
        return dict(self.rows.sort("from_date").select("school_id", "municipality").iter_rows())


def _bare(folded: str) -> str:
    """What names a municipality when the words for its kind and its case are taken away."""
    words = (word for word in folded.replace(".", ". ").split() if word not in _KINDS_OF_MUNICIPALITY)
    return " ".join(re.sub(r"(ого|ий)$", "", word) for word in words)
