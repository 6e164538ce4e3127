"""待我办理 as a page: what waits, each kind by itself, and what was decided."""

from collections.abc import Collection

from flask import g, render_template

from blueprints.paging import asked_before
from operations import reading
from operations.group_people import vacancies_of
from operations.handover_lists import filings_to_take_over, handovers_awaiting_answers, handovers_waiting_for
from operations.opinions import opinions_asked_of
from operations.reading import APPROVALS, REGISTRATIONS, Page, steps_waiting_for
from regulation import PostKind


def approvals_page(*, chosen: Collection[int] = (), problem: str = "") -> str:
    """待我办理 and 我已办理, each list paged by its own key.

    `chosen` are the steps whose boxes were ticked, where the page is shown again because of this `problem`.
    """
    approvals = steps_waiting_for(g.actor, APPROVALS, before=asked_before())
    registrations: Page = Page((), None)
    if g.actor.holds(PostKind.REGISTRAR):
        registrations = steps_waiting_for(g.actor, REGISTRATIONS, before=asked_before("registrations_before"))
    return render_template(
        "home/approvals.html",
        approvals=approvals,
        registrations=registrations,
        vacancies=vacancies_of(step.filing.group_id for step in [*approvals.rows, *registrations.rows]),
        handovers=handovers_waiting_for(g.actor),
        opinions=opinions_asked_of(g.actor, before=asked_before("opinions_before")),
        asked=handovers_awaiting_answers(g.actor),
        to_take_over=filings_to_take_over(g.actor).rows if g.actor.headed_in_person else (),
        decided=reading.decided_by(g.actor, before=asked_before("decided_before")),
        chosen=chosen,
        problem=problem,
    )
