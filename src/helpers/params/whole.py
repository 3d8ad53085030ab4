"""All parameters of one report, and how its sections hang together."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from helpers.params.base import Closed, Text
from helpers.params.data import Data, RegionFiles, SchoolTable
from helpers.params.rules import (
    AttackRules,
    BuildRules,
    ContextClassRules,
    DisclosureRules,
    FederalRules,
    FlagRules,
    IndexRules,
    ModelRules,
    OutcomeRules,
    PageRules,
    ProgressRules,
    RankRules,
    SimilarRules,
    SimulationRules,
    SmallNRules,
    SpecificationRules,
    SupportRules,
)
from helpers.problems import quoted


class EarlierReport(Closed):
    """A report of an earlier year on the same site: its name, its title, and whether its numbers may be compared."""

    report: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Text
    note: Text


class Tile(Closed):
    """Where a municipality stands on the tile map, and its short name there."""

    row: Annotated[int, Field(ge=1)]
    column: Annotated[int, Field(ge=1)]
    short: Text


class QuestionRules(Closed):
    """Whom the senders of the data answer, and until when: words of the workbooks with questions to the data."""

    contact: str = ""
    deadline: date | None = None


class LetterRules(Closed):
    """What makes the Word document a letter; what is empty stays a blank to be filled in by hand.

    `organisation` writes, `addressee` reads (several lines may stand in it), `day` and `number` register it, `position` and
    `signatory` sign, `contact` knows the details.
    """

    organisation: str = ""
    addressee: str = ""
    day: date | None = None
    number: str = ""
    position: str = ""
    signatory: str = ""
    contact: str = ""


class Params(Closed):
    """All parameters of one report.

    `earlier` lists the reports of earlier years, the newest first; `tiles` gives each municipality, by name, its place on
    the tile map (none: no map).
    """

    title: Text
    region: Text
    years: list[Annotated[int, Field(ge=1900, le=2200)]] = Field(min_length=1)
    data: Data
    group_noun: list[str] = Field(
        default=["муниципалитет", "муниципалитета", "муниципалитетов"], min_length=3, max_length=3
    )
    open_data: str = ""
    year_notes: dict[int, str] = Field(default={})
    earlier: list[EarlierReport] = Field(default=[])
    tiles: dict[str, Tile] = Field(default={})
    questions: QuestionRules = QuestionRules()
    letter: LetterRules = LetterRules()
    index: IndexRules
    outcome: OutcomeRules
    model: ModelRules
    flag: FlagRules
    small_n: SmallNRules
    context_class: ContextClassRules
    specifications: SpecificationRules
    simulation: SimulationRules
    federal: FederalRules
    ranks: RankRules
    progress: ProgressRules
    similar: SimilarRules
    support: SupportRules
    disclosure: DisclosureRules
    attack: AttackRules
    pages: PageRules
    build: BuildRules

    @model_validator(mode="after")
    def _years_hang_together(self) -> Params:
        if self.years != sorted(set(self.years)):
            raise ValueError("годы years по возрастанию и без повторов")
        if self.index.base_year not in (None, *self.years):
            raise ValueError(f"базовый год base_year из списка years, а года {self.index.base_year} там нет")
        for result in self.data.school_table.results if self.data.school_table else []:
            for by_year in (result.value, result.n):
                missing = set(self.years) - set(by_year) if isinstance(by_year, dict) else set()
                if missing:
                    raise ValueError(f"у результата {result.procedure} столбец каждого года, а {min(missing)} нет")
            if isinstance(result.value, str) and len(self.years) > 1 and not self.data.school_table.year:
                raise ValueError(f"ключ year или у результата {result.procedure} свой столбец каждого года")
        unknown = sorted(self.index.expert_weights.keys() - self.described.indicators.keys())
        if unknown:
            raise ValueError(f"в expert_weights показатели из indicators, а {unknown[0]} там нет")
        if "expert" in self.specifications.index and not self.index.expert_weights:
            raise ValueError("к варианту индекса expert ключ index.expert_weights: вес каждого показателя")
        strange = sorted(self.year_notes.keys() - set(self.years))
        if strange:
            raise ValueError(f"в year_notes годы из списка years, а {strange[0]} там нет")
        procedures = {result.procedure for result in self.described.results}
        unknown = sorted(self.outcome.procedure_weights.keys() - procedures)
        if unknown:
            raise ValueError(f"в procedure_weights названия из results.procedure, а {unknown[0]} там нет")
        places = [(tile.row, tile.column) for tile in self.tiles.values()]
        for name, tile in self.tiles.items():
            if places.count((tile.row, tile.column)) > 1:
                raise ValueError(f"у каждой плитки tiles своё место, а место плитки {quoted(name)} занято дважды")
        return self

    @property
    def described(self) -> SchoolTable | RegionFiles:
        """What the report is made from: indicators, results, source, whoever reads the files."""
        return self.data.school_table or self.data.region_files

    @property
    def base_year(self) -> int:
        """The year whose mean and spread the index scale is frozen at."""
        return self.index.base_year or self.years[0]

    @property
    def pooled_years(self) -> list[int]:
        """The last years whose effects are pooled."""
        return self.years[-self.model.years_pooled :]
