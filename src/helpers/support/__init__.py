"""From finding to help: who is helped, by whom, by what means, and what comes of it."""

from helpers.support.changed_conclusions import Conclusions, changed_conclusions, keep, last_before, rules_of
from helpers.support.decisions import decisions, load_decisions, project_calendar
from helpers.support.measures import MONITORED
from helpers.support.membership import context_panel, membership
from helpers.support.monitoring import monitoring
from helpers.support.programme import load_programme
from helpers.support.recommendations import gather, judged, recommendations, rule_coverage
from helpers.support.risk import load_risk_factors, risk_profile
from helpers.support.roadmaps import roadmap_status
from helpers.support.rule_table import load_recommendations
from helpers.support.skills import load_skills, require_described, skill_profile
from helpers.support.supported import supported_schools
from helpers.support.teachers import funnel, funnel_schools, tracks
from helpers.support.tutors import tutors

__all__ = [
    "MONITORED",
    "Conclusions",
    "changed_conclusions",
    "context_panel",
    "decisions",
    "funnel",
    "funnel_schools",
    "gather",
    "judged",
    "keep",
    "last_before",
    "load_decisions",
    "load_programme",
    "load_recommendations",
    "load_risk_factors",
    "load_skills",
    "membership",
    "monitoring",
    "project_calendar",
    "recommendations",
    "require_described",
    "risk_profile",
    "roadmap_status",
    "rule_coverage",
    "rules_of",
    "skill_profile",
    "supported_schools",
    "tracks",
    "tutors",
]
