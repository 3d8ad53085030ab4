"""A page gets an edition: what an unsuspecting analyst writes into a public page reads public tables or nothing."""

from __future__ import annotations

from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_ledger import report  # noqa: F401 - a fixture

from helpers import tables
from helpers.disclosure import disclose
from helpers.problems import BadInput, NotebookFailed
from helpers.publish.execute import run_page
from helpers.publish.pages import PAGES
from helpers.report import PROJECT, Report, open_edition

GIVEN = 'report = ""\nedition = "public"\nout = ""'
OPEN = (
    "from helpers.report import PROJECT, open_edition\nimport polars as pl\nthis = open_edition(report, edition, out)\n"
)
CARELESS = {
    "the table by name": 'this.read("flags")',
    "the table of the other edition": 'this.read("effect", "internal")',
    "the folder": 'pl.read_parquet(this.tables("internal") / "flags.parquet")',
    "the folder beside": 'pl.read_parquet(this.tables("public").parent / "internal" / "flags.parquet")',
    "the way from the notebook": 'pl.read_parquet(f"../../../data/processed/{this.name}/internal/flags.parquet")',
    "the way from the folder given": 'pl.read_parquet(f"{out}/data/processed/{this.name}/internal/flags.parquet")',
    "a whole report": 'from helpers.report import open_report\nopen_report(report, out).read("flags")',
    "a path typed from memory": 'pl.read_parquet({internal!r} + "/flags.parquet")',
    "a path and a lazy table": 'pl.scan_parquet([{internal!r} + "/*.parquet"]).collect()',
    "a path and pandas": 'import pandas as pd\npd.read_parquet(path={internal!r} + "/flags.parquet")',
    "a path and pyarrow": 'from pyarrow.parquet import read_table\nread_table({internal!r} + "/flags.parquet")',
    "a path and plain Python": 'open({internal!r} + "/flags.parquet", "rb").read()',
    "what lies there": "from pathlib import Path\nlist(Path({internal!r}).iterdir())",
    "a raw file by its path": "pl.read_csv({raw!r})",
    "what an earlier report concluded": 'open({conclusions!r} + "/2020/flags.parquet", "rb").read()',
    "another report's tables": 'pl.read_parquet({others!r} + "/flags.parquet")',
    "a step as it ran": 'open({steps!r} + "/04-flags.ipynb", "rb").read()',
    "the raw files": "sorted(this.raw_files)",
    "a view": "from helpers.show import received\nreceived.protocol(this)",
}


def page(folder: Path, *cells: str) -> Path:
    """A page notebook as an analyst writes it."""
    parameters = new_code_cell(GIVEN)
    parameters.metadata["tags"] = ["parameters"]
    path = folder / "careless.ipynb"
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_markdown_cell("# Школы"), parameters, *map(new_code_cell, cells)]
    nbformat.write(new_notebook(cells=cells, metadata=python), path)
    return path


def test_no_way_that_an_unsuspecting_analyst_takes_leads_to_an_internal_table(report, tmp_path, kernel):  # noqa: F811
    disclose(report)
    assert pl.read_parquet(report.tables("internal") / "flags.parquet").height, "it is there"
    others = report.tables("internal").parents[1] / "another" / "internal"
    steps, kept = report.build / "steps", report.conclusions
    for path in (kept / "2020" / "flags.parquet", others / "flags.parquet", steps / "04-flags.ipynb"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((report.tables("internal") / "flags.parquet").read_bytes())
    named = {"internal": report.tables("internal"), "raw": report.raw_files[0], "conclusions": kept, "others": others}
    places = {name: str(path) for name, path in (named | {"steps": steps}).items()}
    for way, cell in CARELESS.items():
        with pytest.raises((BadInput, NotebookFailed)) as caught:
            run_page(
                page(tmp_path, OPEN + cell.format(**places) if "!r}" in cell else OPEN + cell), report, "public", kernel
            )
        assert not list((report.build / "public" / "pages").glob("*.ipynb")), way
        assert "e1" not in str(caught.value).split("Параметры")[0], way


def test_a_public_page_reads_what_its_edition_shows(report, tmp_path, kernel):  # noqa: F811
    disclose(report)
    assert run_page(page(tmp_path, OPEN + 'this.read("published_flags").height'), report, "public", kernel) == 1
    out = report.build / "public" / "alone"
    found = {path.relative_to(out).as_posix() for path in out.rglob("*.parquet")}
    assert found == {f"data/processed/{report.name}/public/{name}.parquet" for name in tables.seen("protected")}


def test_an_edition_reads_its_own_tables_and_the_internal_one_every(report):  # noqa: F811
    disclose(report)
    public = open_edition(str(report.params_file), "public", str(report.out))
    assert public.read("groups").equals(report.read("groups", "public"))
    for wrong in (lambda: public.read("schools"), lambda: public.raw_files, lambda: public.ledger):
        with pytest.raises(BadInput, match="открытой редакции") as caught:
            wrong()
        assert "уберите эту редакцию из первой ячейки" in str(caught.value)
    internal = open_edition(str(report.params_file), "internal", str(report.out))
    assert internal.read("flags").equals(report.read("flags"))
    assert internal.read("groups", "public").equals(public.read("groups"))
    assert isinstance(internal, Report)


@pytest.mark.parametrize("path", sorted(PAGES.rglob("*.ipynb")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_page_opens_its_edition(path):
    text = path.read_text(encoding="utf-8")
    if ".ipynb_checkpoints" in path.parts:
        pytest.skip("what JupyterLab keeps")
    assert "open_edition(report, edition, out)" in text, path.relative_to(PROJECT)
    assert "open_report" not in text
