"""A tap on a card's 同意, 确认接任 or 确认职责: done at once if it is the person's to do, else answered truthfully."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from messaging.platforms.wecom_callbacks import CardTap
from messaging.platforms.wecom_cards import APPROVE_KEY, COMMIT_KEY, TAKE_OVER_KEY
from models import Message, MessageKind, Outcome
from models.database import unit_of_work
from operations.actors import Actor
from operations.appointing import find_person
from operations.committing import commit_in
from operations.decisions import Tap, decide_in
from operations.errors import AlreadyDecided, NoLongerPending, NotAsked, OperationRefused, PassedOn
from operations.handovers import confirm_in
from operations.hearing import is_new

Act = Callable[[Session, CardTap, Message], None]


def answer_tap(tap: CardTap) -> None:
    """Act on a tap once. An unknown card, an unknown button or a repeated delivery does nothing."""
    with unit_of_work() as session:
        if not is_new(session, tap.event_key, "template_card_event"):
            return
        message = session.scalars(
            select(Message).where(Message.task_id == tap.task_id, Message.kind == MessageKind.REQUEST)
        ).one_or_none()
        act = ACTS.get((tap.key, _about(message))) if message is not None else None
        if message is not None and act is not None:
            _do_or_explain(session, tap, message, act)


def _do_or_explain(session: Session, tap: CardTap, message: Message, act: Act) -> None:
    try:
        act(session, tap, message)
    except OperationRefused as refused:
        text = _card_text(refused)
        outbox.close_again(session, message, text, code=tap.response_code, user_id=tap.user_id)


def _decide(session: Session, tap: CardTap, message: Message) -> None:
    assert message.filing_id is not None  # noqa: S101 - a request for a decision is about a filing
    decide_in(
        session,
        _actor(session, tap.user_id),
        message.filing_id,
        Outcome.APPROVED,
        step_id=message.step_id,
        tap=Tap(message, tap.response_code),
    )


def _take_over(session: Session, tap: CardTap, message: Message) -> None:
    assert message.handover_id is not None  # noqa: S101 - ACTS asks for it
    actor = _actor(session, tap.user_id)
    confirm_in(session, actor, message.handover_id, tap=Tap(message, tap.response_code))


def _commit(session: Session, tap: CardTap, message: Message) -> None:
    assert message.filing_id is not None  # noqa: S101 - whom a filing names is asked
    actor = _actor(session, tap.user_id)
    commit_in(session, actor, message.filing_id, tap=Tap(message, tap.response_code))


def _about(message: Message) -> str:
    """What kind of question the card asks."""
    if message.handover_id is not None:
        return "handover"
    return "commitment" if message.commitment_id is not None else "step"


#: What a button does: by its key, and what the card is about.
ACTS: dict[tuple[str, str], Act] = {
    (APPROVE_KEY, "step"): _decide,
    (TAKE_OVER_KEY, "handover"): _take_over,
    (COMMIT_KEY, "commitment"): _commit,
}


def _actor(session: Session, user_id: str) -> Actor:
    """Who tapped; somebody unknown, or who left, holds no post and is refused as such."""
    person = find_person(session, user_id)
    return Actor(id=person.id, name=person.name) if person else Actor(id=0, name="")


def _card_text(refused: OperationRefused) -> str:
    if isinstance(refused, AlreadyDecided):
        return cards.closing_text(refused.decision)
    if isinstance(refused, PassedOn):
        return cards.passed_on_to(refused.name)
    if isinstance(refused, NotAsked):
        return refused.card
    return cards.TAPPED_AFTER_WITHDRAWAL if isinstance(refused, NoLongerPending) else cards.TAPPED_BY_ANOTHER
