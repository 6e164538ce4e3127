"""The page of one group."""

from collections.abc import Sequence

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from models import Filing
from operations import permissions
from operations.actors import Actor

groups = Blueprint("groups", __name__)


def can_see_group(actor: Actor, filings: Sequence[Filing]) -> bool:
    """Whoever may see one of its filings may see the group."""
    return any(permissions.can_see(actor, filing) for filing in filings)


@groups.get("/groups/<int:group_id>")
@may(can_see_group)
def show(filings: Sequence[Filing]) -> ResponseReturnValue:
    """The group's facts and people, its state, and those of its filings that this person may see."""
    visible = [filing for filing in filings if permissions.can_see(g.actor, filing)]
    full = any(permissions.sees_full_mobiles(g.actor, filing) for filing in visible)
    return render_template("groups/show.html", group=visible[0].group, filings=visible, full=full)
