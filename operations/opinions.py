"""征求意见: whoever may take a step asks somebody's opinion. It decides nothing and holds nothing up."""

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from extensions import db
from messaging import cards, outbox
from models import EventKind, Filing, Group, Opinion, Person, Step, StepState, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import permissions, timeline
from operations.actors import Actor, as_held
from operations.errors import NoLongerPending, NotAllowed, NotFound, NotTheHolder, OperationRefused, RefusedField
from operations.posts import Holders, accounts_of
from operations.reading import Page, page_of
from operations.turns import holders_for, locked_filing

#: How many may be asked on one step before one of them has answered.
MOST_OPEN = 5


class NotAnswered(OperationRefused):
    """The opinion is given already, or the step it was asked on is over."""

    sentence = "这一步已经办理或有变动，已不需要答复。"


def ask_opinion(actor: Actor, filing_id: int, adviser_id: int, question: str, *, step_id: int | None = None) -> None:
    """Ask somebody's opinion on the step whose turn it is; they are told, and see the filing from now on.

    `step_id` is the step the page showed. Raises NotFound, NoLongerPending, NotTheHolder, or RefusedField where this
    person cannot be asked.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        step, held = filing.pending_step, holders_for(session, filing)
        if step is None or step_id not in (None, step.id):
            raise NoLongerPending("这一步已经办理或有变动，不用再征求意见。")
        if not permissions.can_take(as_held(actor, held), filing, step):
            raise NotTheHolder
        adviser = _adviser(session, actor, filing, adviser_id)
        opinion = _opinion_of(session, step, adviser)
        opinion.asked_by_id, opinion.asked_by_name = actor.id, actor.name
        opinion.question, opinion.asked_at = question.strip(), utc_now()
        session.add(opinion)
        session.flush()
        _tell_adviser(session, filing, opinion)
        _note_asked(session, actor, filing, step, held, opinion)
        details = {"step": step.id, "opinion": opinion.id, "adviser": adviser.id}
        record(session, "opinion.ask", filing, by=(actor.id, actor.name), details=details)


def answer_opinion(actor: Actor, filing_id: int, opinion_id: int, answer: str) -> None:
    """Give the opinion one was asked for; the asker and whoever may take the step now are told.

    Raises NotFound, NotAllowed, or NotAnswered where it is too late.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        opinion = read_opinion(session, opinion_id)
        if not permissions.can_answer(actor, filing, opinion):
            raise NotAllowed
        if opinion.answered_at is not None:
            raise NotAnswered("您已经答复过，不能再改。")
        if not opinion.is_open:
            raise NotAnswered
        opinion.answer, opinion.answered_at = answer.strip(), utc_now()
        _tell_askers(session, filing, opinion)
        by, to = (actor.id, actor.name), [opinion.asked_by_name]
        timeline.note(
            session,
            filing,
            EventKind.OPINION_GIVEN,
            by=by,
            step=opinion.step,
            to=to,
            text=opinion.answer,
            at=opinion.answered_at,
        )
        session.flush()
        record(session, "opinion.give", filing, by=by, details={"step": opinion.step_id, "opinion": opinion.id})


def get_opinion(opinion_id: int) -> Opinion:
    """The opinion with its step; raises NotFound."""
    return read_opinion(db.session(), opinion_id)


def read_opinion(session: Session, opinion_id: int) -> Opinion:
    """`get_opinion` in the transaction at hand."""
    query = select(Opinion).where(Opinion.id == opinion_id).options(joinedload(Opinion.step))
    opinion = session.scalars(query).one_or_none()
    if opinion is None:
        raise NotFound
    return opinion


def opinions_asked_of(actor: Actor, *, before: int | None = None) -> Page[Opinion]:
    """征求您的意见: what this person is asked and may still answer, newest first, each with its filing and group."""
    query = (
        select(Opinion)
        .join(Opinion.step)
        .join(Step.filing)
        .join(Filing.group)
        .where(_waits_for(actor))
        .options(contains_eager(Opinion.step).contains_eager(Step.filing).contains_eager(Filing.group))
        .options(joinedload(Opinion.step, Step.filing, Filing.group, Group.department))
    )
    return page_of(query, Opinion, before)


def count_of_opinions(actor: Actor) -> ScalarSelect[int]:
    """How many opinions this person is asked for, as part of a query that asks for more."""
    return select(func.count()).select_from(Opinion).join(Opinion.step).where(_waits_for(actor)).scalar_subquery()


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    return and_(Opinion.adviser_id == actor.id, is_still_open())


def is_still_open() -> ColumnElement[bool]:
    """The same rule as Opinion.is_open, asked of all at once."""
    with_the_asker = or_(Step.assignee_id.is_(None), Step.assignee_id == Opinion.asked_by_id)
    return and_(Opinion.answered_at.is_(None), Step.state == StepState.PENDING, with_the_asker)


def _adviser(session: Session, actor: Actor, filing: Filing, adviser_id: int) -> Person:
    account = accounts_of(session, {adviser_id}).get(adviser_id)
    if account is None:
        raise RefusedField("person", "对方已离职或没有消息账号，请选择其他人。")
    if adviser_id == actor.id:
        raise RefusedField("person", "不能征求自己的意见，请选择其他人。")
    if adviser_id == filing.applicant_id:
        raise RefusedField("person", f"{account.person.name}是这份备案的申请人；需要申请人补充的，请用“退回修改”。")
    return account.person


def _opinion_of(session: Session, step: Step, adviser: Person) -> Opinion:
    """A new opinion on the step; raises RefusedField where the adviser is asked already, or too many are.

    What somebody asked who no longer has the step, and nobody answered, is asked anew.
    """
    query = (
        select(Opinion)
        .where(Opinion.step_id == step.id, Opinion.answered_at.is_(None))
        .options(joinedload(Opinion.adviser))
    )
    unanswered = session.scalars(query).all()
    earlier = next((opinion for opinion in unanswered if opinion.adviser_id == adviser.id), None)
    if earlier is not None and earlier.is_open:
        raise RefusedField("person", f"已经向{adviser.name}征求意见，还在等对方答复。")
    if sum(opinion.is_open and opinion.adviser.left_at is None for opinion in unanswered) >= MOST_OPEN:
        raise RefusedField("person", f"这一步已有{MOST_OPEN}人没有答复，请等其中一位答复后再征求。")
    return earlier or Opinion(step=step, adviser_id=adviser.id, adviser_name=adviser.name)


def _tell_adviser(session: Session, filing: Filing, opinion: Opinion) -> None:
    accounts = accounts_of(session, {opinion.adviser_id}).values()
    event = f"opinion:{opinion.id}:asked:{opinion.asked_at}"
    outbox.tell(session, event, cards.opinion_asked(filing, opinion), recipients=accounts, filing=filing)


def _note_asked(session: Session, actor: Actor, filing: Filing, step: Step, held: Holders, opinion: Opinion) -> None:
    taker = next((taker for taker in held.able(step) if taker.person_id == actor.id), None)
    timeline.note(
        session,
        filing,
        EventKind.OPINION_ASKED,
        by=(actor.id, actor.name),
        step=step,
        post_label=step.post_label,
        on_behalf_of=taker.on_behalf_of if taker else "",
        to=[opinion.adviser_name],
        text=opinion.question,
        at=opinion.asked_at,
    )


def _tell_askers(session: Session, filing: Filing, opinion: Opinion) -> None:
    """The asker, and whoever is asked to take the step now: they need not be the same."""
    held = holders_for(session, filing)
    takers = {taker.person_id for taker in held.to_ask(opinion.step)}
    accounts = accounts_of(session, {opinion.asked_by_id, *takers} - {opinion.adviser_id})
    card = cards.opinion_given(filing, opinion)
    people = [accounts[person_id] for person_id in sorted(accounts)]
    outbox.tell(session, f"opinion:{opinion.id}:given", card, recipients=people, filing=filing)
