"""确认职责: a 群主 or 管理员 says, by page or card, that they know their duties (第六条, 第七条) and will do them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import Channel, Commitment, EventKind, Filing, FilingState, GroupState, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import timeline
from operations.actors import Actor
from operations.decisions import Tap
from operations.duties import begin, role_labels, roles_by_person
from operations.errors import NotAsked
from operations.turns import locked_filing

#: Why nobody is asked any more: what the page says, and what a card reads.
OVER = {
    FilingState.DRAFT: ("备案还没有提交，提交后再确认职责。", cards.NO_LONGER_NAMED),
    FilingState.WITHDRAWN: ("申请人已撤回这份备案，不用确认职责。", cards.WITHDRAWN),
    FilingState.REJECTED: ("这份备案未获同意，不用确认职责。", cards.REJECTED),
}


def commit(actor: Actor, filing_id: int) -> None:
    """Confirm one's duties, on a page, for the filing's group. Raises NotFound or NotAsked."""
    with unit_of_work() as session:
        commit_in(session, actor, filing_id)


def commit_in(session: Session, actor: Actor, filing_id: int, *, tap: Tap | None = None) -> None:
    """`commit` inside a transaction that does more; `tap` is the card it came by, if any."""
    filing = locked_filing(session, filing_id)
    named = roles_by_person(filing.group).get(actor.id, [])
    _refuse(filing, actor, bool(named), tap)
    own = select(Commitment).where(Commitment.group_id == filing.group_id, Commitment.person_id == actor.id)
    known = session.scalars(own).one_or_none()
    if known is not None and known.confirmed_at is not None:
        raise NotAsked("您已确认职责，不用重复确认。", card=cards.committed_text(known))
    if tap is not None and outbox.is_ended(session, tap.message):
        raise NotAsked(card=cards.ASKED_ANEW)
    commitment = known or begin(session, filing, actor.id, actor.name)
    channel = Channel.CARD if tap else Channel.PAGE
    commitment.confirmed_at, commitment.channel = utc_now(), channel
    text, group_id = cards.committed_text(commitment), filing.group_id
    if tap is None:
        outbox.close_commitments(session, group_id, text, people={actor.id})
    else:
        outbox.close_commitments(session, group_id, text, people={actor.id}, tapped=tap.message, code=tap.response_code)
    by = (actor.id, actor.name)
    role = role_labels(named)
    timeline.note(session, filing, EventKind.COMMITTED, by=by, post_label=role, channel=channel)
    session.flush()
    details = {"commitment": commitment.id, "channel": channel.value, "rules": filing.regulation_digest}
    record(session, "duties.confirm", filing, by=by, details=details)


def _refuse(filing: Filing, actor: Actor, is_named: bool, tap: Tap | None) -> None:
    if tap is not None and tap.message.recipient_id != actor.id:
        raise NotAsked(card=cards.TAPPED_BY_NOBODY_NAMED)
    if filing.state in OVER:
        sentence, card = OVER[filing.state]
        raise NotAsked(sentence, card=card)
    if filing.group.state is GroupState.DISSOLVED:
        raise NotAsked("这个群已经解散，不用确认职责。", card=cards.DISSOLVED)
    if not is_named:
        raise NotAsked("您已不是这个群的群主或管理员，不用确认职责。", card=cards.NO_LONGER_NAMED)
