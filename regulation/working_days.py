"""Working days as the State Council arranges them, 调休 included, with what the college has otherwise."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Calendar:
    """The days on which the college departs from the national calendar, or which that does not know yet."""

    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
