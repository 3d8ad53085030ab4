"""The rows of long tables in files of their own, so that a page is quick to come: the browser loads them when it needs them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

FOLDER = "tables"
LONG = 150_000
"""Letters of a table's rows above which they do not travel with the page."""
_ROWS = re.compile(
    r'(<script type="application/json" class="table-data" data-table="([^"]+)")>(.*?)</script>', re.DOTALL
)


def parted(pages: Mapping[str, bytes]) -> dict[str, bytes]:
    """Page sources without the rows of their long tables, and those rows as scripts below `FOLDER`.

    Scripts and not JSON: a browser that has opened the site from a folder reads scripts, but no other file.
    """
    files: dict[str, bytes] = {}
    for name, source in pages.items():
        page = name.removesuffix(".qmd")

        def apart(found: re.Match[str], page: str = page) -> str:
            start, table, rows = found.groups()
            if len(rows) < LONG:
                return found[0]
            file = f"{FOLDER}/{page}-{table}.js"
            files[file] = f"(window.tableData ??= {{}})[{json.dumps(table)}] = {rows};\n".encode()
            return f'{start} data-src="{"../" * page.count("/")}{file}"></script>'

        files[name] = _ROWS.sub(apart, source.decode()).encode()
    return files
