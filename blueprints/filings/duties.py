"""职责确认: 群主 and 管理员 confirm on the page that they know their duties."""

from flask import Blueprint, flash, g, redirect, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from models import Filing, FilingState
from operations import permissions
from operations.committing import commit
from operations.errors import NotAsked

duties = Blueprint("duties", __name__)


@duties.post("/filings/<int:filing_id>/commitment")
@may(permissions.has_duties)
def confirm(filing: Filing) -> ResponseReturnValue:
    """Confirm one's duties for the filing's group; pressed twice, or too late, the page says how things stand."""
    filing_id, name, over = filing.id, filing.group.name, filing.state is FilingState.REGISTERED
    group_id = filing.group_id
    try:
        commit(g.actor, filing_id)
        flash(f"已确认职责：{name}", "success")
    except NotAsked as refused:
        flash(refused.sentence, "warning")
    if over:
        return redirect(url_for("groups.show", group_id=group_id, _anchor="duties"))
    return redirect(url_for("filings.show", filing_id=filing_id, _anchor="duties"))
