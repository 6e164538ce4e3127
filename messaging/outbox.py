"""The outbox's front: messages written in the transaction of what they tell. `worker.py` delivers them."""

import uuid
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Integer, String, and_, case, cast, select, true, update
from sqlalchemy.orm import Session

from messaging.cards import Card
from models import (
    Commitment,
    Filing,
    Handover,
    Message,
    MessageKind,
    MessageState,
    PlatformIdentity,
    Step,
    StepState,
    Urgency,
    utc_now,
)
from models.json_lists import elements_of

#: Once its question is over, a message in one of these states is dropped, and there is no card to close. A send that
#: timed out may have arrived all the same, but the right to change that card comes with its tap alone.
UNSENT = (MessageState.PENDING, MessageState.FAILED)


def tell(
    session: Session,
    event: str,
    card: Card,
    *,
    recipients: Iterable[PlatformIdentity],
    filing: Filing | None = None,
    step: Step | None = None,
    handover: Handover | None = None,
    commitment: Commitment | None = None,
    reminds_of: Sequence[int] | None = None,
    urgency: Urgency = Urgency.ORDINARY,
) -> None:
    """Write one message per person: `event` names what happened, and the transaction at hand is the one that writes it.

    The table lets an event tell a person only once: told again, the flush raises IntegrityError and all of the
    transaction is lost. So the name of what may happen to the same row again says which time it was; where the same
    time may be looked at twice, `not_yet_told` or `untold` is asked before. `reminds_of` as in Message.
    What asks for an answer is always urgent; a campaign is spread, leaves by day, and reaches a person as one digest.
    """
    session.add_all(
        Message(
            event_key=_event_key(event, identity),
            task_id=uuid.uuid4().hex,
            kind=MessageKind.REQUEST if card.asks else MessageKind.NOTICE,
            platform=identity.platform,
            recipient_id=identity.person_id,
            recipient_user_id=identity.user_id,
            filing_id=filing.id if filing else None,
            step=step,
            handover_id=handover.id if handover else None,
            commitment=commitment,
            card=card.stored(),
            reminds_of=reminds_of,
            urgency=Urgency.URGENT if card.asks else urgency,
        )
        for identity in recipients
    )


def not_yet_told(session: Session, event: str, people: Iterable[PlatformIdentity]) -> list[PlatformIdentity]:
    """Those of the people whom `event` has not told before."""
    return [identity for _, identity in untold(session, ((event, identity) for identity in people))]


def untold(session: Session, pairs: Iterable[tuple[str, PlatformIdentity]]) -> list[tuple[str, PlatformIdentity]]:
    """Those pairs of an event and a person of which the person has not been told the event before."""
    by_key = {_event_key(event, identity): (event, identity) for event, identity in pairs}
    told = set(session.scalars(select(Message.event_key).where(Message.event_key.in_(by_key))))
    return [pair for key, pair in by_key.items() if key not in told]


def free_event(session: Session, event: str, of: Step | Handover, *, besides: Collection[int] = ()) -> None:
    """Let `event` be told anew to whoever was told of it, `besides` these people: it had passed, and may come again."""
    # No index finds a key by how it begins.
    about = Message.step_id == of.id if isinstance(of, Step) else Message.handover_id == of.id
    told = (about, Message.event_key.startswith(f"{event}:", autoescape=True))
    earlier = {"event_key": _number_of_message() + Message.event_key}
    notices = (*told, Message.kind == MessageKind.NOTICE, Message.recipient_id.not_in(besides))
    session.execute(update(Message).where(*notices).values(earlier))


def free(message: Message) -> None:
    """Let what this message told be told anew to its person. One that was freed before stays as it is."""
    if not message.event_key.startswith(f"{message.id}:"):
        message.event_key = f"{message.id}:{message.event_key}"


def is_freed() -> ColumnElement[bool]:
    """SQL: whether what a message told may be told anew to its person, since it is over for them."""
    return Message.event_key.startswith(_number_of_message())


def is_reminder_that_is_over() -> ColumnElement[bool]:
    """SQL: whether a message reminds of steps, and of nothing else, of which none waits any more."""
    reminded = elements_of(Message.reminds_of)
    steps = select(reminded.c.value).correlate(Message)
    pending = steps.join(Step, Step.id == cast(reminded.c.value, Integer)).where(Step.state == StepState.PENDING)
    return and_(steps.exists(), ~pending.exists())


def _number_of_message() -> ColumnElement[str]:
    return cast(Message.id, String) + ":"


def _event_key(event: str, identity: PlatformIdentity) -> str:
    return f"{event}:{identity.person_id}"


def close_requests(
    session: Session,
    step: Step,
    text: str,
    *,
    tapped: Message | None = None,
    code: str = "",
    recalls: bool = False,
) -> None:
    """End every card that asked for a decision on `step`: unsent ones are dropped, the others will read `text`.

    `tapped` is the card whose tap brought the decision, `code` the right to change it that came with the tap. With
    `recalls` a card is taken off the phone, too, where the platform still does that.
    """
    open_ones = (Message.kind == MessageKind.REQUEST, Message.state != MessageState.CANCELLED)
    dropped = (
        update(Message)
        .where(Message.step_id == step.id, *open_ones)
        .values(state=case((Message.state.in_(UNSENT), MessageState.CANCELLED), else_=Message.state))
        .returning(Message)
        .execution_options(populate_existing=True)
    )
    for message in session.scalars(dropped):
        # A card that was tapped is on a phone, whatever we know of its send.
        if message is tapped:
            session.add(_closing(message, text, code))
        elif message.state is not MessageState.CANCELLED:
            session.add(_closing(message, text, "", recalls=recalls))


def close_requests_of_others(session: Session, step: Step, able: Collection[int], text: str) -> None:
    """End the cards of those who may not take `step` any more; `able` are the people who may.

    Their event is freed: whoever gets the post back is asked anew.
    """
    _free_requests(session, Message.step_id == step.id, Message.recipient_id.not_in(able), text=text)


def close_takeovers(
    session: Session,
    handover: Handover,
    people: Collection[int],
    text: str,
    *,
    tapped: Message | None = None,
    code: str = "",
) -> None:
    """End the open cards of this handover that asked these people to take over. They may be asked anew.

    `tapped` and `code` as in `close_requests`.
    """
    which = (Message.handover_id == handover.id, Message.recipient_id.in_(people))
    _free_requests(session, *which, text=text, tapped=tapped, code=code)


def close_commitments(
    session: Session,
    group_id: int,
    text: str,
    *,
    people: Collection[int] | None = None,
    tapped: Message | None = None,
    code: str = "",
    recalls: bool = False,
) -> None:
    """End the open cards that asked these people, or everybody, to confirm their duties in this group.

    They may be asked anew. `tapped`, `code` and `recalls` as in `close_requests`.
    """
    of_group = Message.commitment_id.in_(select(Commitment.id).where(Commitment.group_id == group_id))
    theirs = true() if people is None else Message.recipient_id.in_(people)
    _free_requests(session, of_group, theirs, text=text, tapped=tapped, code=code, recalls=recalls)


def asked_to_commit(session: Session, group_id: int) -> set[int]:
    """The people who have a card, sent or on its way, that asks them to confirm their duties in this group."""
    of_group = Message.commitment_id.in_(select(Commitment.id).where(Commitment.group_id == group_id))
    open_ones = (Message.kind == MessageKind.REQUEST, ~is_freed())
    return set(session.scalars(select(Message.recipient_id).where(of_group, *open_ones)))


def is_ended(session: Session, message: Message) -> bool:
    """Whether the card was ended and its person may be asked anew, though its button may still be on a phone."""
    return bool(session.scalar(select(is_freed()).where(Message.id == message.id)))


def _free_requests(
    session: Session,
    *which: ColumnElement[bool],
    text: str,
    tapped: Message | None = None,
    code: str = "",
    recalls: bool = False,
) -> None:
    # By the key alone, whatever became of the message: a key that stayed would let nobody ask the person again. That
    # a card has a closing proves nothing, since somebody else's tap on it makes one too.
    open_ones = (Message.kind == MessageKind.REQUEST, ~is_freed())
    # Locked: what the worker takes meanwhile is on its way, and must be closed, not dropped.
    theirs = select(Message).where(*which, *open_ones).with_for_update(of=Message)
    for message in session.scalars(theirs, execution_options={"populate_existing": True}):
        free(message)
        if message.state in UNSENT:
            message.state = MessageState.CANCELLED
        # A card that was tapped is on a phone, whatever we know of its send.
        if message is tapped or message.state is not MessageState.CANCELLED:
            session.add(_closing(message, text, code if message is tapped else "", recalls=recalls))


def close_again(session: Session, message: Message, text: str, *, code: str, user_id: str) -> None:
    """Tell the truth on a card that was tapped after its time, with the right that came with this tap.

    While an earlier closing of the card waits, that one will do: it only takes the newer right.
    """
    of_card = (Message.closes_id == message.id, Message.recipient_user_id == user_id)
    # Locked, and looked at when it is: what a worker has in hand does not see a newer right any more.
    waiting = select(Message).where(*of_card, Message.state == MessageState.PENDING).limit(1).with_for_update()
    earlier = session.scalar(waiting.execution_options(populate_existing=True))
    if earlier is None:
        session.add(_closing(message, text, code, user_id=user_id))
    else:
        earlier.response_code = code


def _closing(message: Message, text: str, code: str, *, user_id: str = "", recalls: bool = False) -> Message:
    task_id, now = uuid.uuid4().hex, utc_now()
    return Message(
        event_key=f"close:{message.id}:{task_id}",
        task_id=task_id,
        kind=MessageKind.CLOSE,
        platform=message.platform,
        recipient_id=message.recipient_id,
        recipient_user_id=user_id or message.recipient_user_id,
        filing_id=message.filing_id,
        step_id=message.step_id,
        handover_id=message.handover_id,
        commitment_id=message.commitment_id,
        closes_id=message.id,
        card={"text": text, **({"recalls": True} if recalls else {})},
        response_code=code,
        urgency=Urgency.URGENT,
        created_at=now,
        read_at=now,
    )
