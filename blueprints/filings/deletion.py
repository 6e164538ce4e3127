"""删除草稿: asking whether, and doing it."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.errors import refused
from blueprints.guards import LARGEST_ID, may
from models import Action, Filing
from models.filings import WrongState
from operations import permissions
from operations.discarding import delete_draft, has_deleted
from operations.errors import NotFound

deletion = Blueprint("deletion", __name__)


@deletion.route("/filings/<int:filing_id>/deletion", methods=["GET", "POST"])
@may(permissions.is_applicant)
def ask(filing: Filing) -> ResponseReturnValue:
    """Ask whether to delete the draft, and do it; what was sent once is shown instead, with the reason."""
    try:
        return _page_or_done(filing)
    except WrongState as error:
        flash(error.sentence, "warning")
        return redirect(url_for("filings.show", filing_id=filing.id))


def _page_or_done(filing: Filing) -> ResponseReturnValue:
    if not filing.allows(Action.DELETE):
        raise WrongState(Action.DELETE, filing.state)
    if request.method == "GET":
        return render_template("filings/deletion.html", filing=filing)
    delete_draft(g.actor, filing.id)
    return _done()


@deletion.errorhandler(NotFound)
def say_it_is_done(error: NotFound) -> ResponseReturnValue:
    """To its author a second press reads as the first; to everybody else there is no such draft."""
    filing_id = (request.view_args or {})["filing_id"]
    return _done() if filing_id <= LARGEST_ID and has_deleted(g.actor, filing_id) else refused(error)


def _done() -> ResponseReturnValue:
    flash("草稿已删除。", "success")
    return redirect(url_for("home.show"))
