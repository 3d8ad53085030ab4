"""Labels of an assessment's tasks, however a report writes them: 1К1, 3, 4.1."""

from __future__ import annotations

import re

from helpers.intake.names import fold

_NUMBER = r"[1-9]\d?"
_SUB = rf"(?:[.,]{_NUMBER}|\({_NUMBER}\))?"
_LABEL = re.compile(rf"№?({_NUMBER})({_SUB}(?:[кk]{_NUMBER}{_SUB})?)\.?", re.ASCII)
_WITH_MAXIMUM = re.compile(r"(.+)\((\d{1,2}) ?(?:б|балл|балла|баллов)?\.?\)", re.ASCII)
_PART = re.compile(r"([кk.,(])(\d+)\)?")


def task_label(text: str) -> str | None:
    """Bring a task's label to the form in which two ways of writing it are equal.

    The criterion's letter is the Cyrillic capital К, a part of a task is set off by a dot: `1K1` in Latin letters is
    `1К1`, `4(1)` and `4,1` are `4.1`.

    Returns
    -------
    str or None
        None where the text is no label of a task: a date that Excel has made of one, a word, a number of three digits.
    """
    match = _LABEL.fullmatch(fold(text).replace(" ", ""))
    if not match:
        return None
    return match[1] + "".join(f"{'К' if sign in 'кk' else '.'}{number}" for sign, number in _PART.findall(match[2]))


def label_and_maximum(title: str) -> tuple[str, int] | None:
    """A task's label and the most points it can bring, from the title of its column: `4К1 (3б)`; None where it is none."""
    match = _WITH_MAXIMUM.fullmatch(fold(title))
    label = task_label(match[1]) if match else None
    return (label, int(match[2])) if match and label and int(match[2]) else None
