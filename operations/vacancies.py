"""责任人缺位: groups that somebody who left still answers for. Each department's head gets one task a leaver.

What is still to be handed over is asked of the groups as they are: one that was dissolved or withdrawn, or given
other people meanwhile, drops out by itself.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from extensions import db
from messaging import cards, outbox
from models import (
    Contact,
    Filing,
    FilingState,
    Group,
    Handover,
    HandoverItem,
    Message,
    MessageKind,
    Person,
    PlatformIdentity,
    utc_now,
)
from operations.errors import NotFound
from operations.posts import accounts_of, holders
from regulation import PostKind

#: From submission until the registration: somebody has to go on with these when their applicant has left.
UNFINISHED_FILINGS = (FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.RETURNED)

_CONTACT, _GROUP = aliased(Contact), aliased(Group)


def is_open() -> ColumnElement[bool]:
    """Whether the item of a handover is still to be handed over, asked of both tables at hand."""
    same_role = (
        *(_CONTACT.group_id == HandoverItem.group_id, _CONTACT.role == HandoverItem.role),
        *(_CONTACT.position == HandoverItem.position, _CONTACT.person_id == Handover.person_id),
    )
    still_held = exists().where(*same_role).correlate_except(_CONTACT)
    live = exists().where(_GROUP.id == HandoverItem.group_id, _GROUP.live).correlate_except(_GROUP)
    return and_(HandoverItem.confirmed_at.is_(None), Handover.closed_at.is_(None), live, still_held)


@dataclass(frozen=True)
class HandoverRecord:
    """A handover with what is still open of it, and everybody who was ever asked to take something over."""

    handover: Handover
    open: Sequence[HandoverItem]
    asked: frozenset[int]

    @property
    def confirmed(self) -> list[HandoverItem]:
        """What has been taken over, in the order of the groups."""
        return [item for item in self.handover.items if item.confirmed_at is not None]

    def waiting_for(self, person_id: int) -> list[HandoverItem]:
        """What this person is asked to take over and has not answered."""
        return [item for item in self.open if item.awaits_answer and item.successor_id == person_id]


def get_handover(handover_id: int) -> HandoverRecord:
    """The handover with its groups; raises NotFound."""
    return read_handover(db.session(), handover_id)


def read_handover(session: Session, handover_id: int) -> HandoverRecord:
    """`get_handover` in the transaction at hand, as the tables say now."""
    query = (
        select(Handover)
        .where(Handover.id == handover_id)
        .options(joinedload(Handover.department), selectinload(Handover.items).joinedload(HandoverItem.group))
        .execution_options(populate_existing=True)
    )
    handover = session.scalars(query).one_or_none()
    if handover is None:
        raise NotFound
    items = select(HandoverItem.id).join(HandoverItem.handover).where(Handover.id == handover_id, is_open())
    open_ones = set(session.scalars(items))
    asked = select(Message.recipient_id).where(Message.handover_id == handover_id, Message.kind == MessageKind.REQUEST)
    return HandoverRecord(
        handover, [item for item in handover.items if item.id in open_ones], frozenset(session.scalars(asked))
    )


def open_handovers(session: Session, people: Collection[int]) -> None:
    """Open what is to be handed over of these people who left, or add to what is open; their heads are told once.

    The transaction at hand has taken the turn of the posts. A fixed number of queries, however many people.
    """
    roles = (Contact.group_id, Contact.role, Contact.position)
    query = (
        select(*roles, Person.id, Person.name, Group.department_id)
        .join(Person, Person.id == Contact.person_id)
        .join(Group, Group.id == Contact.group_id)
        .where(Contact.person_id.in_(people), Group.live)
        .order_by(Contact.person_id, *roles)
    )
    held = session.execute(query).all()
    if not held:
        return
    known = _open_of(session, people)
    there = {(row, item.group_id, item.role, item.position) for row in known.values() for item in row.items}
    for group_id, role, position, person_id, name, department_id in held:
        handover = known.get((person_id, department_id))
        if handover is None:
            handover = Handover(person_id=person_id, person_name=name, department_id=department_id, items=[])
            session.add(handover)
            known[person_id, department_id] = handover
        if (handover, group_id, role, position) not in there:
            handover.items.append(HandoverItem(group_id=group_id, role=role, position=position))
    session.flush()
    tell_heads(session, {row.department_id for row in held})


def _open_of(session: Session, people: Collection[int]) -> dict[tuple[int, int | None], Handover]:
    query = (
        select(Handover)
        .where(Handover.person_id.in_(people), Handover.closed_at.is_(None))
        .options(selectinload(Handover.items), joinedload(Handover.department))
    )
    return {(row.person_id, row.department_id): row for row in session.scalars(query)}


def tell_heads(session: Session, departments: Collection[int]) -> None:
    """Tell whoever heads these departments now of each open handover there, once; nobody heads it: the fall-back."""
    query = (
        select(Handover, Group)
        .join(Handover.items)
        .join(HandoverItem.group)
        .where(Handover.department_id.in_(departments), is_open())
        .options(joinedload(Handover.department))
        .order_by(Handover.id, Group.id)
    )
    groups: dict[Handover, list[Group]] = defaultdict(list)
    for handover, group in session.execute(query):
        if group not in groups[handover]:
            groups[handover].append(group)
    if not groups:
        return
    held = holders(session, {(PostKind.DEPARTMENT_HEAD, handover.department_id) for handover in groups})
    by_event = {_opened(handover): handover for handover in groups}
    pairs = [
        (event, identity)
        for event, handover in by_event.items()
        for identity in held.to_tell(PostKind.DEPARTMENT_HEAD, handover.department_id)
    ]
    for event, identity in outbox.untold(session, pairs):
        handover = by_event[event]
        card = cards.to_hand_over(handover, [group.name for group in groups[handover]])
        outbox.tell(session, event, card, recipients=[identity], handover=handover)


def tell_heads_anew(session: Session, handover: Handover) -> None:
    """There is more to hand over than its heads were told of: the next `tell_heads` tells them again."""
    outbox.free_event(session, _opened(handover), handover)


def _opened(handover: Handover) -> str:
    return f"handover:{handover.id}:open"


def tell_of_filings(session: Session, departments: Collection[int]) -> None:
    """Tell whoever heads these departments in person of the open filings there whose applicant left: once a leaver."""
    count = func.count(Filing.id)
    query = (
        select(Person.id, Person.name, Person.left_at, Group.department_id, count)
        .join(Filing, Filing.applicant_id == Person.id)
        .join(Group, Group.id == Filing.group_id)
        .where(Person.left_at.is_not(None), Filing.state.in_(UNFINISHED_FILINGS), Group.department_id.in_(departments))
        .group_by(Person.id, Person.name, Person.left_at, Group.department_id)
        .order_by(Person.id)
    )
    left = session.execute(query).all()
    if not left:
        return
    held = holders(session, {(PostKind.DEPARTMENT_HEAD, department_id) for *_, department_id, _ in left})
    for person_id, name, left_at, department_id, number in left:
        # Somebody who comes back and leaves again is news again.
        event = f"left:{person_id}:{left_at}:{department_id}:filings"
        heads = held.in_person(PostKind.DEPARTMENT_HEAD, department_id)
        told = outbox.not_yet_told(session, event, heads)
        outbox.tell(session, event, cards.filings_to_take_over(name, number), recipients=told)


def ask_anew(session: Session, handed: HandoverRecord, people: Collection[int], text: str, *, asker: str) -> None:
    """End the cards by which these people were asked, if they were: they will read `text`. Ask each of them, on one new
    card, for everything of this handover that waits for them."""
    outbox.close_takeovers(session, handed.handover, people, text)
    # The keys are freed before they are taken again.
    session.flush()
    accounts = accounts_of(session, people)
    for person_id in sorted(accounts):
        roles = [(item.group.name, item.role.label) for item in handed.waiting_for(person_id)]
        if roles:
            card = cards.take_over_request(handed.handover, roles, asker)
            event, account = f"handover:{handed.handover.id}:ask", accounts[person_id]
            outbox.tell(session, event, card, recipients=[account], handover=handed.handover)


def let_go_of_successors(session: Session, people: Collection[int]) -> None:
    """What these people who left were asked to take over and had not answered goes back to the heads, who are told."""
    query = (
        select(HandoverItem)
        .join(HandoverItem.handover)
        .where(HandoverItem.successor_id.in_(people), HandoverItem.declined_at.is_(None), is_open())
        .options(joinedload(HandoverItem.group), joinedload(HandoverItem.handover).joinedload(Handover.department))
        .order_by(HandoverItem.id)
    )
    given_back: dict[tuple[Handover, int], list[HandoverItem]] = defaultdict(list)
    for item in session.scalars(query):
        given_back[item.handover, item.successor_id or 0].append(item)
    for (handover, successor_id), items in given_back.items():
        heads = heads_of(session, handover)
        card = cards.not_taken_over(handover, items, "已离职")
        # Somebody who is asked again, and leaves again, is news again.
        event = f"handover:{handover.id}:gone:{items[0].id}:{items[0].proposed_at}"
        outbox.tell(session, event, card, recipients=heads, handover=handover)
        outbox.close_takeovers(session, handover, {successor_id}, cards.REASSIGNED)
        for item in items:
            clear(item)


def heads_of(session: Session, handover: Handover) -> list[PlatformIdentity]:
    """Who is told of what becomes of a handover: its department's heads, or else the fall-back."""
    held = holders(session, {(PostKind.DEPARTMENT_HEAD, handover.department_id)})
    return held.to_tell(PostKind.DEPARTMENT_HEAD, handover.department_id)


def clear(item: HandoverItem) -> None:
    """Nobody is asked to take the role over."""
    item.successor_id, item.successor_name = None, ""
    item.proposed_at = item.declined_at = None


def close_handovers(session: Session, people: Collection[int]) -> None:
    """These people are back: what nobody has confirmed yet stays with them; whoever was asked, or told, is told so.

    A fixed number of queries for those told, however many people.
    """
    handovers = _open_of(session, people).values()
    open_ids = select(HandoverItem.handover_id).join(HandoverItem.handover).where(Handover.person_id.in_(people))
    open_ones = set(session.scalars(open_ids.where(is_open())))
    told = _told_of(session, [handover.id for handover in handovers])
    for handover in handovers:
        unanswered = [item for item in handover.items if item.confirmed_at is None]
        asked = {item.successor_id for item in unanswered if item.awaits_answer and item.successor_id}
        outbox.close_takeovers(session, handover, asked, cards.returned_text(handover.person_name))
        for item in unanswered:
            clear(item)
        handover.closed_at = utc_now()
        if handover.id in open_ones:
            event = f"handover:{handover.id}:back"
            recipients = told.get(handover.id, [])
            outbox.tell(session, event, cards.leaver_is_back(handover), recipients=recipients, handover=handover)


def _told_of(session: Session, handover_ids: Collection[int]) -> dict[int, list[PlatformIdentity]]:
    """Who was told that these handovers are to be arranged, by handover: as head then, deputy or fall-back."""
    opened = literal("handover:") + cast(Message.handover_id, String) + ":open:" + cast(Message.recipient_id, String)
    # A key that was freed to tell of more has something in front.
    query = select(Message.handover_id, Message.recipient_id).where(
        Message.handover_id.in_(handover_ids), Message.event_key.endswith(opened)
    )
    rows = session.execute(query.distinct().order_by(Message.handover_id, Message.recipient_id)).all()
    accounts = accounts_of(session, {recipient_id for _, recipient_id in rows})
    told: dict[int, list[PlatformIdentity]] = defaultdict(list)
    for handover_id, recipient_id in rows:
        if handover_id is not None and recipient_id in accounts:
            told[handover_id].append(accounts[recipient_id])
    return told
