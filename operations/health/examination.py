"""The examination of the service: one list of checks, in a fixed number of queries whatever the college's size."""

from datetime import datetime

from flask import current_app

from models import utc_now
from operations.health import calendar, people, running, units
from operations.health.report import Area, Check
from operations.health.units import Units
from operations.hearing import last_heard


def examine() -> list[Area]:
    """Everything that may be wrong with the service, area by area."""
    now, known = utc_now(), units.read_units()
    return [
        Area("posts", "岗位", _of_posts(known)),
        Area("departments", "部门", _of_departments(known)),
        Area("people", "人员", [people.leavers_still_named(), people.of_one_name()]),
        Area("clashes", "冲突", [units.one_short_name_twice(known), people.groups_of_one_name()]),
        Area("messages", "消息", [running.sending(now), running.failed_messages(), running.waiting_messages(now)]),
        Area("platform", "平台", _of_platform(now)),
    ]


def _of_posts(known: Units) -> list[Check]:
    return [
        units.college_posts(known),
        units.lasting_administrator(known),
        units.waiting_at_vacancies(known),
        units.posts_of_leavers(known),
        units.without_head(known),
        units.without_leader(known),
        units.without_secretary(known),
    ]


def _of_departments(known: Units) -> list[Check]:
    return [
        units.of_unknown_kind(known),
        units.removed_with_groups(),
        units.without_short_name(known),
        units.without_branch(known),
        people.names_to_change(),
    ]


def _of_platform(now: datetime) -> list[Check]:
    heard = last_heard()
    checks = [running.worker(now), calendar.working_days(now), running.last_sync(now), running.app_address(heard, now)]
    return [*checks, running.contacts_address(heard, now)] if _has_contact_receiver() else checks


def _has_contact_receiver() -> bool:
    return current_app.config["SETTINGS"].wecom.contact_receiver is not None
