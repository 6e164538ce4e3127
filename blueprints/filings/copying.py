"""从以前的备案复制: a form that begins with what an earlier filing said."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.filings.desk import Desk
from blueprints.filings.fields import an_id
from blueprints.filings.filling import copied_form
from blueprints.guards import LARGEST_ID, may
from blueprints.paging import asked_before
from operations import permissions, reading
from operations.errors import NotAllowed, NotFound
from operations.viewing import note_mobiles_seen

copying = Blueprint("copying", __name__)


@copying.get("/filings/earlier")
@may(permissions.is_member)
def earlier() -> ResponseReturnValue:
    """What the person filed before, to choose what the new form begins with."""
    return render_template("filings/earlier.html", filings=reading.filings_of(g.actor, before=asked_before()))


def copy_page(said: str) -> ResponseReturnValue:
    """The new form, filled in from the person's filing of this id. Raises NotFound or NotAllowed."""
    filing_id = an_id(said)
    if filing_id is None or filing_id > LARGEST_ID:
        raise NotFound
    filing = reading.get_filing(filing_id)
    if not permissions.is_applicant(g.actor, filing):
        raise NotAllowed
    choices = reading.form_choices(g.actor)
    page = Desk(copied_form(filing, choices), choices).page(copied_from=filing.group.name)
    note_mobiles_seen(g.actor, filing, permissions.typed_by_applicant(filing))
    return page
