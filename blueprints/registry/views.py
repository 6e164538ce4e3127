"""台账: what waits for 备案登记, and every filing that was ever sent."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from blueprints.paging import asked_before
from operations import permissions, reading
from operations.group_people import vacancies_of

registry = Blueprint("registry", __name__)


@registry.get("/registry")
@may(permissions.can_see_registry)
def show() -> ResponseReturnValue:
    """The ledger, newest first; on top what this person can register now, longest waiting first."""
    before = asked_before()
    waiting, count = ([], 0) if before else reading.registrations_waiting(g.actor)
    filings = reading.registry(before=before)
    vacancies = vacancies_of(filing.group_id for filing in filings.rows)
    return render_template("registry/show.html", waiting=waiting, count=count, filings=filings, vacancies=vacancies)
