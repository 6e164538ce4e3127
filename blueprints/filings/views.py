"""The pages of a filing: its form, the page before sending, its record, and what can be done to it."""

from collections.abc import Sequence

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.filings.copying import copy_page
from blueprints.filings.desk import Desk
from blueprints.filings.filling import form_of, new_form, posted_form
from blueprints.filings.forms import CommitmentForm, DecisionForm, WithdrawalForm
from blueprints.filings.holding import holding_of
from blueprints.filings.opinions import AnswerForm, asked_of
from blueprints.filings.progress import acting_as, refusal_of, stages
from blueprints.filings.sending import is_ready_to_send, show_findings
from blueprints.guards import may
from blueprints.statuses import UNPROCESSABLE
from models import Action, Filing, FilingEvent, Outcome
from models.filings import WrongState
from operations import nudging, permissions, reading
from operations.checks import findings_of
from operations.clock import college_today
from operations.decisions import decide
from operations.drafts import fingerprint
from operations.duties import duty_sheet
from operations.errors import AlreadyDecided, ChangedMeanwhile, NoLongerPending, PassedOn, RefusedByRules
from operations.evidence import evidence_of
from operations.filed_people import people_of
from operations.filing_messages import messages_about
from operations.filings import submit, take_over, withdraw
from operations.group_people import changes_during, vacancies_of
from operations.owing import owed_by
from operations.paper import has_signed_form, is_open_to_paper
from operations.posts import Holders
from operations.reassigning import can_reassign, can_take_back
from operations.routing import PreviewStep, preview, preview_takeover
from operations.rules import rules_for
from operations.timeline import events_of, last_promise
from operations.vacancies import UNFINISHED_FILINGS
from operations.viewing import note_mobiles_seen

filings = Blueprint("filings", __name__)


@filings.route("/filings/new", methods=["GET", "POST"])
@may(permissions.is_member)
def new() -> ResponseReturnValue:
    """A form to fill in, empty or from an earlier filing; going back to one that was saved leads to what was kept."""
    if request.method == "GET" and (filing_id := reading.find_filing_of_form(g.actor, request.args.get("form", ""))):
        return redirect(url_for(".edit", filing_id=filing_id))
    if request.method == "GET" and (original := request.args.get("from")):
        return copy_page(original)
    choices = reading.form_choices(g.actor)
    if request.method == "POST":
        return Desk(posted_form(choices), choices).take()
    return Desk(new_form(g.actor, choices), choices).page()


@filings.route("/filings/<int:filing_id>/edit", methods=["GET", "POST"])
@may(permissions.is_applicant)
def edit(filing: Filing) -> ResponseReturnValue:
    """The form of a draft, or of a filing that was sent back."""
    if not filing.allows(Action.EDIT):
        raise WrongState(Action.EDIT, filing.state)
    if request.method == "GET":
        return _desk_of(filing).page()
    choices = reading.form_choices(g.actor)
    return Desk(posted_form(choices, filing), choices, filing).take()


@filings.route("/filings/<int:filing_id>/confirm", methods=["GET", "POST"])
@may(permissions.is_applicant)
def confirm(filing: Filing) -> ResponseReturnValue:
    """What will be sent, to whom, by which article, and the commitment to make."""
    if not filing.allows(Action.SUBMIT):
        return redirect(url_for(".show", filing_id=filing.id))
    promise = CommitmentForm()
    if promise.validate_on_submit():
        return _send(filing, seen=promise.seen.data or "")
    desk = _desk_of(filing)
    if not is_ready_to_send(desk.form, filing):
        return desk.page(UNPROCESSABLE)
    try:
        route = preview(filing)
    except RefusedByRules as refused:
        show_findings(desk.form, refused.findings)
        return desk.page(UNPROCESSABLE)
    page = _confirm_page(filing, promise, route)
    note_mobiles_seen(g.actor, filing, permissions.typed_by_applicant(filing))
    return page, UNPROCESSABLE if promise.is_submitted() else 200


@filings.get("/filings/<int:filing_id>")
@may(permissions.can_see)
def show(filing: Filing) -> ResponseReturnValue:
    """The filing: its facts, how far it has come, and what this person can do about it."""
    return _page_of(filing, DecisionForm(formdata=None))


@filings.post("/filings/<int:filing_id>/decision")
@may(permissions.is_approver)
def decision(filing: Filing) -> ResponseReturnValue:
    """Take the decision of the button that was pressed, on the step that the page showed."""
    form = DecisionForm()
    outcome = next((known for known in Outcome if known.value == request.form.get("outcome")), None)
    # To somebody who is too late, that is the news, and not what their form lacks.
    if outcome is None or form.is_garbled or (_is_yours_to_decide(filing) and not form.fits(outcome)):
        form.reason.errors = form.reason.errors or ["请选择同意、退回修改或其他给出的处理方式。"]
        return _page_of(filing, form), UNPROCESSABLE
    decide(g.actor, filing.id, outcome, reason=form.reason.data, step_id=form.step)
    flash(f"{outcome.label}：{filing.group.name}", "success")
    return redirect(url_for(".show", filing_id=filing.id))


@filings.route("/filings/<int:filing_id>/withdrawal", methods=["GET", "POST"])
@may(permissions.is_applicant)
def withdrawal(filing: Filing) -> ResponseReturnValue:
    """Ask whether to take the filing back, and do it."""
    if not filing.allows(Action.WITHDRAW):
        raise WrongState(Action.WITHDRAW, filing.state)
    form = WithdrawalForm()
    if not form.validate_on_submit():
        page = render_template("filings/withdrawal.html", filing=filing, form=form)
        return page, UNPROCESSABLE if form.is_submitted() else 200
    withdraw(g.actor, filing.id, reason=form.reason.data)
    flash("已撤回。", "success")
    return redirect(url_for(".show", filing_id=filing.id))


@filings.post("/filings/<int:filing_id>/nudge")
@may(permissions.is_applicant)
def nudge(filing: Filing) -> ResponseReturnValue:
    """Ask whoever has it to see to it."""
    told = nudging.nudge(g.actor, filing.id)
    flash(f"已催办，{'、'.join(told)}会收到消息。", "success")
    return redirect(url_for(".show", filing_id=filing.id))


@filings.route("/filings/<int:filing_id>/takeover", methods=["GET", "POST"])
@may(permissions.heads_its_department)
def takeover(filing: Filing) -> ResponseReturnValue:
    """Ask whether to go on with a filing whose applicant left or moved, and do it."""
    if permissions.is_applicant(g.actor, filing):
        return redirect(url_for(".show", filing_id=filing.id))
    if not permissions.can_take_over(g.actor, filing):
        flash("这份备案不用接办：申请人仍在本部门，或者已经办完。", "warning")
        return redirect(url_for(".show", filing_id=filing.id))
    if request.method == "GET":
        return _takeover_page(filing)
    take_over(g.actor, filing.id)
    flash("已接办，您现在是这份备案的申请人。", "success")
    return redirect(url_for(".show", filing_id=filing.id))


@filings.errorhandler(WrongState)
@filings.errorhandler(AlreadyDecided)
@filings.errorhandler(NoLongerPending)
@filings.errorhandler(PassedOn)
@filings.errorhandler(nudging.NotNudged)
def show_the_truth(error: WrongState | AlreadyDecided | NoLongerPending | nudging.NotNudged) -> ResponseReturnValue:
    """Somebody was faster, or the page was old: say so, and show how things stand."""
    flash(error.sentence, "warning")
    if filing_id := (request.view_args or {}).get("filing_id"):
        return redirect(url_for("filings.show", filing_id=filing_id))
    return redirect(url_for("home.show"))


def _is_yours_to_decide(filing: Filing) -> bool:
    return permissions.can_decide(g.actor, filing) or permissions.can_register(g.actor, filing)


def _desk_of(filing: Filing) -> Desk:
    """The form as the filing keeps it."""
    choices = reading.form_choices(g.actor)
    return Desk(form_of(filing, choices), choices, filing)


def _send(filing: Filing, *, seen: str) -> ResponseReturnValue:
    """Submit what the page showed; what the rules refuse at the last moment is shown in the form."""
    filing_id = filing.id
    try:
        submit(g.actor, filing_id, seen=seen)
    except RefusedByRules as refused:
        desk = _desk_of(reading.get_filing(filing_id))
        show_findings(desk.form, refused.findings)
        return desk.page(UNPROCESSABLE)
    except ChangedMeanwhile as changed:
        flash(changed.sentence, "warning")
        return redirect(url_for(".confirm", filing_id=filing_id))
    flash("已提交，下面可以看到办理进度。", "success")
    return redirect(url_for(".show", filing_id=filing_id))


def _confirm_page(filing: Filing, form: CommitmentForm, route: list[PreviewStep]) -> str:
    # Whatever an earlier page showed: this one shows what the draft says now.
    form.seen.data = fingerprint(filing)
    return render_template(
        "filings/confirm.html",
        filing=filing,
        group=filing.group,
        full=permissions.people_in_full(g.actor, filing),
        form=form,
        route=route,
        warnings=findings_of(filing),
        evidence=evidence_of(filing.id),
        commitment=rules_for(filing).commitment,
    )


def _takeover_page(filing: Filing) -> str:
    """What becomes of the filing, and of the step it waits at, once its head is its applicant too."""
    return render_template(
        "filings/takeover.html",
        filing=filing,
        route=preview_takeover(g.actor, filing),
        decides_now=permissions.can_decide(g.actor, filing),
        findings=findings_of(filing),
    )


def _page_of(filing: Filing, form: DecisionForm) -> str:
    yours = _is_yours_to_decide(filing)
    held = reading.holders_of(filing)
    events = events_of(filing.id)
    full = permissions.people_in_full(g.actor, filing)
    page = render_template(
        "filings/show.html",
        filing=filing,
        group=filing.group,
        people_of_filing=people_of(filing),
        lacks_applicant=filing.applicant.left_at is not None and filing.state in UNFINISHED_FILINGS,
        vacancy=vacancies_of([filing.group_id]).get(filing.group_id),
        # Beside the people of its day, those of today are named on the group's own page.
        sheet=None if filing.people_as_filed else duty_sheet([filing]),
        owed=owed_by(filing.group),
        promise=last_promise(events),
        commitment=rules_for(filing).commitment,
        holding=holding_of(filing, held, events),
        asked=asked_of(g.actor, filing),
        answer_form=AnswerForm(formdata=None),
        nudging_rests=_why_nudging_rests(events),
        reassigns=_reassigns(filing, held),
        enters_paper=_enters_paper(filing),
        stages=stages(filing, held, events, changes_during(filing)),
        acting=acting_as(g.actor, filing, held) if yours else "",
        findings=findings_of(filing) if yours else [],
        full=full,
        form=form if yours else None,
        returning=request.args.get("decision") == "return",
        refusal=refusal_of(filing),
        sendings=messages_about(filing),
        evidence=evidence_of(filing.id) if permissions.sees_evidence(g.actor, filing) else (),
    )
    if full:
        note_mobiles_seen(g.actor, filing, full)
    return page


def _why_nudging_rests(events: Sequence[FilingEvent]) -> str:
    today = college_today()
    rest = nudging.rest_of(events, today)
    return rest.said(today) if rest else ""


def _reassigns(filing: Filing, held: Holders) -> str:
    """Whether this person may pass the step on ("give") or, somebody having it, only take it back ("back")."""
    if can_reassign(g.actor, filing, held):
        return "give"
    return "back" if can_take_back(g.actor, filing, held) else ""


def _enters_paper(filing: Filing) -> str:
    """Whether this person may enter that the approval was signed on paper ("enter"), or first add its scan ("scan")."""
    if not (permissions.may_enter_paper(g.actor, filing) and is_open_to_paper(filing)):
        return ""
    return "enter" if has_signed_form(filing.id) else "scan"
