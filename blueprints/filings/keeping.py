"""A form is kept as a draft while it is being filled in; the form's script asks for it."""

from flask import Blueprint, abort, g, jsonify, url_for
from flask.typing import ResponseReturnValue

from blueprints.errors import status_of
from blueprints.filings.fields import an_id
from blueprints.filings.filling import form_of, posted_form
from blueprints.filings.forms import FilingForm
from blueprints.filings.sending import every_field, fields_with_errors, is_understood
from blueprints.guards import may, who_asks
from blueprints.statuses import CONFLICT, UNPROCESSABLE
from extensions import limiter
from models import Filing
from models.filings import WrongState
from operations import permissions, reading
from operations.drafts import keep_draft
from operations.errors import OperationRefused

keeping = Blueprint("keeping", __name__)

# Two seconds after the last letter, and once more when the page is left.
limiter.limit("60 per minute", key_func=who_asks)(keeping)


@keeping.post("/filings/keep")
@may(permissions.is_member)
def keep_new() -> ResponseReturnValue:
    """Keep a new form as a draft."""
    return _keep(None)


@keeping.post("/filings/<int:filing_id>/keep")
@may(permissions.is_applicant)
def keep(filing: Filing) -> ResponseReturnValue:
    """Keep the form over the draft, or over the filing that was sent back, that it was opened from."""
    return _keep(filing)


@keeping.errorhandler(OperationRefused)
def refuse(error: OperationRefused) -> ResponseReturnValue:
    """Why the form can be kept no more, as a sentence for the page."""
    return jsonify(sentence=error.sentence), status_of(error)


@keeping.errorhandler(WrongState)
def say_it_was_sent(error: WrongState) -> ResponseReturnValue:
    """The filing was sent meanwhile, from another window."""
    return jsonify(sentence=error.sentence), CONFLICT


def _keep(filing: Filing | None) -> ResponseReturnValue:
    """Keep what can be read of the form; where it goes on, its version, and the labels of what was left out."""
    choices = reading.form_choices(g.actor)
    form = posted_form(choices, filing)
    form.validate()
    if not is_understood(form):
        abort(UNPROCESSABLE)
    left = _leave_out_unreadable(form, form_of(filing, choices) if filing else None)
    kept = keep_draft(
        g.actor,
        form.facts(),
        form_key=form.key,
        filing_id=filing.id if filing else None,
        version=an_id(form.version.data) if filing else None,
    )
    return jsonify(
        version=kept.version,
        edit=url_for("filings.edit", filing_id=kept.filing_id),
        keep=url_for(".keep", filing_id=kept.filing_id),
        filing_id=kept.filing_id,
        left=left,
    )


def _leave_out_unreadable(form: FilingForm, kept: FilingForm | None) -> list[str]:
    """Put what is kept already in place of what the form will not take; the labels of all that was replaced."""
    before = {field.id: field.data for _, field in every_field(kept)} if kept else {}
    now = {field.id: field.data for _, field in every_field(form)}
    wrong = list(fields_with_errors(form))
    for _, field in wrong:
        name = f"{field.id.rpartition('-')[0]}-name"
        # One person's number is not put under another's name.
        old = before.get(field.id) if before.get(name) == now.get(name) else None
        field.data = old or ("" if isinstance(field.data, str) else None)
    return [legend + field.label.text for legend, field in wrong]
