"""The page of one group."""

from collections.abc import Sequence

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from extensions import db
from models import Filing
from operations import permissions
from operations.group_people import changes_of, vacancies_of
from operations.renaming import proposal_for
from operations.viewing import note_mobiles_seen

groups = Blueprint("groups", __name__)


@groups.get("/groups/<int:group_id>")
@may(permissions.can_see_group)
def show(filings: Sequence[Filing]) -> ResponseReturnValue:
    """The group's facts and people, its state, and those of its filings that this person may see."""
    visible = [filing for filing in filings if permissions.can_see(g.actor, filing)]
    full = [filing for filing in visible if permissions.sees_full_mobiles(g.actor, filing)]
    group_id = visible[0].group_id
    page = render_template(
        "groups/show.html",
        group=visible[0].group,
        filings=visible,
        full=bool(full),
        proposal=proposal_for(db.session(), filings),
        vacancy=vacancies_of([group_id]).get(group_id),
        changes=changes_of(group_id),
    )
    for filing in full[:1]:
        note_mobiles_seen(g.actor, filing, filing.group.contacts)
    return page
