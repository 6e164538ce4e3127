"""Working days as the State Council arranges them, 调休 included, with what the college has otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

import chinese_calendar

_ONE_DAY = timedelta(days=1)
_FRIDAY = 4


@dataclass(frozen=True)
class QuietHours:
    """From which hour of the day until which next one nobody is reminded, in the college's time."""

    begin: int = 20
    end: int = 8


@dataclass(frozen=True)
class Calendar:
    """The days on which the college departs from the national calendar, or which that does not know yet.

    Moments are handed in the college's own time, and given back in it. What waits is counted while people may be
    reminded: outside the quiet hours of a working day.
    """

    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """By the college's own lists, else as the State Council arranged it, else from Monday to Friday."""
        if day in self.working_days or day in self.days_off:
            return day in self.working_days
        arranged = _arranged(day)
        return day.weekday() <= _FRIDAY if arranged is None else arranged

    def knows(self, day: date) -> bool:
        """Whether the day's year has been arranged: by the State Council, or by any day that the college entered."""
        own = any(entered.year == day.year for entered in self.days_off | self.working_days)
        return own or _arranged(day) is not None

    def after(self, day: date, number: int) -> date:
        """The working day that comes as the `number`-th, at least the first, after `day`."""
        return next(islice(self._working_days(day, _ONE_DAY), number - 1, None))

    def before(self, day: date, number: int) -> date:
        """The working day that came as the `number`-th, at least the first, before `day`."""
        return next(islice(self._working_days(day, -_ONE_DAY), number - 1, None))

    def working_days_between(self, day: date, until: date) -> int:
        """How many working days follow `day` up to `until`, which counts; none if `until` is not later."""
        days = (day + timedelta(days=n) for n in range(1, (until - day).days + 1))
        return sum(self.is_working_day(each) for each in days)

    def is_awake(self, at: datetime, quiet: QuietHours) -> bool:
        """Whether the moment lies on a working day, outside its quiet hours."""
        return quiet.end <= at.hour < quiet.begin and self.is_working_day(at.date())

    def counts_from(self, since: datetime, quiet: QuietHours) -> datetime:
        """When what began to wait at `since` starts to count: at once, or when the next quiet time is over.

        What comes on a day off, or at night, counts from the morning of the next working day.
        """
        if self.is_awake(since, quiet):
            return since
        early = since.hour < quiet.end and self.is_working_day(since.date())
        day = since.date() if early else self.after(since.date(), 1)
        return datetime.combine(day, time(quiet.end), since.tzinfo)

    def due(self, since: datetime, number: int, quiet: QuietHours) -> datetime:
        """The moment at which `number` working days, at least one, have passed since `since`.

        It has the time of day from which that counts: what came on Friday at 16:00 is due after one working day on
        Monday at 16:00; what came on Saturday counts from Monday at 8:00 and is due on Tuesday at 8:00.
        """
        start = self.counts_from(since, quiet)
        return datetime.combine(self.after(start.date(), number), start.time(), start.tzinfo)

    def latest_due(self, now: datetime, number: int) -> datetime:
        """The latest moment for which `due` has come at `now`, while people may be reminded.

        Whatever began to wait then or earlier is due, and nothing else is: a query can compare with it.
        """
        return datetime.combine(self.before(now.date(), number), now.time(), now.tzinfo)

    def waited(self, since: datetime, now: datetime, quiet: QuietHours) -> int:
        """How many whole working days have passed from `since` to `now`: the greatest number that is `due`."""
        start = self.counts_from(since, quiet)
        days = self.working_days_between(start.date(), now.date())
        lacks_hours = self.is_working_day(now.date()) and now.time() < start.time()
        return max(0, days - lacks_hours)

    def _working_days(self, day: date, step: timedelta) -> Iterator[date]:
        while True:
            day += step
            if self.is_working_day(day):
                yield day


@lru_cache(maxsize=4_000)
def _arranged(day: date) -> bool | None:
    """Whether the State Council made it a working day; None for a year that the table at hand does not have."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
