"""Typed parameters of a report: everything that changes from one report to the next.

`params/method.yml` holds the rules with their sources, `params/<report>.yml`
what is particular to a report; the second is laid over the first.
"""

from helpers.params.base import (
    Closed,
    ClosedModel,
    Share,
    Slug,
    Text,
)
from helpers.params.data import (
    Assessment,
    ColumnByYear,
    Data,
    Indicator,
    RegionFiles,
    Result,
    SchoolTable,
)
from helpers.params.loading import (
    load,
    load_yaml,
)
from helpers.params.rules import (
    AttackRules,
    BuildRules,
    ContextClassRules,
    DisclosureRules,
    FederalRules,
    FlagRules,
    IndexReliabilityRules,
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
    TutorRules,
    TutorWeights,
)
from helpers.params.whole import (
    EarlierReport,
    LetterRules,
    Params,
    QuestionRules,
    Tile,
)

__all__ = [
    "Assessment",
    "AttackRules",
    "BuildRules",
    "Closed",
    "ClosedModel",
    "ColumnByYear",
    "ContextClassRules",
    "Data",
    "DisclosureRules",
    "EarlierReport",
    "FederalRules",
    "FlagRules",
    "IndexReliabilityRules",
    "IndexRules",
    "Indicator",
    "LetterRules",
    "ModelRules",
    "OutcomeRules",
    "PageRules",
    "Params",
    "ProgressRules",
    "QuestionRules",
    "RankRules",
    "RegionFiles",
    "Result",
    "SchoolTable",
    "Share",
    "SimilarRules",
    "SimulationRules",
    "Slug",
    "SmallNRules",
    "SpecificationRules",
    "SupportRules",
    "Text",
    "Tile",
    "TutorRules",
    "TutorWeights",
    "load",
    "load_yaml",
]
