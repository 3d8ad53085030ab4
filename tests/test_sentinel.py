"""Nothing of a single school gets out: values planted in the internal tables are searched in every byte of the site."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from copies import run_steps

from helpers import tables
from helpers.publish import manifest, site
from helpers.publish.chart_scripts import BASIC
from helpers.publish.downloads import csv_bytes, workbook
from helpers.publish.execute import run_page, warm_kernel
from helpers.publish.pages import PAGES, notebooks
from helpers.report import Report, open_report
from helpers.show.dictionary import dictionary

PUBLIC_TEXT = {
    *("school_id", "school_name", "group_id", "group_name", "school_type", "locality"),
    *(
        "procedure",
        "subject",
        "grade",
        "task",
        "skill",
        "variant",
        "competence",
        "module",
        "role",
        "item",
        "programme",
        "stage",
    ),
    *("of_stage", "factor", "level", "rule_id", "direction", "tier", "type", "context_class", "why_excluded", "reason"),
    *("set_aside", "state", "status", "reach", "panel", "indicator", "tutor_id", "neighbour_id", "neighbour_type"),
    *("neighbour_locality", "carried_from", "check", "measure", "choice"),
}
"""Text columns of internal tables that are facts anyone knows of a school, or closed lists that pages count by."""
VALUE, SHARE, PEOPLE = 7.3158204, 0.73158204, 8761
NUMBERS = {
    "value": r"(?<![\d.,])7,(?:32(?!\d)|31[56])|(?<![\d.])7\.(?:32(?!\d)|31[56])",
    "share": r"(?<![\d.,])(?:0,(?:732(?!\d)|731[56])|73,(?:1[56]|2\s*%))"
    r"|(?<![\d.])(?:0?\.(?:732(?!\d)|731[56])|73\.(?:1[56]|2\s*%))",
    "people": r"(?<!\d)8[\s\u00a0\u202f]?761(?!\d)",
}
"""Planted numbers as a reader may meet them: to three digits and more, with point or comma, in percent, in thousands."""
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
"""Of a file: any four digits turn up in one of some hundreds."""
MARKED = 4
"""So many schools below expectation and as many others have planted numbers."""
VERDICT = re.compile(r"ниже\s+ожида|зон\w+\s+внимания|устойчиво|низк\w+\s+результат|▼|below|persistent", re.IGNORECASE)
TEXT = re.compile(r"ПОСАЖЕНО-[a-z_]+-[a-z_0-9]+")


def planted(name: str, table: pl.DataFrame, marked: list[str]) -> pl.DataFrame:
    """A table with a word of its own in every cell of text that is a school's, and numbers in the rows of some schools."""
    text = [c for c, kind in table.schema.items() if kind == pl.String and c not in PUBLIC_TEXT]
    table = table.with_columns(
        pl.when(pl.col(c).is_not_null()).then(pl.lit(f"ПОСАЖЕНО-{name}-{c}")).alias(c) for c in text
    )
    if "school_id" not in table.columns:
        return table
    keys = {*tables.CONTRACT[name].key, "year", "from_year", "to_year", "source_row", "row", "place", "number", "score"}
    ours = pl.col("school_id").is_in(marked)
    return table.with_columns(
        pl.when(ours & pl.col(c).is_not_null()).then(pl.lit(_number(name, c, kind))).otherwise(c).cast(kind).alias(c)
        for c, kind in table.schema.items()
        if kind.is_numeric() and c not in keys
    )


def _number(name: str, column: str, kind: pl.DataType) -> float:
    if column.startswith(("n_", "posts", "vacancies", "days")) or kind.is_integer():
        return PEOPLE
    shares = {one.name for one in tables.CONTRACT[name].columns if one.high == 1}
    small = column in shares or column.startswith("share_")
    return SHARE if small or column in {*PARAMS.described.indicators} else VALUE


PARAMS = open_report("kamchatka-2021").params


@pytest.fixture(scope="session")
def report(dirty: Path, computed: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The demonstration region, its internal tables poisoned after step 05; its public site; of the internal one a part."""
    made = open_report(str(dirty), str(tmp_path_factory.mktemp("sentinel")))
    shutil.copytree(computed, made.out / "data")
    poison(made)
    run_steps(made, "06-*")
    with warm_kernel() as kernel:
        for source in notebooks(made, "public").values():
            run_page(source, made, "public", kernel)
        for name in ("expectation", "protocol"):
            run_page(PAGES / f"{name}.ipynb", made, "internal", kernel)
    site.render(made, "public", "pandoc")
    site.mirror(_downloads(made), made.build / "internal" / "downloads")
    return made


def _downloads(report: Report) -> dict[str, bytes]:
    """Some internal tables as the internal edition offers them; it has dozens."""
    told, files = dictionary(report, "internal"), {}
    for name in ("results", "effect", "risk_profile", "tutors"):
        frame = report.read(name)
        files[f"{name}.csv"] = csv_bytes(frame)
        files[f"{name}.xlsx"] = workbook({"Данные": frame}, [("Таблица", name)], told.filter(table=name))
    return files


def poison(report: Report) -> None:
    flags = report.read("flags")
    below = flags.filter(direction="below")["school_id"].to_list()
    others = flags.filter(pl.col("direction").ne_missing("below"))["school_id"].gather_every(25).to_list()
    public = {*tables.ANONYMOUS, *tables.HIDDEN}
    for name in (name for name in tables.seen("internal") if name not in public):
        report.write(**{name: planted(name, report.read(name), [*below[:MARKED], *others[:MARKED]])})


def texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """What can be read in a file, and in what it holds: members of archives, pictures' notes, arrays of charts."""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield name, "\n".join(archive.namelist()) + archive.comment.decode("utf-8", "replace")
            for member in archive.namelist():
                yield from texts(f"{name}!{member}", archive.read(member))
        return
    if content.startswith(b"\x89PNG"):
        yield name, "\n".join(_notes(content))
        return
    text = content.decode("utf-8", "replace")
    plain = html.unescape(re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text))
    yield name, plain
    for number, (kind, array) in enumerate(_arrays(plain)):
        yield f"{name}#{number}", " ".join(map(repr, np.frombuffer(base64.b64decode(array), kind).tolist()))
    for number, found in enumerate(re.findall(r"data:[\w/+.;=-]*;base64,([A-Za-z0-9+/=]+)", plain)):
        yield from texts(f"{name}@{number}", base64.b64decode(found))


def _arrays(text: str) -> Iterator[tuple[str, str]]:
    """Charts' typed arrays: kind and base64, in either order, in JSON that may stand in JSON."""
    member = r'\\*"(dtype|bdata)\\*"\s*:\s*\\*"([^"\\]*)\\*"'
    for one, first, other, second in re.findall(rf"{member}\s*,\s*{member}", text):
        pair = {one: first, other: second}
        if len(pair) == 2:
            yield pair["dtype"], pair["bdata"]


def _notes(png: bytes) -> Iterator[str]:
    """Text chunks of a picture, packed ones unpacked."""
    place = 8
    while place < len(png):
        size, kind = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        data = png[place + 8 : place + 8 + size]
        if kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"):
            yield data.decode("utf-8", "replace")
            if kind == b"zTXt":
                yield zlib.decompress(data.split(b"\0", 1)[1][1:]).decode("latin-1")
        place += 12 + size


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    """All that can be read in a folder; the chart library, which is the same for everyone, aside."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != BASIC:
            name = path.relative_to(folder).as_posix()
            yield name, name
            yield from texts(name, path.read_bytes())


def found(folder: Path) -> dict[str, set[str]]:
    """Which planted words and numbers stand where."""
    told: dict[str, set[str]] = {}
    for name, text in everything(folder):
        text = DIGEST.sub("", text)
        for what in TEXT.findall(text):
            told.setdefault(what, set()).add(name)
        for what, pattern in NUMBERS.items():
            # numbers of three digits turn up among a drawing's coordinates
            if not name.endswith((".svg", ".css")) and re.search(pattern, text):
                told.setdefault(what, set()).add(name)
    return told


def endings(names: set[str]) -> set[str]:
    """Endings of the files themselves: of `a.xlsx!b.xml` it is `xlsx`."""
    return {re.split("[!#@]", name)[0].rpartition(".")[2] for name in names}


def test_the_search_finds_what_the_internal_edition_shows(report):
    """So it would find it in the public one, in pages, tables, workbooks and packed members."""
    told = found(report.build / "internal")
    assert NUMBERS.keys() <= told.keys()
    for what in ("ПОСАЖЕНО-results-source_file", "ПОСАЖЕНО-risk_profile-evidence", "ПОСАЖЕНО-tutors-tutor_why"):
        assert {"csv", "xlsx"} <= endings(told[what]), what
    assert {"csv", "xlsx", "ipynb"} <= endings(told["value"])
    assert any("#" in name for name in told["value"]), "in a chart's packed array"


def test_the_search_reads_charts_archives_pictures_and_escapes():
    def read(content: bytes) -> str:
        return "\n".join(text for _, text in texts("x", content))

    array = base64.b64encode(np.array([1.0, VALUE]).tobytes()).decode()
    for order in (f'"dtype":"f8","bdata":"{array}"', f'"bdata":"{array}","dtype":"f8"'):
        assert re.search(NUMBERS["value"], read(f"<script>{{{order}}}</script>".encode()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/core.xml", "<dc:title>ПОСАЖЕНО-a-b</dc:title>")
    assert TEXT.search(read(packed.getvalue()))
    assert TEXT.search(read(f"data:application/zip;base64,{base64.b64encode(packed.getvalue()).decode()}".encode()))
    assert TEXT.search(read(json.dumps("ПОСАЖЕНО-a-b").encode()))
    note = b"zTXt" + b"Comment\0\0" + zlib.compress(b"x=7.316")
    assert re.search(NUMBERS["value"], read(b"\x89PNG\r\n\x1a\n" + (len(note) - 4).to_bytes(4, "big") + note + b"0000"))
    for said in ("8761", "8 761", "8 761", "n=8761;"):
        assert re.search(NUMBERS["people"], said)
    for said in ("−7,32", "7.3158204", "7,316", "k001,7.3158204,0.1"):
        assert re.search(NUMBERS["value"], said)
    for said in ("73,2 %", "73.16", "0,7316", "0.732", "a,.7316"):
        assert re.search(NUMBERS["share"], said)
    assert not any(
        re.search(pattern, "17,32 17.32 5,7,3 0.17316 18761 87612 73,21 7a32") for pattern in NUMBERS.values()
    )


def test_nothing_planted_is_in_the_public_site_or_in_the_folder_it_is_rendered_from(report):
    for folder in (report.site("public"), report.build / "public"):
        assert sum(1 for _ in everything(folder)) > 50
        assert found(folder) == {}


def test_nothing_planted_is_in_the_public_tables(report):
    for path in sorted(report.tables("public").glob("*.parquet")):
        text = pl.read_parquet(path).write_json()
        assert not TEXT.search(text), path.name
        assert not [what for what, pattern in NUMBERS.items() if re.search(pattern, text)], path.name


def test_no_school_below_expectation_is_named_beside_a_verdict(report):
    names = report.read("directory", "public").join(report.read("flags").filter(direction="below"), on="school_id")
    wanted = names["school_name"].to_list()
    assert len(wanted) > MARKED
    seen = 0
    for name, text in everything(report.site("public")):
        for row in re.split(r"</tr>|</p>|</li>|</h\d>|</row>|</w:tr>|</w:p>|\}\s*,\s*\{|\]\s*,\s*\[|\n", text):
            plain = re.sub(r"<[^>]*>", " ", row)
            if any(school in plain for school in wanted):
                seen += 1
                assert not VERDICT.search(plain), (name, plain[:300])
    assert seen, "they are in the list of all schools"


def test_the_manifest_names_no_file_as_received(report):
    raw = json.loads((report.site("public") / "manifest.json").read_text(encoding="utf-8"))["inputs"]["raw"]
    assert list(raw) == ["*"]
    assert len(json.loads(manifest.text(report, "internal"))["inputs"]["raw"]) > 50
