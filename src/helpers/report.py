"""One report and the places where its files lie."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from helpers import tables
from helpers.params import Params, load
from helpers.problems import BadInput, Problem, quoted

PROJECT = Path(__file__).resolve().parents[2]
METHOD = PROJECT / "params" / "method.yml"
PROCEDURES = PROJECT / "params" / "procedures.yml"
RISK_FACTORS = PROJECT / "params" / "risk_factors.yml"
SKILLS = PROJECT / "params" / "skills.yml"
RECOMMENDATIONS = PROJECT / "params" / "recommendations.yml"
PROGRAMME = PROJECT / "params" / "programme.yml"
DECISIONS = PROJECT / "params" / "decisions.yml"
RULES = (METHOD, PROCEDURES, RISK_FACTORS, SKILLS, RECOMMENDATIONS, PROGRAMME, DECISIONS)
"""Files of params/ that serve every report."""

CONCLUSIONS = "_conclusions"
"""Name of the folder, beside the raw data, that holds what earlier reports have concluded on single schools."""
LEDGER = "_published"
"""Name of the folder, beside the raw data, that holds the public editions which readers have seen."""
PROPOSED = "corrections.proposed*.yml"
"""Beside the raw files: corrections proposed by answers, not yet taken."""


def is_named(path: Path) -> bool:
    """Whether a file's name is text: a name that is no UTF-8 can be neither told nor written into a table."""
    return path.as_posix().isprintable() or not any("\ud800" <= char <= "\udfff" for char in path.as_posix())


@dataclass(frozen=True)
class Report:
    """A report's name, its params and the folder that receives what is made.

    Made by `open_report`. `params_file` is where the params were read;
    `out` holds `data/processed`, `_build` and the sites.
    """

    params_file: Path
    params: Params
    out: Path

    @property
    def name(self) -> str:
        return self.params_file.stem

    @property
    def raw(self) -> Path:
        """Folder of the files as received: `data/raw/<report>`; for a params file from elsewhere, its own folder."""
        here = self.params_file.parent == METHOD.parent
        return PROJECT / "data" / "raw" / self.name if here else self.params_file.parent

    @property
    def raw_files(self) -> list[Path]:
        """The files that the report is made from; of a region's folder all but what lies in folders named `_…`."""
        if self.params.data.school_table:
            return [self.raw / self.params.data.school_table.file]
        found = (path for path in self.raw.rglob("*") if path.is_file() and path != self.params_file and is_named(path))
        notes = {path for own in ("*.md", PROPOSED) for path in self.raw.glob(own)}  # a checklist, a proposal: no data
        return sorted(path for path in found if path not in notes and not self.raw_name(path).startswith("_"))

    @property
    def ledger(self) -> Path:
        """The editions that were published, written by `report publish --production`; there need not be any.

        It is no raw file: publishing a site must not make it another than what its inputs make. A build that finds its own
        edition there makes the same site.
        """
        return self.raw / LEDGER

    @property
    def conclusions(self) -> Path:
        """What this report and earlier ones have concluded, by report; written by `report publish`, handed on by `report new`."""
        return self.raw / CONCLUSIONS

    @property
    def concluded_files(self) -> list[Path]:
        """The files of `conclusions` of other reports: what this one has said of itself is nothing that it is made from."""
        found = (path for path in self.conclusions.rglob("*") if path.is_file())
        return sorted(path for path in found if path.parent.name != self.name)

    @property
    def published_files(self) -> list[Path]:
        """The files of the ledger."""
        return sorted(path for path in self.ledger.rglob("*") if path.is_file())

    def raw_name(self, path: Path) -> str:
        """A raw file's name as findings and the manifest tell it: `2019/oge/oge_2019.csv`; of one from elsewhere the last part."""
        inside, folder = path.as_posix(), f"{self.raw.as_posix()}/"
        return inside.removeprefix(folder) if inside.startswith(folder) else path.name

    @property
    def build(self) -> Path:
        """Working files: executed notebooks, page sources."""
        return self.out / "_build" / self.name

    def tables(self, edition: str) -> Path:
        """Folder of the tables that an edition (`internal` or `public`) may see."""
        return self.out / "data" / "processed" / self.name / edition

    def sight(self, edition: str) -> str:
        """How much an edition sees: `internal` everything; the public one of `open` data schools, else `protected`."""
        if edition == "internal":
            return "internal"
        return "open" if self.params.open_data else "protected"

    def tells_of_help(self, edition: str) -> bool:
        """Whether an edition has pages on the help to schools: made from a region's files, and not the public one of open
        data, which has neither the centre's tables nor counts in their place.
        """
        return self.params.data.region_files is not None and self.sight(edition) != "open"

    def site(self, edition: str) -> Path:
        """Folder of the finished site of an edition."""
        return self.out / ("_site" if edition == "public" else "_site-internal") / self.name

    def read(self, name: str, edition: str = "internal", school_id: str | Collection[str] = ()) -> pl.DataFrame:
        """Read one table of the contract, or its rows of some schools."""
        return tables.read(self._made(edition, f"{name}.parquet"), name, school_id)

    def read_numbers(self, name: str, edition: str = "internal") -> dict:
        """Read `measures` (scale of the index, spread of pupils) or `model` (the fits)."""
        return tables.read_numbers(self._made(edition, f"{name}.json"), name)

    def _made(self, edition: str, file: str) -> Path:
        """Folder of an edition's tables, this file among them."""
        if not (self.tables(edition) / file).is_file():
            raise BadInput(
                Problem(
                    file=file,
                    found="таблицы ещё нет",
                    expected=f"таблица редакции {edition} отчёта {self.name}",
                    advice=f"сначала постройте отчёт командой report build {self.name} --edition {edition}",
                )
            )
        return self.tables(edition)

    def write(self, edition: str = "internal", /, **frames: pl.DataFrame) -> None:
        """Check and write tables, each named by its keyword."""
        for name, frame in frames.items():
            tables.write(self.tables(edition), name, frame)

    def write_numbers(self, name: str, numbers: Mapping, edition: str = "internal") -> None:
        """Write `measures` or `model`."""
        tables.write_numbers(self.tables(edition), name, numbers)


@dataclass(frozen=True)
class Edition(Report):
    """A report as the readers of one of its editions may see it: nothing else can be read.

    Made by `open_edition`, for page notebooks. What is read is of this edition unless another one is asked for, which only
    the internal edition may.
    """

    edition: str = "internal"

    @property
    def names_schools(self) -> bool:
        """Whether conclusions on single schools may be shown: in the internal edition, and in the public one of open data."""
        return self.sight(self.edition) != "protected"

    def read(self, name: str, edition: str = "", school_id: str | Collection[str] = ()) -> pl.DataFrame:
        """Read one table that this edition may show, or its rows of some schools.

        Raises
        ------
        BadInput
            It may not.
        """
        if self.edition == "public" and name not in tables.seen(self.sight("public")):
            raise self._refusal(f"таблица {name}")
        return super().read(name, edition or self.edition, school_id)

    def read_numbers(self, name: str, edition: str = "") -> dict:
        """Read `measures`, `model` or `summary` of this edition."""
        return super().read_numbers(name, edition or self.edition)

    def tables(self, edition: str) -> Path:
        """Folder of this edition's tables."""
        if self.edition == "public" and edition != "public":
            raise self._refusal(f"папка таблиц {edition}")
        return super().tables(edition)

    @property
    def raw(self) -> Path:
        """Folder of the files as received, of the internal edition alone."""
        if self.edition == "public":
            raise self._refusal("папка исходных файлов")
        return super().raw

    def _refusal(self, what: str) -> BadInput:
        shown = ", ".join(tables.seen(self.sight("public")))
        return BadInput(
            Problem(
                file=f"страница открытой редакции отчёта {self.name}",
                found=what,
                expected=f"то, что открытая редакция показывает: {shown}",
                advice="уберите эту редакцию из первой ячейки страницы (editions) или возьмите открытую таблицу",
            )
        )


def open_edition(report: str, edition: str, out: str = "") -> Edition:
    """Open a report as one of its editions (`internal`, `public`); the rest as `open_report`."""
    whole = open_report(report, out)
    return Edition(whole.params_file, whole.params, whole.out, edition)


def open_report(report: str, out: str = "") -> Report:
    """Find a report by its name in params/ or by a path to its params file.

    Parameters
    ----------
    report : str
        `california-2000`, or a path such as `D:/отчёты/my-2025.yml`.
    out : str
        Folder that receives tables and sites; the project's own if empty.

    Raises
    ------
    BadInput
        No such report, or its params are not acceptable.
    """
    named = PROJECT / "params" / f"{report}.yml"
    path = named if named.is_file() else Path(report)
    if not path.is_file() or named in RULES:
        raise BadInput(
            Problem(
                file=report if "." in report else f"отчёт {quoted(report)}",
                found="такого отчёта или файла нет",
                expected=f"один из отчётов: {', '.join(report_names())} — или путь к файлу параметров",
                advice="проверьте имя; список печатает команда report list",
            )
        )
    if {"{", "}"} & set(path.stem):  # Snakemake takes what stands between them for a name to be filled in
        raise BadInput(
            Problem(path.name, "в имени файла фигурные скобки", "имя без { и }", "переименуйте файл параметров")
        )
    path = path.resolve()
    return Report(path, load(path, METHOD), Path(out).resolve() if out else PROJECT)


def report_names() -> list[str]:
    """Names of the reports in params/."""
    return sorted(path.stem for path in METHOD.parent.glob("*.yml") if path not in RULES)
