"""Working days: 调休, holidays, the turn of the year, and when so many of them have passed since a moment."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from regulation import Calendar, load_regulation
from regulation.working_days import QuietHours

NATIONAL = Calendar()
QUIET = QuietHours()


def at(text: str) -> datetime:
    """A moment such as "2026-11-27 16:00", in whatever the college's time is."""
    return datetime.fromisoformat(text)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("2026-09-20", True),  # a Sunday that is worked for 国庆
        ("2026-09-25", False),  # 中秋, a Friday
        ("2026-09-30", True),
        ("2026-10-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday
        ("2026-10-11", False),
        ("2026-11-27", True),
        ("2026-11-28", False),
    ],
)
def test_a_day_is_worked_as_the_state_council_arranged_it(text: str, works: bool) -> None:
    """E62: 调休 included."""
    assert NATIONAL.is_working_day(day(text)) is works


@pytest.mark.parametrize("year", [2003, 2027])
def test_in_a_year_that_nobody_arranged_monday_to_friday_are_worked(year: int) -> None:
    """E62: the table ends with 2026, the service does not."""
    days = [date(year, 3, 1) + timedelta(days=n) for n in range(14)]
    assert [NATIONAL.is_working_day(each) for each in days] == [each.weekday() < 5 for each in days]
    assert not NATIONAL.knows(days[0])
    assert NATIONAL.knows(day("2026-12-31"))


def test_what_the_college_entered_goes_before_everything_else() -> None:
    """E62: a day of its own, and a year that has not been arranged."""
    own = Calendar(
        days_off=frozenset({day("2026-11-27"), day("2027-02-08")}), working_days=frozenset({day("2026-11-28")})
    )
    assert not own.is_working_day(day("2026-11-27"))
    assert own.is_working_day(day("2026-11-28"))
    assert not own.is_working_day(day("2027-02-08"))
    assert own.is_working_day(day("2027-02-09"))
    assert own.knows(day("2027-12-31"))
    assert not own.knows(day("2028-01-01"))


@pytest.mark.parametrize(
    ("start", "number", "found"),
    [
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-09-19", 1, "2026-09-20"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-10-09", 2, "2026-10-12"),
        ("2026-12-31", 1, "2027-01-01"),  # nobody has said yet that 元旦 is off
        ("2026-12-31", 2, "2027-01-04"),
    ],
)
def test_the_nth_working_day_after_a_day(start: str, number: int, found: str) -> None:
    """E62: around 国庆 and the end of the year."""
    assert NATIONAL.after(day(start), number) == day(found)
    assert NATIONAL.before(day(found), number) <= day(start)
    assert NATIONAL.working_days_between(day(start), day(found)) == number


def test_no_working_day_lies_between_a_day_and_itself_or_an_earlier_one() -> None:
    assert NATIONAL.working_days_between(day("2026-11-27"), day("2026-11-27")) == 0
    assert NATIONAL.working_days_between(day("2026-11-27"), day("2026-11-20")) == 0


def test_the_turn_of_the_year_goes_by_what_the_college_entered() -> None:
    """E62: 元旦 entered before the State Council's table has it."""
    own = Calendar(days_off=frozenset({day("2027-01-01")}))
    assert own.after(day("2026-12-31"), 1) == day("2027-01-04")


@pytest.mark.parametrize(
    ("since", "number", "due"),
    [
        ("2026-11-27 16:00", 1, "2026-11-30 16:00"),  # Friday, Monday
        ("2026-11-27 08:00", 1, "2026-11-30 08:00"),
        ("2026-11-27 19:59", 1, "2026-11-30 19:59"),
        ("2026-11-27 20:00", 1, "2026-12-01 08:00"),  # at night: from Monday morning on
        ("2026-11-28 10:00", 1, "2026-12-01 08:00"),  # a Saturday
        ("2026-11-30 03:00", 1, "2026-12-01 08:00"),  # before a working day begins
        ("2026-11-26 23:00", 1, "2026-11-30 08:00"),  # Thursday night: from Friday morning on
        ("2026-09-30 16:00", 1, "2026-10-08 16:00"),
        ("2026-09-30 21:00", 1, "2026-10-09 08:00"),
        ("2026-09-19 12:00", 1, "2026-09-21 08:00"),  # the Sunday after it is worked
        ("2026-10-09 09:30", 3, "2026-10-13 09:30"),
        ("2026-12-31 21:00", 1, "2027-01-04 08:00"),
    ],
)
def test_so_many_working_days_have_passed_at_the_same_time_of_day(since: str, number: int, due: str) -> None:
    """F21 E62: and the count of those that passed agrees, a second before and then."""
    assert NATIONAL.due(at(since), number, QUIET) == at(due)
    assert NATIONAL.waited(at(since), at(due), QUIET) == number
    assert NATIONAL.waited(at(since), at(due) - timedelta(seconds=1), QUIET) == number - 1


@pytest.mark.parametrize(
    "now", ["2026-11-30 08:00", "2026-11-30 16:00", "2026-10-08 08:00", "2026-09-20 19:59", "2027-01-01 12:00"]
)
@pytest.mark.parametrize("number", [1, 3])
def test_whatever_began_to_wait_up_to_the_latest_due_moment_is_due_and_nothing_else(now: str, number: int) -> None:
    """F21 E62: hour by hour, over two weeks before that moment."""
    latest = NATIONAL.latest_due(at(now), number)
    for hours in range(24 * 14):
        since = at(now) - timedelta(hours=hours)
        assert (NATIONAL.due(since, number, QUIET) <= at(now)) is (since <= latest)
    assert NATIONAL.due(latest + timedelta(seconds=1), number, QUIET) > at(now)


def test_nothing_has_been_waited_for_before_it_counts() -> None:
    """F21: a Saturday's filing, looked at on Saturday and on Sunday."""
    for now in ("2026-11-28 10:00", "2026-11-29 23:00", "2026-11-30 07:59", "2026-11-30 08:00"):
        assert NATIONAL.waited(at("2026-11-28 10:00"), at(now), QUIET) == 0


def test_days_off_add_nothing_to_what_was_waited() -> None:
    """F21 E62: all of 国庆 long it is one working day."""
    since = at("2026-09-29 15:00")
    assert {NATIONAL.waited(since, at(f"2026-10-0{n} 12:00"), QUIET) for n in range(1, 8)} == {1}


@pytest.mark.parametrize(
    ("moment", "may"),
    [
        ("2026-11-27 07:59", False),
        ("2026-11-27 08:00", True),
        ("2026-11-27 19:59", True),
        ("2026-11-27 20:00", False),
        ("2026-11-28 12:00", False),
        ("2026-10-10 12:00", True),
    ],
)
def test_people_are_reminded_by_day_and_on_working_days(moment: str, may: bool) -> None:
    """F28: both sides of each limit."""
    assert load_regulation(None).may_remind(at(moment)) is may


def test_the_data_file_says_which_hours_are_quiet() -> None:
    """F28: what came at 18:30 counts from the morning, where the evening begins at 18:00."""
    early = replace(load_regulation(None), quiet_hours=QuietHours(begin=18, end=9))
    assert not early.may_remind(at("2026-11-27 18:00"))
    assert not early.may_remind(at("2026-11-27 08:59"))
    assert early.calendar.due(at("2026-11-26 18:30"), 1, early.quiet_hours) == at("2026-11-30 09:00")
    assert early.waited(at("2026-11-26 18:30"), at("2026-11-30 09:00")) == 1
