"""How an executed notebook becomes the Markdown source of a page.

The page holds prose and outputs, no code, no times, nothing to execute: Quarto and
pandoc render the same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from traitlets.config import Config

from helpers.problems import BrokenPage
from helpers.publish.chart_scripts import script_for
from helpers.publish.figures import linked
from helpers.publish.front_matter import of_text
from helpers.publish.search import facts

_MARKDOWN = "text/markdown"
_EXPORTER = MarkdownExporter(
    exclude_input=True, config=Config({"NbConvertBase": {"display_data_priority": [_MARKDOWN]}})
)
_ADDRESS = re.compile(r'(\]\(|\bhref="|,(?:null|[-\d.e]+),")site:/')
"""A link of Markdown, of HTML, of a searchable table: what only looks like an address in a name stays as it is."""
_TITLE = re.compile(r"\A\s*# +(.+?)\s*$", re.MULTILINE)


def check_outputs(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Refuse a notebook that has not run whole, or shows what the site cannot.

    Raises
    ------
    BrokenPage
        One line for each cell at fault.
    """
    faults = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown" and cell.get("attachments"):
            faults.append(
                f"{path.name}, ячейка {number}: рисунок вставлен в текст, на страницу он не попадёт; "
                "постройте его кодом и покажите через emit.show(…)"
            )
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None:
            faults.append(f"{path.name}, ячейка {number}: не выполнена")
        for output in cell.outputs:
            if output.output_type == "error":
                faults.append(f"{path.name}, ячейка {number}: ошибка {output.ename}: {output.evalue}")
            elif output.output_type == "stream":
                faults.append(
                    f"{path.name}, ячейка {number}: печатает текст «{output.text.strip()[:60]}», на страницу он не попадёт; "
                    "покажите его через emit.show(…) или удалите печать"
                )
            elif _MARKDOWN not in output.data:
                faults.append(
                    f"{path.name}, ячейка {number}: вывод вида {', '.join(sorted(output.data))} на страницу не попадёт; "
                    "покажите его через emit.show(…, caption=…)"
                )
    if faults:
        raise BrokenPage("\n".join(faults))


def page_source(
    path: Path, page: str, pictures: Collection[str] = (), without: str = "", left_out: Collection[str] = ()
) -> str:
    """Turn an executed notebook into the Markdown of a page.

    Parameters
    ----------
    path : Path
        The executed notebook.
    page : str
        The page's path within the site without ending: `school/a`; links and scripts
        are made relative to it.
    pictures : collection of str
        Pictures of charts that the site has, by their paths below it: those of the page's charts are linked under them.
    without : str
        Cells with this tag are left out.
    left_out : collection of str
        Pages and files that the site has not, by their paths below it (`tutors.html`): what leads to them is no link.

    Raises
    ------
    BrokenPage
        An output would be missing, or the page has no title.
    """
    title, body = content(path, page, pictures, without, left_out)
    root = "../" * page.count("/")
    drawn_by = script_for(body)
    scripts = ["report.js"] if drawn_by or 'class="data-table' in body else []
    if drawn_by:
        scripts.insert(0, drawn_by)
    tags = "\n".join(f'<script defer src="{root}assets/{name}"></script>' for name in scripts)
    tail = f"\n\n```{{=html}}\n{tags}\n```\n" if tags else "\n"
    told = f"```{{=html}}\n{known}\n```\n\n" if (known := facts(page, title)) else ""
    return f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n---\n\n{told}{body}{tail}"


def content(
    path: Path, page: str, pictures: Collection[str] = (), without: str = "", left_out: Collection[str] = ()
) -> tuple[str, str]:
    """An executed notebook's title and the Markdown below it; parameters and errors as `page_source`."""
    notebook = nbformat.read(path, as_version=4)
    check_outputs(path, notebook)
    title = ""
    if notebook.cells and notebook.cells[0].cell_type == "raw":
        title = of_text(path, notebook.cells.pop(0).source).title
    notebook.cells = [cell for cell in notebook.cells if without not in cell.metadata.get("tags", [])]
    body, _ = _EXPORTER.from_notebook_node(notebook)
    if not title:
        found = _TITLE.search(body)
        if not found:
            raise BrokenPage(f"{path.name}: нет заголовка; напишите его в первой ячейке: title: Название")
        title, body = found.group(1), body[: found.start()] + body[found.end() :]
    root = "../" * page.count("/")
    body = _ADDRESS.sub(lambda before: before[1] + root, _unlinked(linked(body, page, pictures), left_out))
    return title, body.strip()


def _unlinked(body: str, left_out: Collection[str]) -> str:
    """The Markdown without links to what there is not: their text stays."""
    if not left_out:
        return body
    address = rf"site:/(?:{'|'.join(map(re.escape, sorted(left_out)))})(?:#[\w-]*)?"
    body = re.sub(rf"\[([^\[\]]+)\]\({address}\)", r"\1", body)
    body = re.sub(rf'<a href="{address}">(.*?)</a>', r"\1", body)
    return re.sub(rf',"{address}"\]', ",null]", body)  # a row of a table that can be searched
