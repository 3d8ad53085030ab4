"""The rules of the method, of disclosure and of building, a section each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from helpers.params.base import Closed, Share, Text


class IndexReliabilityRules(Closed):
    """Reliability λ of the index, and what is known of it.

    `origin`: `parallel` (alpha of indicators from independent sources), `retest` (correlation of two years: an upper
    bound, lasting error does not show), `raters` (intraclass correlation) or `assumption`. Without `value` the
    report's own alpha or retest stands for it.
    """

    value: Annotated[float, Field(gt=0, le=1)] | None
    origin: Literal["parallel", "retest", "raters", "assumption"]
    source: Text

    @model_validator(mode="after")
    def _value_or_estimate(self) -> IndexReliabilityRules:
        if self.value is None and self.origin in ("raters", "assumption"):
            raise ValueError(f"число от 0 до 1 в ключе value: при origin: {self.origin} надёжность не оценивается")
        return self


class IndexRules(Closed):
    """Scale of the index of social wellbeing."""

    scale_mean: float
    scale_sd: Annotated[float, Field(gt=0)]
    base_year: int | None
    carry_forward_years: Annotated[int, Field(ge=0)]
    reliability: IndexReliabilityRules
    expert_weights: dict[str, Annotated[float, Field(gt=0)]]
    source: Text


class OutcomeRules(Closed):
    """How results are averaged into the outcome."""

    same_cohort_correlation: Share
    next_year_correlation: Share
    procedure_weights: dict[str, Annotated[float, Field(ge=0)]]
    min_results: Annotated[int, Field(ge=1)]
    source: Text

    @model_validator(mode="after")
    def _same_day_is_nearer(self) -> OutcomeRules:
        # else the errors of several subjects in two years could have no covariance matrix
        if self.next_year_correlation > self.same_cohort_correlation:
            raise ValueError("next_year_correlation не больше same_cohort_correlation")
        return self


class ModelRules(Closed):
    """What the expectation is estimated on."""

    years_pooled: Annotated[int, Field(ge=1)]
    min_schools: Annotated[int, Field(ge=4)]
    source: Text


class ProgressRules(Closed):
    """Which results of one cohort are compared.

    They are at most `most_years` apart, and the smaller number of participants is at least `least_coverage` of the larger.
    """

    least_coverage: Share
    most_years: Annotated[int, Field(ge=1)]
    source: Text


class FlagRules(Closed):
    """When a school is named."""

    delta: Annotated[float, Field(ge=0, le=1)]
    persistent: Annotated[float, Field(ge=0.5, lt=1)]
    watch: Annotated[float, Field(ge=0.5, lt=1)]
    min_years: Annotated[int, Field(ge=1)]
    min_spec_share: Share
    source: Text

    @model_validator(mode="after")
    def _tiers_in_order(self) -> FlagRules:
        if self.watch > self.persistent:
            raise ValueError("порог watch не выше порога persistent")
        return self


class SmallNRules(Closed):
    """Numbers of participants below which nothing is said."""

    model_fit: Annotated[int, Field(ge=1)]
    flag_each_year: Annotated[int, Field(ge=1)]
    pooled: Annotated[int, Field(ge=1)]
    source: Text


class ContextClassRules(Closed):
    """Shares of schools that part the three context classes."""

    lower: Annotated[float, Field(gt=0, lt=1)]
    upper: Annotated[float, Field(gt=0, lt=1)]
    source: Text

    @model_validator(mode="after")
    def _cuts_in_order(self) -> ContextClassRules:
        if self.lower >= self.upper:
            raise ValueError("доля lower меньше доли upper")
        return self


class SpecificationRules(Closed):
    """The defensible choices over which stability is judged; every combination is fitted.

    `index`, `outcome`, `weights`, `form`, `sample`: variants by name, the first of each is the report's own.
    `reliability`: assumed reliabilities of the index; `alpha` stands for the estimated one.
    """

    index: list[Literal["equal", "pca", "cross_fitted", "rank", "expert"]] = Field(min_length=1)
    outcome: list[Literal["all", "gia9", "no_vpr", "low"]] = Field(min_length=1)
    weights: list[Literal["paule_mandel", "participants", "equal"]] = Field(min_length=1)
    form: list[Literal["linear", "quadratic", "remote"]] = Field(min_length=1)
    reliability: list[Annotated[float, Field(gt=0, le=1)] | Literal["alpha"]] = Field(min_length=1)
    sample: list[Literal["all", "without_influential"]] = Field(min_length=1)
    source: Text


class FederalRules(Closed):
    """The federal rule of low results (ШНОР), as of the year that it is quoted from."""

    share_low: Share
    min_procedures: Annotated[int, Field(ge=1)]
    min_n: Annotated[int, Field(ge=1)] | None
    year_of_rule: int
    source: Text


class SimulationRules(Closed):
    """How regions with a planted truth are redrawn: `truth` is the persistent effect beyond which a school is deviant."""

    runs: Annotated[int, Field(ge=10)]
    seed: int
    truth: Annotated[float, Field(gt=0)]
    small_n: Annotated[int, Field(ge=1)]
    source: Text


class RankRules(Closed):
    """How rank intervals are drawn."""

    draws: Annotated[int, Field(ge=100)]
    level: Annotated[float, Field(gt=0, lt=1)]
    seed: int
    source: Text


class SimilarRules(Closed):
    """How many schools of like context stand beside a school."""

    k: Annotated[int, Field(ge=1)]
    source: Text


class TutorWeights(Closed):
    """What a pair of a supported school and a tutor costs: `context` by SD of distance, the others where they differ."""

    context: Annotated[float, Field(ge=0)]
    school_type: Annotated[float, Field(ge=0)]
    locality: Annotated[float, Field(ge=0)]
    reachable: Annotated[float, Field(ge=0)]
    remote: Annotated[float, Field(ge=0)]
    subjects: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _near_is_cheaper(self) -> TutorWeights:
        if self.reachable > self.remote:
            raise ValueError("вес reachable не больше веса remote")
        return self


class TutorRules(Closed):
    """How supported schools are led to tutor schools.

    `cap` is the most schools of one tutor, `max_cost` the cost beyond which a tutor is no help. `unknown_distance` (SD)
    and `unknown_share` (0–1) stand for what is not known of a pair. A school is weak in a subject from `subject_z` SDs of
    schools above the region's share of low results, strong as far below it. `reachable` lists groups of municipalities,
    by name, between which one travels; `innovation_sites` schools that are tutors by status. `pins` give a
    school its tutor, `bans` forbid it some.
    """

    weights: TutorWeights
    cap: Annotated[int, Field(ge=1)]
    alternatives: Annotated[int, Field(ge=0)]
    max_cost: Annotated[float, Field(gt=0)]
    unknown_distance: Annotated[float, Field(ge=0)]
    unknown_share: Share
    subject_z: Annotated[float, Field(gt=0)]
    min_participants: Annotated[int, Field(ge=1)]
    reachable: list[Annotated[list[Text], Field(min_length=2)]]
    innovation_sites: list[Text]
    pins: dict[str, Text]
    bans: dict[str, Annotated[list[Text], Field(min_length=1)]]


class SupportRules(Closed):
    """How schools are helped."""

    tutors: TutorRules
    source: Text


class DisclosureRules(Closed):
    """What the public edition of data that are not open hides.

    `least_n`: participants of a cell that may be shown; `least_count`: counts from one up to this are not shown;
    `extreme_n`: participants from which «everyone» and «no one» may be shown; `width`: people, what is hidden may be
    known no closer; `least_schools`: schools of a cell that may be shown; `region_only`: procedures shown for the
    region alone; `districts`: which municipality is published under which district when it is small; `named`: ids of
    schools above expectation that have agreed to be named.
    """

    least_n: Annotated[int, Field(ge=1)]
    least_count: Annotated[int, Field(ge=1)]
    extreme_n: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    least_schools: Annotated[int, Field(ge=2)]
    region_only: list[str] = Field(default=[])
    districts: dict[str, str] = Field(default={})
    named: list[str] = Field(default=[])
    source: Text


class AttackRules(Closed):
    """What a reader is assumed to know without the site when the public edition is attacked (`report attack`).

    `participants`: how many people took part in each assessment and how many pupils a passport counts, by municipality;
    `kinds`: the schools of a kind on which nothing is concluded.
    """

    participants: bool
    kinds: bool
    source: Text


class PageRules(Closed):
    """How much a page shows; `cards` without a number: a card for every school of the last year."""

    cards: Annotated[int, Field(ge=0)] | None
    table_rows: Annotated[int, Field(ge=1)]
    source: Text


class BuildRules(Closed):
    """How long a cell of a notebook may take, in seconds; how many cards and pages of groups run in one job."""

    cell_seconds: Annotated[int, Field(ge=1)]
    batch_pages: Annotated[int, Field(ge=1)]
    source: Text
