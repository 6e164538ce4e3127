"""实名昵称核对 on a group's page: a member list is compared with the directory, and what does not fit is shown once."""

from collections.abc import Sequence

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from blueprints.nicknames.forms import LARGEST, LARGEST_SAID, TOO_LARGE, MembersForm
from blueprints.statuses import UNPROCESSABLE
from blueprints.uploads import accepts_files
from models import Filing
from operations import permissions
from operations.errors import RefusedField
from operations.nicknames import MOST, check_nicknames, example_for, last_check
from regulation.nicknames import Comparison

nicknames = Blueprint("nicknames", __name__)

#: How many that do not fit are shown at most.
SHOWN = 500


@nicknames.get("/groups/<int:group_id>/nicknames")
@may(permissions.can_check_nicknames)
def show(filings: Sequence[Filing]) -> ResponseReturnValue:
    """The form, and how many fitted the last time."""
    return _page_of(filings[0], MembersForm(formdata=None))


@nicknames.post("/groups/<int:group_id>/nicknames")
@accepts_files(most=4 * LARGEST, sentence=TOO_LARGE)
@may(permissions.can_check_nicknames)
def check(filings: Sequence[Filing]) -> ResponseReturnValue:
    """What fits as a number, and what does not, with the reason; nothing of it is kept but the counts."""
    form, group_id = MembersForm(), filings[0].group_id
    text = form.text()
    if text is None:
        return _page_of(filings[0], form), UNPROCESSABLE
    try:
        found = check_nicknames(g.actor, group_id, text)
    except RefusedField as refused:
        form.members.errors = [refused.sentence]
        return _page_of(filings[0], form), UNPROCESSABLE
    return _page_of(filings[0], form, found)


def _page_of(filing: Filing, form: MembersForm, found: Comparison | None = None) -> str:
    return render_template(
        "nicknames/show.html",
        group=filing.group,
        form=form,
        found=found,
        shown=found.misfits[:SHOWN] if found else [],
        last=None if found else last_check(filing.group_id),
        example=example_for(filing.group),
        most=MOST,
        largest=LARGEST_SAID,
        errors=[("", field) for field in form if field.errors],
    )
