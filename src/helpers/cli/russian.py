"""The command's own words in Russian: headings of its help, kinds of values, what is wrong with how it was called."""

from __future__ import annotations

import difflib
import re
from typing import Any

from typer.core import TyperGroup
from typer.exceptions import TyperException

_HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "Что указать",
    "OPTIONS_PANEL_TITLE": "Ключи",
    "COMMANDS_PANEL_TITLE": "Команды",
    "ERRORS_PANEL_TITLE": "Ошибка",
    "REQUIRED_LONG_STRING": "[обязательно]",
    "DEFAULT_STRING": "[без ключа: {}]",
    "RICH_HELP": "Подсказка: [blue]{command_path} {help_option}[/]",
}
_KINDS = {"bool": "", "str": "текст", "int": "целое число", "float": "число", "Path": "путь"}
_HELP = "Показать эту подсказку."
_EXTRA = "Got unexpected extra argument(s) ("
_KEYS = "[КЛЮЧИ]"
_ENGLISH, _USAGE = "Usage: ", "Вызов: "


class Group(TyperGroup):
    """Verbs whose help and faults of use are told in Russian."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.subcommand_metavar = "КОМАНДА …"

    def make_context(self, *given: Any, **named: Any) -> Any:
        _translate(self)
        return super().make_context(*given, **named)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _translate(command)
        return command


def _translate(command: Any) -> None:
    """Tell a verb's help in Russian; twice is as once."""
    if command.options_metavar == _KEYS:
        return
    command.options_metavar = _KEYS
    context = command.context_class(command)
    usage, show = command.get_usage, command.format_help

    def shown(ctx: Any, formatter: Any) -> None:
        from typer import rich_utils  # late: it costs as much as all the rest of a command's start

        for name, said in _HEADINGS.items():
            setattr(rich_utils, name, said)
        show(ctx, formatter)

    command.get_usage = lambda ctx: usage(ctx).replace(_ENGLISH, _USAGE, 1)
    command.format_help = shown
    for param in command.get_params(context):
        if "--help" in param.opts:
            param.help = _HELP
        if param.param_type_name == "argument":
            param.display_type_rich = lambda ctx: None
        elif param.metavar is None and not param.type_descriptor.is_choice:
            kind = _KINDS.get(param.bare_type(), param.bare_type())
            param.metavar = kind and f"<{kind}>"


def fault(error: TyperException) -> str:
    """What is wrong with how the command was called, and where its help is; nothing where its help was the answer."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "report"
    return f"{_said(error)}\nПодсказка: {path} --help"


def _said(error: Any) -> str:
    if re.match("[а-яё]", error.message):  # a verb's own words
        return f"{error.message}."
    kind, param = type(error).__name__, getattr(error, "param", None)
    name = param.get_error_hint().strip("'") if param is not None else getattr(error, "option_name", "")
    if kind == "NoSuchOption":
        near = f"; есть похожие: {', '.join(sorted(error.possibilities))}" if error.possibilities else ""
        return f"Ключа {name} нет{near}."
    if kind == "MissingParameter":
        return f"Не указано обязательное: {name}."
    if kind == "BadOptionUsage":
        return f"Ключ {name}: нужно значение." if "requires" in error.message else f"Ключ {name} пишется без значения."
    if kind == "BadParameter" and param is not None:
        return f"{name}: {_expected(error, param)}."
    if error.message.startswith(_EXTRA):
        return f"Лишнее в команде: {error.message[len(_EXTRA) : -1]}. Имя с пробелами пишите в кавычках."
    if error.message.startswith("No such command"):
        asked = error.message.split("'")[1]
        near = difflib.get_close_matches(asked, context.command.commands) if (context := error.ctx) else []
        return f"Команды «{asked}» нет{'; есть похожие: ' + ', '.join(near) if near else ''}."
    return error.message


def _expected(error: Any, param: Any) -> str:
    choices = param.type_descriptor.choices
    if choices:
        return f"ожидалось одно из: {', '.join(str(getattr(choice, 'value', choice)) for choice in choices)}"
    least, most = getattr(param, "min", None), getattr(param, "max", None)
    ends = [f"от {least}" if least is not None else "", f"до {most}" if most is not None else ""]
    kind = _KINDS.get(param.bare_type(), error.message)
    return " ".join(word for word in ("ожидалось", kind, *ends) if word)
