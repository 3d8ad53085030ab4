"""The report of a new year from the last one's: params moved on by a year, a folder with the earlier years' files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from helpers import files
from helpers.intake.region import KINDS, OUTLIVE_A_YEAR
from helpers.problems import BadInput, MissingTool, Problem, quoted
from helpers.publish.checklist import FILE as CHECKLIST
from helpers.publish.checklist import checklist
from helpers.publish.publication import concluded
from helpers.report import CONCLUSIONS, LEDGER, METHOD, Report, open_report, report_names
from helpers.support import keep

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOT_CARRIED = {
    "open_data": "открыты ли все данные нового года, решают заново; без этого ключа открытая редакция скрывает школы",
    "year_notes": "примечания к годам перечитайте в прежнем отчёте и впишите те, что верны и в новом",
}
"""Keys of the params that a new report does not take over, and why."""
_OF_ONE_LETTER = {"day": "null", "number": '""'}
"""What of `letter` is of one letter alone, and how it is left blank."""


def start_report(named: str, model: str) -> tuple[Path, Path]:
    """Make the params and the folder of a new year's report; nothing that is there already is touched.

    Parameters
    ----------
    named : str
        The new report's name, or its year alone.
    model : str
        Name of the report in params/ that it goes on from.

    Returns
    -------
    tuple of Path
        The new params file and the new folder of raw files.

    Raises
    ------
    BadInput
        The name has no later year, the model is not in params/ or has no files, or the new file or folder is there.
    """
    old = _in_params(model)
    name = new_name(named, old.name)
    year = later_year(name, old)
    params, raw = old.params_file.with_name(f"{name}.yml"), old.raw.with_name(name)
    beside = raw.with_name(name + files.NEW)
    folder, ready = beside / name, beside / params.name
    if ready.is_file() and not folder.exists() and not params.exists():  # stopped between the two renamings below
        files.replace(ready, params)
        files.remove_folder(beside)
        return params, raw
    _refuse_to_overwrite(params, raw)
    text = moved_on(old.params_file.read_text(encoding="utf-8-sig"), old.params.years[-1], year)
    text = archived(text, old.name, old.params.title)
    files.remove_folder(beside)
    try:
        files.make_folder(folder)
        if old.params.data.region_files:
            _fill(folder, old, year)
        _hand_on_ledger(folder, old)
        _hand_on_conclusions(folder, old)
        files.write(ready, text)
        files.remove_folder(raw)  # empty: Windows renames nothing onto it
        files.rename(folder, raw)
        try:
            files.replace(ready, params)
        except MissingTool:
            files.rename(raw, folder)
            raise
    finally:
        files.remove_folder(beside)
    return params, raw


def new_name(named: str, old: str) -> str:
    """The new report's name: as given or, of a bare year, the old name with its year replaced."""
    if not _YEAR.fullmatch(named):
        return named
    years = list(_YEAR.finditer(old))
    if not years:
        raise BadInput(Problem(f"отчёт {quoted(old)}", "в имени нет года", "имя с годом, в котором год можно заменить",
                               f"назовите новый отчёт целиком, например report new {old}-{named} --from {old}"))  # fmt: skip
    return old[: years[-1].start()] + named + old[years[-1].end() :]


def later_year(name: str, old: Report) -> int:
    """The year that a new report's name tells; refuse a name that is none or has no later year than the old report."""
    years = [int(year) for year in _YEAR.findall(name)]
    last = old.params.years[-1]
    if not _NAME.fullmatch(name) or not years or years[-1] <= last:
        raise BadInput(Problem(f"отчёт {quoted(name)}", "такое имя новому отчёту не подходит",
                               f"строчные латинские буквы, цифры, дефис и год позже {last}",
                               f"назовите отчёт, например, {_YEAR.sub('', old.name).strip('-')}-{last + 1}"))  # fmt: skip
    return years[-1]


def moved_on(text: str, last: int, year: int) -> str:
    """Text of a params file for the next year; comments and all that is not named here stay as they are.

    Parameters
    ----------
    last, year : int
        The last year of the old report and the year to add.
    """
    keys = {key.value: (key, value) for key, value in yaml.compose(text, yaml.SafeLoader).value}
    title, years = keys["title"][1], keys["years"][1]
    added = f", {year}" if years.flow_style else f"\n{' ' * years.start_mark.column}- {year}"
    edits = [
        (_end(years.value[-1]), _end(years.value[-1]), added),
        (start := title.start_mark.index, _end(title), text[start : _end(title)].replace(str(last), str(year))),
    ]
    asked = keys["questions"][1] if "questions" in keys else None
    for key, value in asked.value if isinstance(asked, yaml.MappingNode) else []:
        if key.value == "deadline":
            edits.append((value.start_mark.index, _end(value), _years_later(value.value, year - last)))
    written = keys["letter"][1] if "letter" in keys else None
    for key, value in written.value if isinstance(written, yaml.MappingNode) else []:
        if key.value in _OF_ONE_LETTER and value.value:
            edits.append((value.start_mark.index, _end(value), _OF_ONE_LETTER[key.value]))
    for name, why in _NOT_CARRIED.items():
        if name in keys:
            key, value = keys[name]
            edits.append((key.start_mark.index, _end(value), f"# {name} не перенесено: {why}"))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _years_later(day: str, years: int) -> str:
    """The same day so many years on; what is no day stays."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        return day
    return f"{int(day[:4]) + years}{day[4:].replace('-02-29', '-02-28')}"


def archived(text: str, name: str, title: str) -> str:
    """Text of a params file with the report `name` the first of its `earlier` ones."""
    keys = {key.value: value for key, value in yaml.compose(text, yaml.SafeLoader).value}
    note = "впишите, что с тех пор изменилось в данных и методе и сравнимы ли числа"
    listed = keys.get("earlier")
    if listed is not None and listed.flow_style:
        inside, item = listed.start_mark.index + 1, {"report": name, "title": title, "note": note}
        comma = ", " if listed.value else ""
        return f"{text[:inside]}{json.dumps(item, ensure_ascii=False)}{comma}{text[inside:]}"
    if listed is None:
        return f"{text.rstrip()}\n\nearlier:\n{_item(name, title, note, 2)}"
    first = listed.value[0].start_mark
    start = text.rindex("-", 0, first.index)
    indent = start - text.rindex("\n", 0, start) - 1
    return text[: start - indent] + _item(name, title, note, indent) + text[start - indent :]


def _item(name: str, title: str, note: str, indent: int) -> str:
    pairs = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in
             (("report", name), ("title", title), ("note", note))]  # fmt: skip
    return " " * indent + "- " + f"\n{' ' * (indent + 2)}".join(pairs) + "\n"


def _end(node: yaml.Node) -> int:
    """Where a value's last character stands; what YAML calls the end of a block lies behind the comments after it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return node.end_mark.index
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _in_params(model: str) -> Report:
    old = open_report(model)
    if old.params_file.parent != METHOD.parent:
        raise BadInput(Problem(old.params_file.name, "файл параметров не из папки params",
                               f"имя отчёта из папки params: {', '.join(report_names())}",
                               "отчёт вне проекта продолжайте сами: скопируйте его файл параметров и папку"))  # fmt: skip
    if old.params.data.region_files and not old.raw.is_dir():
        raise BadInput(Problem(f"папка data/raw/{old.name}", "такой папки нет", f"папка с файлами отчёта {old.name}",
                               "верните папку: новый отчёт продолжает её файлы"))  # fmt: skip
    return old


def _refuse_to_overwrite(params: Path, raw: Path) -> None:
    for path, taken in ((params, params.exists()), (raw, raw.is_file() or (raw.is_dir() and any(raw.iterdir())))):
        if taken:
            raise BadInput(Problem(f"{path.parent.name}/{path.name}", "уже есть, а существующее не переписывается",
                                   "свободное имя", "выберите другое имя или сами уберите прежнее"))  # fmt: skip


def _fill(folder: Path, old: Report, year: int) -> None:
    """Copy the old report's files, make the new year's folders and the checklist."""
    for path in old.raw_files:
        files.copy(path, folder / old.raw_name(path))
    for kind in KINDS.keys() - OUTLIVE_A_YEAR:
        files.make_folder(folder / str(year) / kind)
    files.write(folder / CHECKLIST, checklist(folder.name, year, old))


def _hand_on_ledger(folder: Path, old: Report) -> None:
    """Copy what the old report and those before it have published: the new edition is held against it."""
    if old.ledger.is_dir():
        files.copy_folder(old.ledger, folder / LEDGER)


def _hand_on_conclusions(folder: Path, old: Report) -> None:
    """Copy what the old report and those before it have concluded on schools; of one never published, what was built last."""
    if old.conclusions.is_dir():
        files.copy_folder(old.conclusions, folder / CONCLUSIONS)
    if not (old.conclusions / old.name).is_dir() and (old.tables("internal") / "flags.parquet").is_file():
        keep(folder / CONCLUSIONS, concluded(old))
