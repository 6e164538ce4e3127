"""建群主体 as the regulation finds it for what a form says."""

from extensions import db
from models import Department, Filing
from operations.drafts import FilingFacts
from operations.rules import rules_for
from regulation import Described, FoundTier


def tier_found(facts: FilingFacts, *, filing: Filing | None) -> FoundTier | None:
    """In whose name the group is opened by 第八条; None while its department or its name is not said."""
    unit = db.session.get(Department, facts.department_id) if facts.department_id else None
    if unit is None or not facts.name:
        return None
    rules = rules_for(filing)
    short_name = unit.unit_short_name(rules.college_short_name)
    return rules.find_tier(Described(unit.kind, short_name, facts.name, facts.composition, facts.purpose))
