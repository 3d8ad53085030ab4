"""What a school's name says, however it is written: its kind, its number, the words that are its own.

Names serve only where codes fail, and only a name that says the same joins: «СОШ № 3» and «СОШ № 33» are
nearly the same letters and two schools.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_LATIN = "AaBCcEeHKkMOoPpTXxy"
_CYRILLIC = "АаВСсЕеНКкМОоРрТХху"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_QUOTES = str.maketrans(dict.fromkeys("«»„“”\"'’‘`", " "))
_HAS_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LOOK_ALIKES_ONLY = re.compile(f"[{_LATIN}]+")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER_SIGN = re.compile(r"(?:№|(?<!\w)n[oо°º]?\.?|(?<!\w)номер\b)\s*(?=\d)", re.IGNORECASE)
_ENDING = re.compile(
    r"(ого|его|ому|ему|ыми|ими|ский|ской|ская|ское|ских|ый|ий|ой|ая|яя|ое|ее|ом|ем|ах|ях|[аяоеиыуюьй])$"
)

_KINDS = {
    "школа-детский сад": r"(начальная )?школа ?- ?детский сад",
    "интернат": r"(средняя |основная )?(общеобразовательная )?школа ?- ?интернат",
    "вечерняя": r"(открытая )?\(?(сменная|вечерняя)\)?( \(?(сменная|вечерняя)\)?)?( общеобразовательная)? школа|всош|восш|осош|всш",
    "СОШ": r"средняя( общеобразовательная)? школа|сош|сш",
    "ООШ": r"основная( общеобразовательная)? школа|оош|ош",
    "НОШ": r"начальная( общеобразовательная)? школа|нош|нш",
    "гимназия": r"гимназия",
    "лицей": r"лицей",
    "центр образования": r"центр образования|цо",
}
_KIND = re.compile("|".join(f"(?P<k{i}>(?<!\\w)(?:{form})(?!\\w))" for i, form in enumerate(_KINDS.values())))
_FORMS = re.compile(
    r"(?<!\w)(?:(?:муниципальное|краевое государственное|государственное) (?:бюджетное|автономное|казенное) "
    r"(?:общеобразовательное|образовательное|вечернее общеобразовательное) учреждение"
    r"|(?:м|кг|г)(?:б|а|к)?о(?:б)?у|мбоу|мкоу|маоу|кгобу|кгбоу|кгкоу|кгоау|моу)(?!\w)"
)
_ASIDES = re.compile(r"\([^)]*\)|(?<!\w)(?:имени|им\.?) .*")
_EMPTY_WORDS = {"г", "с", "п", "пос", "пгт", "село", "города", "город", "поселка", "поселок", "села", "камчатского",
                "края", "район", "района", "муниципального", "муниципальный", "округа", "округ", "городского",
                "городской", "и", "школа"}  # fmt: skip


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


@cache
def fold(text: str) -> str:
    """Bring a title or a name to the form in which two ways of writing it are equal.

    Lower case, single spaces of any kind, no quotation marks, ё as е, look-alike
    letters Cyrillic, every sign of a number as `№`.
    """
    plain = as_cyrillic(" ".join(text.translate(_QUOTES).replace("\u200b", "").split()))
    plain = plain.lower().replace("ё", "е").replace("–", "-").replace("—", "-")
    return " ".join(_NUMBER_SIGN.sub("№", plain).split())


@dataclass(frozen=True)
class SchoolName:
    """What is left of a school's name when the ways of writing it are taken away.

    `kind` such as `СОШ` (empty if not said), `number` (empty if none), `words`: stems of the
    place and whatever else tells schools apart.
    """

    kind: str
    number: str
    words: frozenset[str]


@cache
def school_name(text: str) -> SchoolName:
    """Take a school's name apart; legal form, people it is named after and remarks in brackets do not count."""
    plain = _ASIDES.sub(" ", fold(text).replace("(сменная)", "сменная").replace("(вечерняя)", "вечерняя"))
    plain = _FORMS.sub(" ", plain)
    kind = ""
    found = _KIND.search(plain)
    if found:
        kind = next(name for i, name in enumerate(_KINDS) if found[f"k{i}"])
        plain = f"{plain[: found.start()]} {plain[found.end() :]}"
    number = re.search(r"№?(\d+)", plain)
    words = (_ENDING.sub("", word) for word in _WORD.findall(plain) if word not in _EMPTY_WORDS)
    return SchoolName(kind, number[1].lstrip("0") if number else "", frozenset(word for word in words if word))


def says_the_same(one: SchoolName, other: SchoolName) -> bool:
    """Whether two names can be one school's: kind and number equal, the words of one all among the other's.

    Without a number the words must be equal: they are all there is.
    """
    if one.kind != other.kind or one.number != other.number:
        return False
    if one.number:
        return one.words <= other.words or other.words <= one.words
    return one.words == other.words
