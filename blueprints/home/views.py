"""首页: what waits for me, what I filed, the groups I answer for. 待我办理: what waits, and what I decided."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints import sessions
from blueprints.administration.ways import address_of
from blueprints.guards import may
from blueprints.home.waiting import approvals_page
from blueprints.paging import asked_before
from extensions import db
from operations import permissions, reading
from operations.group_people import vacancies_of
from operations.handover_lists import filings_to_take_over, handovers_waiting_for
from operations.health.first_steps import first_steps
from operations.opinions import opinions_asked_of
from operations.particulars import lacks_mobile
from operations.renaming import units_with_proposals

home = Blueprint("home", __name__)
#: How many of those that wait the first page shows.
FIRST_ONES = 3


@home.get("/")
@may(permissions.is_member)
def show() -> ResponseReturnValue:
    """What waits for me, my filings and my groups; to an administrator, what is still to be set up."""
    groups = reading.groups_of(g.actor, before=asked_before("groups_before"))
    waiting = reading.steps_waiting_for(g.actor).rows[:FIRST_ONES]
    unsent = reading.filings_of(g.actor, before=asked_before("unsent_before"), unsent=True)
    filings = reading.filings_of(g.actor, before=asked_before(), unsent=False)
    of_filings = [*(step.filing for step in waiting), *unsent.rows, *filings.rows]
    return render_template(
        "home/show.html",
        waiting=waiting,
        handovers=handovers_waiting_for(g.actor).rows[:FIRST_ONES],
        to_take_over=filings_to_take_over(g.actor).rows[:FIRST_ONES] if g.actor.headed_in_person else (),
        opinions=opinions_asked_of(g.actor).rows[:FIRST_ONES],
        renaming=units_with_proposals(db.session(), g.actor.headed) if g.actor.headed else (),
        unsent=unsent,
        filings=filings,
        held=reading.holders_of_all(filings.rows),
        groups=groups,
        vacancies=vacancies_of([*(group.id for group in groups.rows), *(filing.group_id for filing in of_filings)]),
        asks_mobile=not sessions.is_asked() and lacks_mobile(g.actor),
        steps=first_steps() if permissions.can_administer(g.actor) else (),
        address_of=address_of,
    )


@home.get("/approvals")
@may(permissions.is_member)
def approvals() -> ResponseReturnValue:
    """待我办理 and 我已办理, each paged by its own key."""
    return approvals_page()
