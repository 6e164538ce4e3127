"""线下已审: an approval that was signed on the paper form, entered by a registrar who has its scan before them."""

from datetime import date, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from extensions import db
from models import Channel, Decision, Evidence, EvidenceKind, Filing, Outcome, Step, StepState, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import permissions
from operations.actors import Actor, as_held
from operations.clock import college_today
from operations.decisions import carry_on, close_cards, move_on, step_meant
from operations.errors import NoLongerPending, NotAllowed, RefusedField
from operations.posts import Holders, Taker
from operations.turns import holders_for, locked_filing
from regulation.text import fold_name

#: How old a signature may be that is still entered.
OLDEST = timedelta(days=365)


def has_signed_form(filing_id: int) -> bool:
    """Whether the scan of the signed form is there."""
    return _has_signed_form(db.session(), filing_id)


def enter_paper_approval(
    actor: Actor, filing_id: int, *, signer: str, signed_on: date, step_id: int | None = None
) -> None:
    """Enter that the approval whose turn it is was signed on paper; the filing goes on as if it had been given here.

    `step_id` is the step the page showed. Raises NotAllowed, AlreadyDecided, NoLongerPending, or RefusedField naming
    `signer` or `signed_on`.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        step, held = step_meant(filing, step_id), holders_for(session, filing)
        if not permissions.may_enter_paper(as_held(actor, held), filing):
            raise NotAllowed
        if step.is_registration:
            raise NoLongerPending("审核已经完成，只差备案登记，不用补录线下审核。")
        if not _has_signed_form(session, filing_id):
            raise NotAllowed("请先上传签字的登记表，再补录线下审核。")
        _refuse_what_was_said(signer, signed_on)
        _refuse_the_applicant(filing, step, held, signer)
        now = utc_now()
        move_on(filing, step, Outcome.APPROVED)
        step.decision = Decision(
            outcome=Outcome.APPROVED,
            person_id=actor.id,
            person_name=actor.name,
            on_behalf_of_id=_signer_id(step, held, signer),
            on_behalf_of=signer.strip(),
            post_label=step.post_label,
            reason=f"{signer.strip()}于{signed_on}在登记表上签字同意",
            channel=Channel.PAGE,
            on_paper=True,
            decided_at=now,
        )
        step.state = StepState.DONE
        with session.no_autoflush:
            close_cards(session, step, step.decision)
            carry_on(session, filing, step, held, now)
        session.flush()
        details = {"step": step.id, "signed_on": str(signed_on)}
        record(session, "filing.paper", filing, by=(actor.id, actor.name), details=details)


def _has_signed_form(session: Session, filing_id: int) -> bool:
    signed = (Evidence.filing_id == filing_id, Evidence.kind == EvidenceKind.SIGNED_FORM, Evidence.removed_at.is_(None))
    return bool(session.scalar(select(exists().where(*signed))))


def _refuse_what_was_said(signer: str, signed_on: date) -> None:
    if not signer.strip():
        raise RefusedField("signer", "请填写签字人姓名，照登记表上的签名。")
    today = college_today()
    if signed_on > today:
        raise RefusedField("signed_on", "签字日期不能晚于今天，请照登记表填写。")
    if signed_on < today - OLDEST:
        remedy = "请核对年份；登记表确实是一年以前签的，请审核人重新签字，或在系统里审核（第八条）。"
        raise RefusedField("signed_on", f"签字日期不能早于{today - OLDEST}。{remedy}")


def whose_signature(step: Step, held: Holders) -> list[Taker]:
    """Whose signature the step asks for: who holds its post, or whoever it was passed on to (转办); else who acts."""
    able = held.able(step)
    return [taker for taker in able if not taker.on_behalf_of] or able


def _signer_id(step: Step, held: Holders, signer: str) -> int | None:
    """Who of those who may take the step has the name that was signed, if it is one person."""
    name = fold_name(signer)
    found = [taker.person_id for taker in held.able(step) if fold_name(taker.identity.person.name) == name]
    return found[0] if len(found) == 1 else None


def _refuse_the_applicant(filing: Filing, step: Step, held: Holders, signer: str) -> None:
    """Nobody approves their own filing, on paper neither; another of the same name who may take the step may have.

    Where the rules let the applicant be the approver, no step waits: it was passed on as such (turns.why_passed).
    """
    name = fold_name(signer)
    others = {fold_name(taker.identity.person.name) for taker in held.able(step)}
    if name == fold_name(filing.applicant_name) and name not in others:
        sentence = f"申请人不能审核自己的备案（第八条），请填写在登记表上签字的{step.post_label}的姓名。"
        raise RefusedField("signer", sentence)


def is_open_to_paper(filing: Filing) -> bool:
    """Whether an approval waits that may have been signed on paper."""
    return filing.pending_step is not None and not filing.pending_step.is_registration
