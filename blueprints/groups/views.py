"""The page of one group."""

from collections.abc import Sequence

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from extensions import db
from models import Filing
from operations import permissions
from operations.duties import duty_sheet
from operations.group_people import changes_of, vacancies_of
from operations.owing import owed_by
from operations.renaming import proposal_for
from operations.rules import rules_in_force
from operations.viewing import note_mobiles_seen

groups = Blueprint("groups", __name__)


@groups.get("/groups/<int:group_id>")
@may(permissions.can_see_group)
def show(filings: Sequence[Filing]) -> ResponseReturnValue:
    """The group's facts and people, its state, and those of its filings that this person may see."""
    visible = [filing for filing in filings if permissions.can_see(g.actor, filing)]
    newest, full = visible[0], permissions.group_people_in_full(g.actor, visible)
    page = render_template(
        "groups/show.html",
        group=newest.group,
        filings=visible,
        full=full,
        sheet=duty_sheet(visible),
        owed=owed_by(newest.group),
        proposal=proposal_for(db.session(), filings),
        vacancy=vacancies_of([newest.group_id]).get(newest.group_id),
        changes=changes_of(newest.group_id),
        office=rules_in_force().registry_office,
    )
    if full:
        note_mobiles_seen(g.actor, newest, full)
    return page
