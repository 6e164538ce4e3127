"""How long something has waited, in working days of the college."""

from dataclasses import dataclass
from datetime import datetime

from models import utc_now
from operations.clock import in_college
from operations.rules import rules_in_force


@dataclass(frozen=True)
class Waited:
    """For how many whole working days, and whether that is long enough to be reminded of, or to be reported."""

    days: int
    is_late: bool
    is_overdue: bool


def waited(since: datetime, now: datetime | None = None) -> Waited:
    """How long what began to wait then has waited by now, by the rules in force."""
    rules = rules_in_force()
    days = rules.waited(in_college(since), in_college(now or utc_now()))
    return Waited(days, days >= rules.deadlines.remind_after, days >= rules.deadlines.escalate_after)
