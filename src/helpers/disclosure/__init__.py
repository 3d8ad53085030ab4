"""What may leave the centre: from internal tables to public ones."""

from __future__ import annotations

import shutil

from helpers import tables
from helpers.problems import BadInput, Problem
from helpers.report import Report


def publish_open(report: Report) -> list[str]:
    """Make the public tables of a report whose data are public already: the same tables.

    Returns
    -------
    list of str
        Names of the files now public.

    Raises
    ------
    BadInput
        The params do not say that the data are open. Suppression for data that are
        not does not exist yet, so nothing is published.
    """
    if not report.params.open_data:
        raise BadInput(
            Problem(
                file=report.params_file.name,
                column="open_data",
                found="пустое место",
                expected="основание, по которому все данные открыты",
                advice="закрытые данные публиковать нельзя: соберите внутреннюю редакцию командой "
                f"report build {report.name} --edition internal",
            )
        )
    private, public = report.tables("internal"), report.tables("public")
    public.mkdir(parents=True, exist_ok=True)
    names = [f"{name}.parquet" for name in tables.of_edition("public")] + [f"{name}.json" for name in tables.NUMBERS]
    for name in names:
        beside = public / f"{name}.new"
        shutil.copyfile(private / name, beside)
        beside.replace(public / name)
    return names
