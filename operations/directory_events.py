"""Changes that the platform's directory told of: queued by the callback, read again from the directory by the worker.

An event says no more than whom to read again, so those that come late, twice or out of order do no harm.
"""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from extensions import db
from messaging import sharing
from messaging.platforms.errors import PlatformError, PlatformRefused
from messaging.platforms.wecom import PLATFORM, wecom_client
from messaging.platforms.wecom_callbacks import DepartmentsChanged, MemberChanged
from messaging.platforms.wecom_codes import may_pass
from models import DirectoryEvent, DirectorySync, Message, Person, PlatformIdentity, SyncState, utc_now
from models.audit import record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import find_person
from operations.directory import EmptyDirectory, TooManyGone, fetch_departments, fetch_person
from operations.hearing import is_new
from operations.leaving import DIRECTORY, leave

log = logging.getLogger(__name__)

#: The platform counts in seconds: two alike changes within one have the same key, and are taken for one. Read after
#: that second, both are in what is read.
SETTLED = timedelta(seconds=1)
#: After each failed try the next one waits longer; the last wait is repeated until it goes well.
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
#: A sync under way may write what it read before the change: what changed meanwhile is read again after it.
AFTER_SYNC = timedelta(minutes=1)
#: Whoever reads, reads alone: of two readings of one member the older might be written last. Longer than a reading of
#: four calls with each one's tries, and not so long that a worker that died is missed.
LEASE_KEY = "directory-events"
LEASE = timedelta(minutes=3)
#: Events that one reading answers, and of those how many a line of the log names.
MOST_AT_ONCE, MOST_NAMED = 1000, 10


@dataclass(frozen=True)
class _Reading:
    """Whom to read again, by each id they had and the newest, and the events that this answers.

    Without a `user_id` it is the departments.
    """

    user_id: str
    ids: tuple[str, ...]
    event_ids: tuple[int, ...]
    attempts: int
    beside_sync: bool


def note_change(change: MemberChanged | DepartmentsChanged) -> None:
    """Queue what the event says has changed. A repeated delivery does nothing."""
    now = utc_now()
    event = DirectoryEvent(created_at=now, run_at=now + SETTLED)
    if isinstance(change, MemberChanged):
        # User ids are case-insensitive [90196]: events that spell one in two ways are about one member.
        event.user_id, event.new_user_id = change.user_id.lower(), change.new_user_id
    with unit_of_work() as session:
        if is_new(session, change.event_key, "change_contact"):
            session.add(event)


def read_next() -> bool:
    """Read again what has been due longest; False if nothing is, or another worker reads. One query when nothing is."""
    if not _any_due():
        return False
    with sharing.lease(LEASE_KEY, lasts=LEASE) as ours:
        reading = _next_reading(utc_now()) if ours else None
        if reading is None:
            return False
        _answer(reading)
    return True


def _any_due() -> bool:
    found = db.session.scalar(select(exists().where(DirectoryEvent.run_at <= utc_now())))
    db.session.rollback()
    return bool(found)


def _next_reading(now: datetime) -> _Reading | None:
    due = select(DirectoryEvent.user_id).where(DirectoryEvent.run_at <= now)
    user_id = db.session.scalars(due.order_by(DirectoryEvent.run_at, DirectoryEvent.id).limit(1)).one_or_none()
    if user_id is None:
        return None
    settled = or_(DirectoryEvent.run_at <= now, DirectoryEvent.created_at <= now - SETTLED)
    same = select(DirectoryEvent).where(DirectoryEvent.user_id == user_id, settled)
    events = db.session.scalars(same.order_by(DirectoryEvent.run_at, DirectoryEvent.id).limit(MOST_AT_ONCE)).all()
    reading = _Reading(
        user_id=user_id,
        ids=_ids_of(user_id),
        event_ids=tuple(event.id for event in events),
        attempts=max(event.attempts for event in events),
        beside_sync=_sync_runs(now),
    )
    db.session.rollback()
    return reading


def _ids_of(user_id: str) -> tuple[str, ...]:
    """Every id that a member had, has or will have, oldest first, by the renamings that are still queued.

    Read one by one, an id between would be one that nobody has any more, and its person taken for gone.
    """
    query = select(DirectoryEvent.user_id, DirectoryEvent.new_user_id).where(DirectoryEvent.new_user_id != "")
    following = {old: new for old, new in db.session.execute(query.order_by(DirectoryEvent.id)) if old != new.lower()}
    before = {new.lower(): old for old, new in following.items()}
    ids, seen = [user_id], {user_id}
    while (older := before.get(ids[0])) and older not in seen:
        seen.add(older)
        ids.insert(0, older)
    while (newer := following.get(ids[-1].lower())) and newer.lower() not in seen:
        seen.add(newer.lower())
        ids.append(newer)
    return tuple(ids)


def _sync_runs(now: datetime) -> bool:
    running = exists().where(DirectorySync.state == SyncState.RUNNING, DirectorySync.lease_until > now)
    return bool(db.session.scalar(select(running)))


def _answer(reading: _Reading) -> None:
    """Read it, and take its events off the queue unless they are to be read once more."""
    ours = DirectoryEvent.id.in_(reading.event_ids)
    try:
        _read(reading)
    except PlatformRefused as refused:
        if may_pass(refused.errcode):
            _try_later(reading, ours, str(refused.errcode))
        else:
            log.warning("directory events %s dropped: %s", _ids(reading), refused.errcode)
            _take_off(ours)
    except TooManyGone:
        # The next sync says so to an administrator, who may accept it.
        log.warning("directory events %s dropped: too many departments are out of sight", _ids(reading))
        _take_off(ours)
    except EmptyDirectory:
        _try_later(reading, ours, "no department is in sight")
    except PlatformError as away:
        # What keeps this one from being read keeps all others, too.
        _try_later(reading, or_(ours, DirectoryEvent.run_at <= utc_now()), str(away))
    except Exception as error:
        # Whatever it is, it must not stand before the others without end. The error's own text may quote a row.
        trace = "".join(traceback.format_tb(error.__traceback__))
        log.error("directory events %s: unexpected %s\n%s", _ids(reading), type(error).__name__, trace)
        _try_later(reading, ours, type(error).__name__)
    else:
        _done(reading, ours)


def _done(reading: _Reading, events: ColumnElement[bool]) -> None:
    if reading.beside_sync:
        _put_off(events, AFTER_SYNC)
    else:
        _take_off(events)


def _ids(reading: _Reading) -> str:
    shown = ", ".join(map(str, reading.event_ids[:MOST_NAMED]))
    return shown if len(reading.event_ids) <= MOST_NAMED else f"{shown}, …"


def _try_later(reading: _Reading, events: ColumnElement[bool], reason: str) -> None:
    wait = WAITS[min(reading.attempts, len(WAITS) - 1)]
    log.info("directory events %s are read again in %s: %s", _ids(reading), wait, reason)
    _put_off(events, wait, tried=1)


def _put_off(events: ColumnElement[bool], wait: timedelta, *, tried: int = 0) -> None:
    values = {"run_at": utc_now() + wait, "attempts": DirectoryEvent.attempts + tried}
    with unit_of_work() as session:
        session.execute(update(DirectoryEvent).where(events).values(values))


def _take_off(events: ColumnElement[bool]) -> None:
    with unit_of_work() as session:
        session.execute(delete(DirectoryEvent).where(events))


def _read(reading: _Reading) -> None:
    if not reading.user_id:
        fetch_departments()
        return
    for user_id in _present_ids(reading):
        if fetch_person(user_id) is None:
            _see_off(user_id)


def _present_ids(reading: _Reading) -> list[str]:
    """Whom to read: the account under its newest id, once nobody has a former one; else each for itself."""
    present: list[str] = []
    former: list[str] = []
    for user_id in reading.ids:
        # The newest is read in any case; what is asked here is whether a former one is somebody's still.
        if user_id != reading.ids[-1] and wecom_client().member(user_id) is None:
            former.append(user_id)
            continue
        if former:
            _move_account(former, user_id)
        present.append(user_id)
        former = []
    return present


def _see_off(user_id: str) -> None:
    """Whoever the directory does not show, or shows as disabled or gone, has left."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = find_person(session, user_id)
        if person is not None:
            leave(session, [person])


def _move_account(former: Sequence[str], new_user_id: str) -> None:
    """Let the renamed account be that of the person whom we know by the oldest of its former ids.

    Where a sync or a sign-in met a newer id before the rename was read, it stands in a stranger's row. That row
    gives way: it stays without an account, as somebody who left, since a session may name it, and the database would
    give its id out again. The person with the history comes back with the next writing, should the sync have taken
    them for gone.
    """
    new_key = new_user_id.lower()
    keys = [user_id.lower() for user_id in former]
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        query = select(PlatformIdentity).where(
            PlatformIdentity.platform == PLATFORM, PlatformIdentity.user_key.in_((*keys, new_key))
        )
        known = {identity.user_key: identity for identity in session.scalars(query)}
        renamed = [known.pop(key) for key in keys if key in known]
        if not renamed:
            return
        account, *others = [*renamed, *known.values()]
        strangers = _take_accounts(session, others)
        account.user_id, account.user_key = new_user_id, new_key
        # What is on its way to the former id, and the cards that are still to be closed there.
        theirs = (Message.recipient_id == account.person_id, Message.platform == PLATFORM)
        session.execute(update(Message).where(*theirs).values(recipient_user_id=new_user_id))
        session.flush()
        leave(session, strangers)
        person = session.get_one(Person, account.person_id)
        details = {"strangers": [stranger.id for stranger in strangers]}
        record(session, "account.rename", person, by=DIRECTORY, details=details)


def _take_accounts(session: Session, accounts: Sequence[PlatformIdentity]) -> list[Person]:
    """Take these accounts from the people whose they are; who those are."""
    people = [session.get_one(Person, account.person_id) for account in accounts]
    for account in accounts:
        session.delete(account)
    session.flush()
    return people
