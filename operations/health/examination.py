"""The examination of the service: one list of checks, in a fixed number of queries whatever the college's size."""

from flask import current_app

from models import utc_now
from operations.health import people, running, units
from operations.health.report import Area
from operations.hearing import last_heard


def examine() -> list[Area]:
    """Everything that may be wrong with the service, area by area."""
    now, known, heard = utc_now(), units.read_units(), last_heard()
    return [
        Area(
            "posts",
            "岗位",
            [
                units.college_posts(known),
                units.lasting_administrator(known),
                units.waiting_at_vacancies(known),
                units.posts_of_leavers(known),
                units.without_head(known),
                units.without_leader(known),
                units.without_secretary(known),
            ],
        ),
        Area(
            "departments",
            "部门",
            [
                units.of_unknown_kind(known),
                units.removed_with_groups(),
                units.without_short_name(known),
                units.without_branch(known),
            ],
        ),
        Area("people", "人员", [people.leavers_still_named(), people.of_one_name()]),
        Area("clashes", "冲突", [units.one_short_name_twice(known), people.groups_of_one_name()]),
        Area("messages", "消息", [running.failed_messages(), running.waiting_messages(now)]),
        Area(
            "platform",
            "平台",
            [
                running.worker(now),
                running.last_sync(now),
                running.app_address(heard, now),
                *([running.contacts_address(heard, now)] if _has_contact_receiver() else []),
            ],
        ),
    ]


def _has_contact_receiver() -> bool:
    return current_app.config["SETTINGS"].wecom.contact_receiver is not None
