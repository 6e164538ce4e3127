"""The college's day and year: stored moments are UTC, but a registration of 1 January is of the new year."""

from datetime import date, datetime

from messaging.cards import COLLEGE_TIME
from models import utc_now


def college_today(now: datetime | None = None) -> date:
    """The day in the college, which is not always the day in UTC."""
    return (now or utc_now()).astimezone(COLLEGE_TIME).date()
