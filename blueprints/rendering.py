"""What templates are given beside their own values: how moments, days and phones are written, what waits."""

from datetime import date, datetime

from flask import Flask, g

from blueprints.filings.fields import masked_mobiles, masked_phone
from blueprints.filings.holding import headline
from messaging.cards import COLLEGE_TIME
from models import utc_now
from operations import permissions
from operations.alarm import Alarm, find_alarm
from operations.clock import college_today
from operations.tasks import Tasks, tasks_of
from operations.waiting import waited


def init_rendering(app: Flask) -> None:
    """Give every template the filters and the values of this module."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        moment=moment, day=day, short_day=short_day, college_day=college_today, masked_email=masked_email
    )
    app.jinja_env.filters.update(masked_phone=masked_phone, masked_mobiles=masked_mobiles)
    app.jinja_env.globals.update(
        count_waiting=count_waiting,
        alarm_now=alarm_now,
        tasks_waiting=tasks_waiting,
        headline=headline,
        permissions=permissions,
        waited=waited,
    )
    app.context_processor(_signed_in)


def _signed_in() -> dict[str, object]:
    return {"actor": g.get("actor")}


def count_waiting() -> int:
    """How much waits for whoever is signed in, in all."""
    return tasks_waiting().total


def tasks_waiting() -> Tasks:
    """How much of each kind waits for whoever is signed in; asked once for the navigation and the page."""
    if "tasks" not in g:
        g.tasks = tasks_of(g.actor)
    tasks: Tasks = g.tasks
    return tasks


def alarm_now() -> Alarm | None:
    """What keeps messages from leaving, to be shown to those who can mend it."""
    return find_alarm(utc_now())


def moment(at: datetime) -> str:
    """A moment in the college's time, such as 2026-11-22 09:12."""
    return at.astimezone(COLLEGE_TIME).strftime("%Y-%m-%d %H:%M")


def day(on: date) -> str:
    """A day, such as 2026年9月1日."""
    return f"{on.year}年{on.month}月{on.day}日"


def short_day(on: date) -> str:
    """A day of a badge, such as 9月1日."""
    return f"{on.month}月{on.day}日"


def masked_email(address: str) -> str:
    """Enough of an e-mail address to tell it from another: l***@example.edu.cn."""
    name, _, host = address.partition("@")
    return f"{name[:1]}***@{host}"
