"""What is heard from the platform: each of its events once, and when an address of ours was last called."""

import logging
import time
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from extensions import db
from messaging.platforms.wecom import PLATFORM
from models import LastHeard, ReceivedCallback, utc_now
from models.database import insert_for, unit_of_work

log = logging.getLogger(__name__)

#: The addresses that the platform calls: the app's own, and the 通讯录同步 receiver's.
WECOM_CALLBACK = "wecom.callback"
WECOM_CONTACTS = "wecom.contacts"
#: How exactly the time is kept: a tap must not wait for a second transaction each time.
GRAIN = timedelta(minutes=1)


def is_new(session: Session, event_key: str, event: str) -> bool:
    """Remember the event in the transaction that acts on it; False when it was remembered before."""
    row = insert_for(session, ReceivedCallback).values(
        platform=PLATFORM, event_key=event_key, event=event, received_at=utc_now()
    )
    remembered = row.on_conflict_do_nothing().returning(ReceivedCallback.id)
    return session.execute(remembered).scalar() is not None


def note_heard(name: str) -> None:
    """Keep that the platform called the address of this name just now: in a transaction of its own, once a minute.

    A database that refuses it does not fail the call.
    """
    noted: dict[str, float] = current_app.extensions.setdefault("noted_heard", {})
    if time.monotonic() - noted.get(name, float("-inf")) < GRAIN.total_seconds():
        return
    try:
        with unit_of_work() as session:
            _keep(session, name, utc_now())
    except SQLAlchemyError as error:
        log.warning("%s was heard, which could not be kept: %s", name, type(error).__name__)
        return
    noted[name] = time.monotonic()


def last_heard() -> dict[str, datetime]:
    """When the platform last called each of our addresses, to the minute; what it never called is not among them."""
    return {heard.name: heard.heard_at for heard in db.session.scalars(select(LastHeard))}


def _keep(session: Session, name: str, now: datetime) -> None:
    """Other processes hear too: what one of them wrote within the minute stands."""
    row = insert_for(session, LastHeard).values(name=name, heard_at=now)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["name"], set_={"heard_at": now}, where=LastHeard.heard_at <= now - GRAIN
        )
    )
