"""征求意见: asking somebody's opinion on a step, and giving it."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.filings.fields import paragraph
from blueprints.filings.forms import PageForm, StepForm
from blueprints.guards import may
from blueprints.picking import PersonFields
from blueprints.statuses import UNPROCESSABLE
from models import Filing, Opinion
from operations import permissions
from operations.actors import Actor
from operations.errors import NoLongerPending, NotTheHolder, OperationRefused, RefusedField
from operations.opinions import NotAnswered, answer_opinion, ask_opinion

opinions = Blueprint("opinions", __name__)


class OpinionForm(PersonFields, StepForm):
    """Who is asked, and what."""

    question = paragraph("征求意见的问题", 500)

    def says_all(self) -> bool:
        """Whether it says what is asked; if not, the field says so."""
        self.validate()
        if not self.question.data and not self.question.errors:
            self.question.errors = ["请写明征求意见的问题，对方要据此答复。"]
        return not (self.question.errors or self.person.errors)


class AnswerForm(PageForm):
    """What one thinks of it."""

    answer = paragraph("我的意见", 1000)

    def says_all(self) -> bool:
        """Whether there is an answer; if not, the field says so."""
        self.validate()
        if not self.answer.data and not self.answer.errors:
            self.answer.errors = ["请写明意见，再按“答复”。"]
        return not self.answer.errors


def asked_of(actor: Actor, filing: Filing) -> Opinion | None:
    """The newest opinion on this filing that the person was asked for and did not give: may be no longer needed."""
    asked = [o for step in filing.steps for o in step.opinions if o.adviser_id == actor.id and not o.answered_at]
    return max(asked, key=lambda opinion: opinion.asked_at, default=None)


@opinions.route("/filings/<int:filing_id>/opinions", methods=["GET", "POST"])
@may(permissions.is_approver)
def ask(filing: Filing) -> ResponseReturnValue:
    """Choose whom to ask and write what; whose turn it is not is told so."""
    step = filing.pending_step
    if step is None or not permissions.can_take(g.actor, filing, step):
        raise NotTheHolder("现在不由您办理这一步，不能征求意见。")
    form = OpinionForm()
    if not form.is_submitted():
        form.step_id.data = str(step.id)
        return _ask_page(filing, form)
    fits, person = form.says_all(), form.find_person()
    if not fits or person is None:
        return _ask_page(filing, form), UNPROCESSABLE
    filing_id, name = filing.id, person.name
    try:
        ask_opinion(g.actor, filing_id, person.id, form.question.data or "", step_id=form.step)
    except RefusedField as refused:
        form.person.errors = [refused.sentence]
        return _ask_page(filing, form), UNPROCESSABLE
    flash(f"已向{name}征求意见，对方会收到消息。不用等答复也可以办理。", "success")
    return redirect(url_for("filings.show", filing_id=filing_id))


@opinions.post("/filings/<int:filing_id>/opinions/<int:opinion_id>/answer")
@may(permissions.can_answer)
def answer(filing: Filing, opinion: Opinion) -> ResponseReturnValue:
    """Give the opinion that one was asked for."""
    form = AnswerForm()
    # To somebody who is too late, that is the news, and not what their form lacks.
    if opinion.is_open and not form.says_all():
        return render_template("filings/answer.html", filing=filing, asked=opinion, answer_form=form), UNPROCESSABLE
    answer_opinion(g.actor, filing.id, opinion.id, form.answer.data or "")
    flash("已答复，提问的人会收到消息。", "success")
    return redirect(url_for("filings.show", filing_id=filing.id))


@opinions.errorhandler(NotAnswered)
@opinions.errorhandler(NoLongerPending)
@opinions.errorhandler(NotTheHolder)
def show_the_truth(error: OperationRefused) -> ResponseReturnValue:
    """The page was old, or somebody was faster: say so, and show how things stand."""
    flash(error.sentence, "warning")
    return redirect(url_for("filings.show", filing_id=(request.view_args or {})["filing_id"]))


def _ask_page(filing: Filing, form: OpinionForm) -> str:
    errors = [("", field) for field in form if field.errors]
    return render_template("filings/opinion.html", filing=filing, form=form, errors=errors)
