"""移交: a head chooses who takes over what somebody who left answered for; whoever is chosen confirms with a tap."""

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import Channel, Contact, Handover, HandoverItem, Person, PlatformIdentity, utc_now
from models.audit import record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations import permissions
from operations.actors import Actor, as_held
from operations.decisions import Tap
from operations.duties import HAVE_DUTIES, confirm_by_takeover
from operations.errors import ArrangedMeanwhile, NotAllowed, NotAsked, RefusedField
from operations.filed_people import keep_people
from operations.finding import directory_particulars
from operations.posts import PostKey, accounts_of, holders
from operations.vacancies import HandoverRecord, ask_anew, heads_of, read_handover
from regulation import PostKind


def propose(actor: Actor, handover_id: int, items: Collection[int], successor_id: int, *, seen: str) -> None:
    """Ask somebody to take these items over, in one message; whoever chooses themselves takes over at once.

    `seen` is the fingerprint of what the page showed. Raises NotFound, NotAllowed, ArrangedMeanwhile, or
    RefusedField naming `items` or `person`. The same choice sent again changes nothing.
    """
    with unit_of_work() as session:
        handed = _locked(session, handover_id)
        held = holders(session, {_head_of(handed.handover)})
        if not permissions.can_hand_over(as_held(actor, held), handed):
            raise NotAllowed
        if items and _stands(handed, items, successor_id):
            return
        if seen != fingerprint(handed):
            raise ArrangedMeanwhile
        chosen = [item for item in handed.open if item.id in items]
        if not chosen:
            raise nothing_chosen()
        account = _fitting(session, handed, successor_id)
        _arrange(session, actor, handed, chosen, account)
        details = {"items": [item.id for item in chosen], "to": successor_id}
        record(session, "handover.propose", handed.handover, by=(actor.id, actor.name), details=details)


def nothing_chosen() -> RefusedField:
    """Why nobody can take over: nothing was ticked that is still open."""
    return RefusedField("items", "请至少选择一项要移交的群组。")


def confirm(actor: Actor, handover_id: int) -> None:
    """Take over, on a page, all that one is asked to. Raises NotFound or NotAsked."""
    with unit_of_work() as session:
        confirm_in(session, actor, handover_id)


def confirm_in(session: Session, actor: Actor, handover_id: int, *, tap: Tap | None = None) -> None:
    """`confirm` inside a transaction that does more; `tap` is the card it came by, if any."""
    handed = _locked(session, handover_id)
    if tap is not None and tap.message.recipient_id != actor.id:
        raise NotAsked(card=cards.TAPPED_BY_NO_SUCCESSOR)
    items = handed.waiting_for(actor.id)
    if not items or (tap is not None and outbox.is_ended(session, tap.message)):
        raise _too_late(handed, actor.id)
    _take_over(session, actor, handed, items, tap)


def decline(actor: Actor, handover_id: int) -> None:
    """Say no to all that one is asked to take over: it is the head's to arrange again. Raises NotFound or NotAsked."""
    with unit_of_work() as session:
        handed = _locked(session, handover_id)
        items = handed.waiting_for(actor.id)
        if not items:
            raise _too_late(handed, actor.id)
        event = f"handover:{handover_id}:declined:{items[0].id}:{items[0].proposed_at}"
        for item in items:
            item.declined_at = utc_now()
        outbox.close_takeovers(session, handed.handover, {actor.id}, cards.answered_text(items[0]))
        heads = [head for head in heads_of(session, handed.handover) if head.person_id != actor.id]
        card = cards.not_taken_over(handed.handover, items, "不接任")
        outbox.tell(session, event, card, recipients=heads, handover=handed.handover)
        session.flush()
        details = {"items": [item.id for item in items]}
        record(session, "handover.decline", handed.handover, by=(actor.id, actor.name), details=details)


def fingerprint(handed: HandoverRecord) -> str:
    """How the handover is arranged, as a short text: another as soon as anything of it is."""
    facts = [(item.id, item.successor_id, item.proposed_at, item.declined_at) for item in handed.open]
    return hashlib.sha256(str(facts).encode()).hexdigest()[:32]


def _locked(session: Session, handover_id: int) -> HandoverRecord:
    """The handover, locked until the transaction ends; nobody is appointed or leaves meanwhile."""
    take_turn(session, POSTS_TURN, shared=True)
    session.execute(select(Handover.id).where(Handover.id == handover_id).with_for_update())
    return read_handover(session, handover_id)


def _head_of(handover: Handover) -> PostKey:
    return PostKind.DEPARTMENT_HEAD, handover.department_id


def _stands(handed: HandoverRecord, items: Collection[int], successor_id: int) -> bool:
    """Whether the choice was made before: each item waits for this person, or was taken over by them."""
    made = {item.id for item in handed.handover.items if item.successor_id == successor_id and item.declined_at is None}
    return set(items) <= made


def _fitting(session: Session, handed: HandoverRecord, successor_id: int) -> PlatformIdentity:
    """The account of somebody who may take over; raises RefusedField."""
    if successor_id == handed.handover.person_id:
        raise RefusedField("person", "不能移交给离职者本人，请另选一位同事。")
    person = session.get(Person, successor_id)
    if person is None:
        raise RefusedField("person", "没有找到这位同事，请从通讯录中选择。")
    account = accounts_of(session, {successor_id}).get(successor_id)
    if account is None:
        raise RefusedField("person", f"{person.name}已离职或没有账号，请另选一位同事。")
    return account


def _arrange(
    session: Session, actor: Actor, handed: HandoverRecord, chosen: Sequence[HandoverItem], account: PlatformIdentity
) -> None:
    released = {item.successor_id for item in chosen if item.awaits_answer and item.successor_id} - {account.person_id}
    now = utc_now()
    for item in chosen:
        item.successor_id, item.successor_name = account.person_id, account.person.name
        item.proposed_at, item.declined_at = now, None
    ask_anew(session, handed, released, cards.REASSIGNED, asker=actor.name)
    if account.person_id == actor.id:
        _take_over(session, actor, handed, handed.waiting_for(actor.id), None)
    else:
        ask_anew(session, handed, {account.person_id}, cards.ASKED_ANEW, asker=actor.name)
    session.flush()


def _take_over(
    session: Session, actor: Actor, handed: HandoverRecord, items: Sequence[HandoverItem], tap: Tap | None
) -> None:
    handover, person = handed.handover, session.get_one(Person, actor.id)
    _write_contacts(session, items, person)
    for item in items:
        item.confirmed_at = utc_now()
    left = [item for item in handed.open if item.confirmed_at is None]
    if not left:
        handover.closed_at = utc_now()
    text = cards.answered_text(items[0])
    if tap is None:
        outbox.close_takeovers(session, handover, {actor.id}, text)
    else:
        outbox.close_takeovers(session, handover, {actor.id}, text, tapped=tap.message, code=tap.response_code)
    with_duties = {item.group_id for item in items if item.role in HAVE_DUTIES}
    confirm_by_takeover(session, person, with_duties, Channel.CARD if tap else Channel.PAGE)
    _tell_of_takeover(session, actor, handover, items, len(left))
    if not person.mobile:
        event = f"handover:{handover.id}:particulars:{items[0].id}"
        own = accounts_of(session, {actor.id}).values()
        outbox.tell(session, event, cards.particulars_wanted(handover, items), recipients=own, handover=handover)
    session.flush()
    details = {"items": [item.id for item in items], "groups": sorted({item.group_id for item in items})}
    record(session, "handover.confirm", handover, by=(actor.id, actor.name), details=details)


def _write_contacts(session: Session, items: Sequence[HandoverItem], person: Person) -> None:
    """Put the person where the leaver stood, with what the directory says and what they gave us themselves."""
    groups = {item.group_id for item in items}
    keep_people(session, groups)
    rows = session.scalars(select(Contact).where(Contact.group_id.in_(groups)))
    by_role = {(row.group_id, row.role, row.position): row for row in rows}
    for item in items:
        contact = by_role[item.group_id, item.role, item.position]
        contact.person_id = person.id
        for name, value in directory_particulars(person).items():
            setattr(contact, name, value)
        contact.mobile, contact.email = person.mobile or "", person.email or ""
        contact.given_by_owner = bool(contact.mobile or contact.email)


def _tell_of_takeover(
    session: Session, actor: Actor, handover: Handover, items: Sequence[HandoverItem], left: int
) -> None:
    """The head and the registry hear of it (第十三条: 关键信息变动应及时反馈宣传统战部), but for whoever did it."""
    head = _head_of(handover)
    held = holders(session, {head, (PostKind.REGISTRAR, None)})
    told = {identity.person_id: identity for identity in [*held.to_tell(*head), *held.of(PostKind.REGISTRAR)]}
    told.pop(actor.id, None)
    event = f"handover:{handover.id}:confirmed:{items[0].id}"
    card = cards.handed_over(handover, items, left)
    outbox.tell(session, event, card, recipients=told.values(), handover=handover)


def _too_late(handed: HandoverRecord, person_id: int) -> NotAsked:
    """Why somebody has nothing to answer: they did, or it was given to somebody else, or is not needed any more."""
    own = [item for item in handed.handover.items if item.successor_id == person_id]
    answered = [item for item in own if item.confirmed_at or item.declined_at]
    if answered:
        said = "确认接任" if answered[-1].confirmed_at else "答复不接任"
        return NotAsked(f"您已{said}，不用重复办理。", card=cards.answered_text(answered[-1]))
    return NotAsked(card=cards.REASSIGNED)
