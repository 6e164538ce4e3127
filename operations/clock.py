"""The college's day and year: stored moments are UTC, but a registration of 1 January is of the new year."""

from datetime import UTC, date, datetime, time, timedelta

from messaging.cards import COLLEGE_TIME
from models import utc_now


def in_college(at: datetime) -> datetime:
    """The moment in the college's own time."""
    return at.astimezone(COLLEGE_TIME)


def college_today(now: datetime | None = None) -> date:
    """The day in the college, which is not always the day in UTC."""
    return in_college(now or utc_now()).date()


def first_moment(day: date, *, days_later: int = 0) -> datetime:
    """The moment, in UTC, at which a day of the college begins."""
    return datetime.combine(day + timedelta(days=days_later), time(), COLLEGE_TIME).astimezone(UTC)
