"""The `report` command.

Exit codes: 0 done; 1 the data, the params or a notebook are not acceptable; 2 wrong
usage; 3 a tool is missing or failed. Heavy libraries are imported by the verbs that
need them: `report list` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import TyperException

from helpers import files
from helpers.cli import accepting, finished, inventing, making, russian, starting
from helpers.cli.console import fail, spoken
from helpers.problems import BadInput, BrokenPage, BuildFailed, MissingTool, NotebookFailed
from helpers.publish import processes

app = typer.Typer(
    cls=russian.Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (starting, accepting, inventing, making, finished):  # in the order in which --help lists the verbs
    app.add_typer(part.verbs)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("school-context-report"))
        raise typer.Exit


@app.callback()
def _every_command(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Номер версии программы.")
    ] = False,
) -> None:
    """Отчёт о результатах школ в социальном контексте."""


def main() -> None:
    """Run the command; say what is wrong in words, not in a traceback."""
    sys.stdout, sys.stderr = spoken(sys.stdout), spoken(sys.stderr)
    processes.end_together()
    try:
        sys.exit(app(standalone_mode=False))
    except TyperException as error:
        fail(error.exit_code, russian.fault(error))
    except typer.Abort:
        fail(1, "Прервано.")
    except (BadInput, NotebookFailed, BrokenPage) as error:
        fail(1, str(error))
    except MissingTool as error:
        fail(3, str(error))
    except BuildFailed as error:
        fail(error.code, str(error))
    except processes.Stopped:
        processes.end_descendants()
        fail(processes.CODE, "Остановлено.")
    except (OSError, MemoryError) as error:
        fail(3, files.in_words(error))
    except ImportError as error:
        fail(3, f"Нет пакета {error.name}: среда старее программы. Обновите её, как в README, и повторите команду.")
    except Exception as error:
        if processes.BUILD not in os.environ:
            raise
        # the build that asked for this work would take an unsaid end for one for want of memory
        fail(1, f"Ошибка в программе: {type(error).__name__}: {error}\n{traceback.format_exc()}")
