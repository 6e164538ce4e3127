"""转办: choosing who decides a step instead of its post's holders, and taking it back."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.filings.fields import paragraph
from blueprints.filings.forms import StepForm
from blueprints.filings.views import show_the_truth
from blueprints.guards import may
from blueprints.picking import PersonFields
from blueprints.statuses import UNPROCESSABLE
from models import Filing
from operations import permissions, reading
from operations.decisions import step_meant
from operations.errors import AlreadyDecided, NoLongerPending, PassedOn, RefusedField
from operations.reassigning import can_reassign, can_take_back, reassign, take_back

reassigning = Blueprint("reassigning", __name__)
for refusal in (AlreadyDecided, NoLongerPending, PassedOn):
    reassigning.register_error_handler(refusal, show_the_truth)


class ReassignmentForm(StepForm, PersonFields):
    """To whom, and what they are told."""

    text = paragraph("说明", 500)

    def says_all(self) -> bool:
        """Whether it says all it must; if not, each field says what it lacks."""
        self.validate()
        if not self.text.data and not self.text.errors:
            self.text.errors = ["请写明转办的原因或要求，对方会看到。"]
        return not (self.text.errors or self.person.errors)


@reassigning.route("/filings/<int:filing_id>/reassignment", methods=["GET", "POST"])
@may(permissions.may_reassign)
def choose(filing: Filing) -> ResponseReturnValue:
    """Pass the step whose turn it is on to somebody, or let it be its post's again."""
    form = ReassignmentForm()
    if request.form.get("action") == "back":
        take_back(g.actor, filing.id, step_id=form.step)
        flash("已收回，由原岗位办理。", "success")
        return redirect(url_for("home.approvals"))
    if not _is_open(filing):
        if request.method == "POST":
            step_meant(filing, form.step)  # decided or withdrawn meanwhile: that is the news
        flash("这份备案目前不由您转办：已经办完、已撤回，或者不是您办理。", "warning")
        return redirect(url_for("filings.show", filing_id=filing.id))
    if request.method == "GET":
        return _page(filing, form)
    name = _give(filing, form)
    if name is None:
        return _page(filing, form), UNPROCESSABLE
    flash(f"已转由{name}办理，对方会收到通知。", "success")
    return redirect(url_for("home.approvals"))


def _is_open(filing: Filing) -> bool:
    held = reading.holders_of(filing)
    return can_reassign(g.actor, filing, held) or can_take_back(g.actor, filing, held)


def _give(filing: Filing, form: ReassignmentForm) -> str | None:
    """Pass the step on as the form says, and to whom; None with the sentences at its fields."""
    fits, person = form.says_all(), form.find_person()
    if not fits or person is None:
        return None
    name = person.name
    try:
        reassign(g.actor, filing.id, person.id, text=form.text.data, step_id=form.step)
    except RefusedField as refused:
        form[refused.field].errors = [refused.sentence]
        return None
    return name


def _page(filing: Filing, form: ReassignmentForm) -> str:
    filing = reading.get_filing(filing.id)
    held, step = reading.holders_of(filing), filing.pending_step
    return render_template(
        "filings/reassignment.html",
        filing=filing,
        step=step,
        form=form,
        who=[taker.who for taker in held.able(step)] if step else [],
        gives=can_reassign(g.actor, filing, held),
        takes_back=can_take_back(g.actor, filing, held),
        has_it=step is not None and step.assignee_id == g.actor.id,
        wrong=[("", field) for field in form if field.errors],
    )
