"""The college's 互联网群组管理办法 as code: pure functions and data, with no web, database or clock."""

from regulation.findings import Finding, Named, Proposal, Severity
from regulation.likeness import Description, are_alike
from regulation.loading import RegulationError, load_regulation, parse_regulation
from regulation.rules import FoundTier, Limits, OwnFiling, Regulation, RouteStep
from regulation.text import fold_name, is_blank, normalize_name, normalize_number
from regulation.tiers import Described
from regulation.words import DepartmentKind, FilingKind, Platform, PostKind, Tier, Whose
from regulation.working_days import Calendar

__all__ = [
    "Calendar",
    "DepartmentKind",
    "Described",
    "Description",
    "FilingKind",
    "Finding",
    "FoundTier",
    "Limits",
    "Named",
    "OwnFiling",
    "Platform",
    "PostKind",
    "Proposal",
    "Regulation",
    "RegulationError",
    "RouteStep",
    "Severity",
    "Tier",
    "Whose",
    "are_alike",
    "fold_name",
    "is_blank",
    "load_regulation",
    "normalize_name",
    "normalize_number",
    "parse_regulation",
]
