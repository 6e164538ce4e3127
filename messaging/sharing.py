"""Values that all processes share for a while, such as a platform's token, and who may renew one.

Each call is a transaction of its own: none may be made inside a unit of work.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from extensions import db
from models import SharedValue, utc_now
from models.database import insert_for, unit_of_work
from models.encryption import Unreadable

#: Built once: each message on its way asks for two values.
_VALUE = select(SharedValue.value).where(SharedValue.key == bindparam("key"), SharedValue.expires_at > bindparam("now"))


def let_go() -> None:
    """End the reading transaction at hand: what follows waits for a network, or writes.

    Raises RuntimeError inside a unit of work, whose lock everybody else would wait for.
    """
    session = db.session()
    if session.in_transaction() and session.connection().get_execution_options().get("writes"):
        raise RuntimeError("a platform is not called inside a unit of work")
    session.rollback()


def read(key: str) -> str | None:
    """The value kept under `key`, while it lasts."""
    let_go()
    try:
        value = db.session.scalar(_VALUE, {"key": key, "now": utc_now()})
        # Where the service's secret key has changed since, nobody can read it any more.
        return None if isinstance(value, Unreadable) else value
    finally:
        db.session.rollback()


def write(key: str, value: str, *, lasts: timedelta) -> None:
    """Keep `value` under `key` for that long, whatever was there."""
    let_go()
    with unit_of_work() as session:
        session.execute(_kept(session, key, value, lasts))


def forget(key: str) -> None:
    """Drop what is kept under `key`."""
    let_go()
    with unit_of_work() as session:
        session.execute(delete(SharedValue).where(SharedValue.key == key))


@contextmanager
def lease(key: str, *, lasts: timedelta) -> Iterator[bool]:
    """True for one caller of all processes at a time, until the block ends or the time is up."""
    holder = uuid.uuid4().hex
    let_go()
    with unit_of_work() as session:
        insert = _kept(session, key, holder, lasts, only_if_expired=True)
        taken = session.scalar(insert.returning(SharedValue.key)) is not None
    try:
        yield taken
    finally:
        if taken:
            _give_back(key, holder)


def _kept(session: Session, key: str, value: str, lasts: timedelta, *, only_if_expired: bool = False) -> Any:
    now = utc_now()
    values = {"value": value, "expires_at": now + lasts}
    return (
        insert_for(session, SharedValue)
        .values(key=key, **values)
        .on_conflict_do_update(
            index_elements=["key"],
            set_=values,
            where=SharedValue.expires_at <= now if only_if_expired else None,
        )
    )


def _give_back(key: str, holder: str) -> None:
    with unit_of_work() as session:
        row = session.get(SharedValue, key)
        if row is not None and row.value == holder:
            session.delete(row)
