"""A tap on a card's 同意: decided at once if this person holds the post now, answered truthfully if not."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from messaging.platforms.wecom_callbacks import CardTap
from messaging.platforms.wecom_cards import APPROVE_KEY
from models import Message, MessageKind, Outcome
from models.database import unit_of_work
from operations.actors import Actor
from operations.appointing import find_person
from operations.decisions import Tap, decide_in
from operations.errors import AlreadyDecided, NoLongerPending, OperationRefused
from operations.hearing import is_new


def answer_tap(tap: CardTap) -> None:
    """Act on a tap once. An unknown card, an unknown button or a repeated delivery does nothing."""
    with unit_of_work() as session:
        if not is_new(session, tap.event_key, "template_card_event"):
            return
        message = session.scalars(
            select(Message).where(Message.task_id == tap.task_id, Message.kind == MessageKind.REQUEST)
        ).one_or_none()
        if message is not None and tap.key == APPROVE_KEY:
            _decide_or_explain(session, tap, message)


def _decide_or_explain(session: Session, tap: CardTap, message: Message) -> None:
    try:
        _decide(session, tap, message)
    except OperationRefused as refused:
        text = _card_text(refused)
        outbox.close_again(session, message, text, code=tap.response_code, user_id=tap.user_id)


def _decide(session: Session, tap: CardTap, message: Message) -> None:
    assert message.filing_id is not None  # noqa: S101 - a request is always about a filing
    decide_in(
        session,
        _actor(session, tap.user_id),
        message.filing_id,
        Outcome.APPROVED,
        step_id=message.step_id,
        tap=Tap(message, tap.response_code),
    )


def _actor(session: Session, user_id: str) -> Actor:
    """Who tapped; somebody unknown, or who left, holds no post and is refused as such."""
    person = find_person(session, user_id)
    return Actor(id=person.id, name=person.name) if person else Actor(id=0, name="")


def _card_text(refused: OperationRefused) -> str:
    if isinstance(refused, AlreadyDecided):
        return cards.closing_text(refused.decision)
    return cards.TAPPED_AFTER_WITHDRAWAL if isinstance(refused, NoLongerPending) else cards.TAPPED_BY_ANOTHER
