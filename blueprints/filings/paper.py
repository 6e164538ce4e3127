"""线下已审: a registrar enters what was signed on the paper form."""

from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.filings.fields import DayField, text
from blueprints.filings.forms import StepForm
from blueprints.filings.views import show_the_truth
from blueprints.guards import may
from blueprints.statuses import UNPROCESSABLE
from models import EvidenceKind, Filing
from operations import permissions, reading
from operations.decisions import step_meant
from operations.errors import AlreadyDecided, NoLongerPending, RefusedField
from operations.evidence import evidence_of
from operations.paper import enter_paper_approval, has_signed_form, is_open_to_paper, whose_signature

paper = Blueprint("paper", __name__)
for refusal in (AlreadyDecided, NoLongerPending):
    paper.register_error_handler(refusal, show_the_truth)


class PaperForm(StepForm):
    """Who signed and when."""

    signer = text("签字人姓名", 64)
    signed_on = DayField("签字日期")

    def says_all(self) -> bool:
        """Whether it says all it must; if not, each field says what it lacks."""
        self.validate()
        for field, sentence in ((self.signer, "请填写签字人姓名。"), (self.signed_on, "请选择签字日期。")):
            if not field.data and not field.errors:
                field.errors = [sentence]
        return not self.signer.errors and not self.signed_on.errors

    @property
    def day(self) -> date:
        """The day, where the form says all it must."""
        assert self.signed_on.data is not None  # noqa: S101 - see says_all
        return self.signed_on.data


@paper.route("/filings/<int:filing_id>/paper", methods=["GET", "POST"])
@may(permissions.may_enter_paper)
def enter(filing: Filing) -> ResponseReturnValue:
    """Enter that the approval whose turn it is was signed on paper."""
    form, filing_id = PaperForm(), filing.id
    if not is_open_to_paper(filing) or not has_signed_form(filing_id):
        if request.method == "POST":
            step_meant(filing, form.step)  # decided or withdrawn meanwhile: that is the news
        flash("只有等待审核、并且已上传签字的登记表的备案，才能补录线下审核。", "warning")
        return redirect(url_for("filings.show", filing_id=filing_id))
    if request.method == "GET":
        return _page(filing, form, first=True)
    if not form.says_all():
        return _page(filing, form), UNPROCESSABLE
    try:
        enter_paper_approval(g.actor, filing_id, signer=form.signer.data, signed_on=form.day, step_id=form.step)
    except RefusedField as refused:
        form[refused.field].errors = [refused.sentence]
        return _page(reading.get_filing(filing_id), form), UNPROCESSABLE
    flash("已补录线下审核。", "success")
    return redirect(url_for("filings.show", filing_id=filing_id))


def _page(filing: Filing, form: PaperForm, *, first: bool = False) -> str:
    """The form beside the scan and the names it may bear; the `first` time with the name, if there is but one."""
    step = filing.pending_step
    assert step is not None  # noqa: S101 - is_open_to_paper
    signers = [taker.identity.person.name for taker in whose_signature(step, reading.holders_of(filing))]
    if first and len(signers) == 1:
        form.signer.data = signers[0]
    return render_template(
        "filings/paper.html",
        filing=filing,
        step=step,
        signers=signers,
        scans=[file for file in evidence_of(filing.id) if file.kind is EvidenceKind.SIGNED_FORM],
        form=form,
        wrong=[("", field) for field in form if field.errors],
    )
