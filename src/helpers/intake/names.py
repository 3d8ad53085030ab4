"""What a school's name says, however it is written: its kind, its number, the words that are its own.

Names serve only where codes fail, and only a name that says the same joins: «СОШ № 3» and «СОШ № 33» are
nearly the same letters and two schools.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_LATIN = "AaBCcEeHKkMOoPpTXxYy"
_CYRILLIC = "АаВСсЕеНКкМОоРрТХхУу"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(f"{_CYRILLIC}ѕЅһҺԁԀ", f"{_LATIN}sShHdD")
_QUOTES = str.maketrans(dict.fromkeys("«»„“”‟‚‘’‛‹›\"'`″′", " "))
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_NOT_SEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_UNSEEN = str.maketrans(dict.fromkeys(_NOT_SEEN))
_HAS_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LOOK_ALIKES_ONLY = re.compile(f"[{_LATIN}]+")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER_SIGN = re.compile(r"(?:№|(?<!\w)n[oо°º]?\.?|(?<!\w)номер\b)\s*(?=\d)", re.IGNORECASE)
_ENDING = re.compile(
    r"(ского|скому|ским|ском|ский|ской|ская|ское|ские|ских|ого|его|ому|ему|ыми|ими|ый|ий|ой|ая|яя|ое|ее|ые|ие|ых|их"
    r"|ом|ем|ах|ях|[аяоеиыуюьй])$"
)


def _words(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{form})(?!\w)")


_SCHOOL = r"(?: общеобразовательная)? школа"
_KINDS = {
    "СОШ": _words(rf"(?:общеобразовательная )?средняя{_SCHOOL}|сош|сш"),
    "ООШ": _words(rf"основная{_SCHOOL}|оош|ош"),
    "НОШ": _words(rf"начальная{_SCHOOL}|нош|нш"),
    "гимназия": _words(r"гимнази[яи]"),
    "лицей": _words(r"лице[йя]"),
    "кадетская": _words(r"кадетск(?:ая|ой) школ[аы]|кадетск(?:ий|ого) корпуса?"),
    "центр образования": _words(r"центра? образования|цо"),
    "школа": _words(r"(?:общеобразовательная )?школ[аы]"),
}
"""What a school is by its level, the first that is said."""
_LEVELS = ("СОШ", "ООШ", "НОШ", "школа")
_MARKS = {
    "не школа": _words(
        r"дюсш|(?:м[бак]?)?у ?дод?|(?:спортивн|музыкальн|художественн)[а-я]+ школ[аы]|школ[аы] искусств|дом творчества"
    ),
    "детский сад": _words(r"детск(?:ий|ого) сада?|дс|[а-я]{0,3}доу"),
    "вечерняя": _words(r"вечерн(?:яя|ей|ее|его)|(?:открытая )?сменн(?:ая|ой|ое|ого)|всош|восш|осош|всш|вш"),
    "коррекционная": _words(r"(?:специальн[а-я]+ )?\(?коррекционн[а-я]+\)?"),
    "интернат": _words(r"интернат[а-я]*"),
}
"""What tells a school from another with the same number, wherever it is said."""
_BRANCH = _words(r"филиал[а-я]*|(?:структурн|обособленн)[а-я]+ подразделени[ея]")
_FORMS = _words(
    r"(?:(?:муниципальн|краев|областн|государственн|федеральн|бюджетн|автономн|казенн|общеобразовательн|образовательн"
    r"|вечерн|сменн|частн|негосударственн|некоммерческ)[а-я]{2,3} )+учреждени[ея]"
    r"|(?:кг|ог|фг|м|г|ч|н)[бак]?в?с?к?о[бак]?у"
)
_SPLIT_FORM = re.compile(r"(?<=[а-я])\(([ск])\)(?=[а-я])|\(((?:сменн|вечерн)[а-я]+)\)")
_DISTRICT = r"([а-я-]+(?:ого|ий)) (?:(?:муниципальн|городск)[а-я]+ )?(?:район|округ)а?"
_REGION = r"[а-я-]+ (?:края|области|республики)"
_IN_DISTRICT, _IN_REGION = _words(_DISTRICT), _words(_REGION)
_PLACE = r"(?:г|с|п|пос|пгт|д|х|ст)(?:\.\s?|\s)(?=[а-я]{2})|(?:города|села|поселка|деревни|станицы|хутора)\s"
_HAS_PLACE = re.compile(rf"(?<!\w)(?:{_PLACE})|филиал|подразделени")
_REMARK = re.compile(r"\(([^)]*)\)")
_NAMED = re.compile(r"(?<!\w)(?:имени(?!\w)|им\.|им(?= )) ?(.*)")
_INITIALS = re.compile(r"(?<!\w)[а-я]\. ?[а-я]\. ?")
_AFTER_PERSON = re.compile(rf"№| (?:{_PLACE})| {_DISTRICT}| {_REGION}|$")
_PROFILE = re.compile(rf"(?<!\w)с углубленным изучением .*?(?={_AFTER_PERSON.pattern})")
_NUMBER = re.compile(r"№(\d+(?:-?[абв](?!\w))?)")
_BARE_NUMBER = re.compile(r"(?<!\d)(\d+(?:-?[абв](?!\w))?)(?!\d|-?(?:лет|го|й|ый)(?!\w))")
_NAME_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_EMPTY_WORDS = {"г", "с", "п", "д", "х", "ст", "пос", "пгт", "рп", "село", "села", "селе", "город", "города", "городе",
                "поселок", "поселка", "поселке", "деревня", "деревни", "станица", "станицы", "хутор", "хутора", "край",
                "края", "район", "района", "муниципального", "муниципальный", "округа", "округ", "городского",
                "городской", "и", "в", "на", "при", "общеобразовательная", "открытая"}  # fmt: skip


def as_cyrillic(text: str) -> str:
    """Turn Latin letters that look like Cyrillic ones into these, in words that stand among Cyrillic.

    A word of look-alikes alone («COШ» typed half in Latin, «CШ») is turned only if the rest of the text is Russian.
    """
    russian = bool(_HAS_CYRILLIC.search(text))

    def turned(match: re.Match[str]) -> str:
        word = match[0]
        mixed = bool(_HAS_CYRILLIC.search(word))
        return word.translate(_TO_CYRILLIC) if mixed or (russian and _LOOK_ALIKES_ONLY.fullmatch(word)) else word

    return _WORD.sub(turned, text)


def as_latin(code: str) -> str:
    """Turn Cyrillic letters in a Latin code into the Latin ones they look like: `sсh410123`."""
    return code.translate(_TO_LATIN)


def wording(phrase: str) -> re.Pattern[str]:
    """A pattern that finds a phrase in a long text as `fold` would, without folding the text."""
    letters = (r"\s+" if letter == " " else f"[{letter}{as_latin(letter)}]" for letter in phrase)
    return re.compile(f"[{_NOT_SEEN}]*".join(letters), re.IGNORECASE)


@cache
def fold(text: str) -> str:
    """Bring a title or a name to the form in which two ways of writing it are equal.

    Lower case, single spaces of any kind, no quotation marks and no signs that are not seen,
    one kind of dash, ё as е, look-alike letters Cyrillic, every sign of a number as `№`.
    """
    composed = unicodedata.normalize("NFC", text.translate(_QUOTES).translate(_UNSEEN))
    letters = "".join(letter for letter in composed if not unicodedata.combining(letter))
    plain = as_cyrillic(" ".join(letters.split())).lower().replace("ё", "е").translate(_DASHES)
    return " ".join(_NUMBER_SIGN.sub("№", plain).split())


@dataclass(frozen=True)
class SchoolName:
    """What is left of a school's name when the ways of writing it are taken away.

    `kind` such as `СОШ` or `вечерняя` (empty if not said), `number` (empty if none), `words`: stems of the
    place and whatever else tells schools apart, `person`: of whom it is named after, `district`: of the
    municipality if the name says it, `branch`: whether it is a part of another school.
    """

    kind: str
    number: str
    words: frozenset[str]
    person: frozenset[str] = frozenset()
    district: frozenset[str] = frozenset()
    branch: bool = False


@cache
def school_name(text: str) -> SchoolName:
    """Take a school's name apart; legal form and remarks in brackets do not count."""
    plain = _SPLIT_FORM.sub(r"\1\2", fold(text)).replace("ншдс", "нш дс")
    plain = re.sub(r"(?<=[а-я])(?=\d)", " ", plain)
    plain, person = _without_person(plain)
    plain = _REMARK.sub(lambda remark: f" {remark[1]} " if _HAS_PLACE.search(remark[1]) else remark[0], plain)
    branch = bool(_BRANCH.search(plain))
    marks = [mark for mark, pattern in _MARKS.items() if pattern.search(plain)]
    for pattern in (_FORMS, _BRANCH, *(_MARKS[mark] for mark in marks if mark != "не школа"), _REMARK, _PROFILE):
        plain = " ".join(pattern.sub(" ", plain).split())
    found = [(match.start(), level) for level, pattern in _KINDS.items() if (match := pattern.search(plain))]
    for pattern in (*_KINDS.values(), _IN_REGION):
        plain = pattern.sub(" ", plain)
    number = _NUMBER.search(plain) or _BARE_NUMBER.search(plain)
    district = _stems(" ".join(_IN_DISTRICT.findall(plain)))
    words = _stems(_IN_DISTRICT.sub(" ", plain))
    return SchoolName(
        kind=_kind(min(found)[1] if found else "", marks),
        number=number[1].replace("-", "").lstrip("0") if number else "",
        words=words or (frozenset() if number else district),
        person=person,
        district=district,
        branch=branch,
    )


def _kind(level: str, marks: list[str]) -> str:
    """Level and marks in one word; an evening or a boarding school is one whatever level is said."""
    if "не школа" in marks:
        return "не школа"
    if "детский сад" in marks and level == "школа":
        level = "НОШ"
    plain = level in _LEVELS and bool(marks) and "детский сад" not in marks
    return " ".join([*marks, *([] if plain or not level else [level])])


def _without_person(plain: str) -> tuple[str, frozenset[str]]:
    """The name without «имени …», and stems of who that is."""
    named = _NAMED.search(plain)
    if not named:
        return plain, frozenset()
    rest = _INITIALS.sub("", named[1])
    end = _AFTER_PERSON.search(rest)
    at = end.start() if end else len(rest)
    who = frozenset(word for word in _stems(rest[:at]) if len(word) > 1)
    return f"{plain[: named.start()]} {rest[at:]}", who


def _stems(plain: str) -> frozenset[str]:
    words = (word for word in _NAME_WORD.findall(plain) if word not in _EMPTY_WORDS)
    stems = ("-".join(_ENDING.sub("", part) for part in word.split("-")).strip("-") for word in words)
    return frozenset(stem for stem in stems if stem)


def says_the_same(one: SchoolName, other: SchoolName) -> bool:
    """Whether two names can be one school's: kind and number equal, the words of one all among the other's.

    Without a number or a kind the words must be equal: they are all there is. Whom it is named after
    and the municipality may be left out, but two may not differ; a branch is not the school it belongs to.
    """
    if (one.kind, one.number, one.branch) != (other.kind, other.number, other.branch):
        return False
    for said, also in ((one.person, other.person), (one.district, other.district)):
        if said and also and not _within(said, also):
            return False
    if one.number and one.kind:
        return _within(one.words, other.words)
    return one.words == other.words and bool(one.words or one.number or (one.person and other.person))


def _within(one: frozenset[str], other: frozenset[str]) -> bool:
    return one <= other or other <= one
