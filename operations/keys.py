"""A new secret key: what former ones encrypted is encrypted anew, while the service goes on working."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import Column, Row, Select, Table, Text, literal, select, type_coerce, update
from sqlalchemy.orm import Session

from extensions import db
from models import Base
from models.audit import record
from models.base import EncryptedText
from models.database import unit_of_work
from models.encryption import FieldCipher, Unreadable
from operations.appointing import COMMAND_LINE

#: Rows that are looked at, and at most written, in one transaction.
BATCH = 200
#: How often rows that somebody else was writing are come back to.
MOST_PASSES = 5


@dataclass
class Rotation:
    """How far a rotation has come. `left` are values still under a former key: somebody else was writing them."""

    renewed: int = 0
    left: int = 0
    #: Table and primary key of each row that holds a value which no key opens; it stays as it is.
    unreadable: list[tuple[str, Any]] = field(default_factory=list)


def rotate_keys(*, batch: int = BATCH) -> Iterator[Rotation]:
    """Encrypt anew, with the present key, every value that a former key wrote; yields after each transaction.

    It may be stopped anywhere and run again: what is under the present key is left alone. Rows that somebody is
    writing at the moment are not waited for but come back to.
    """
    rotation = Rotation()
    for table, columns in _encrypted():
        yield from _rotate_table(table, columns, rotation, batch)
    yield rotation


def count_unreadable() -> int:
    """How many rows hold a value that none of the keys opens. Opens every value: about a second for 10,000 people."""
    return sum(len(_unreadable_rows(table, columns, BATCH)) for table, columns in _encrypted())


def _encrypted() -> Iterator[tuple[Table, Sequence[Column[Any]]]]:
    """The tables with encrypted columns, and these."""
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, EncryptedText)]
        if columns:
            yield table, columns


def _rotate_table(table: Table, columns: Sequence[Column[Any]], rotation: Rotation, batch: int) -> Iterator[Rotation]:
    for last_pass in [*[False] * (MOST_PASSES - 1), True]:
        stale = 0
        for keys in _stale_rows(table, columns, batch):
            renewed = _renew(table, columns, keys)
            rotation.renewed += renewed
            stale += len(keys) - renewed
            yield rotation
        if not stale or last_pass:
            rotation.left += stale
            break
    rotation.unreadable += _unreadable_rows(table, columns, batch)


def _stale_rows(table: Table, columns: Sequence[Column[Any]], batch: int) -> Iterator[list[Any]]:
    """The keys of the rows with a value under a former key, batch by batch; read without a lock."""
    for rows in _batches(table, columns, batch):
        stale = [row[0] for row in rows if any(map(_is_stale, row[1:]))]
        if stale:
            yield stale


def _unreadable_rows(table: Table, columns: Sequence[Column[Any]], batch: int) -> list[tuple[str, Any]]:
    return [
        (table.name, row[0])
        for rows in _batches(table, columns, batch)
        for row in rows
        if any(map(_is_unreadable, row[1:]))
    ]


def _batches(table: Table, columns: Sequence[Column[Any]], batch: int) -> Iterator[Sequence[Row[Any]]]:
    key = _key(table)
    query = _tokens(table, columns).order_by(key).limit(batch)
    rows = _read(query)
    while rows:
        yield rows
        rows = _read(query.where(key > rows[-1][0]))


def _read(query: Select[Any]) -> Sequence[Row[Any]]:
    rows = db.session.execute(query).all()
    db.session.rollback()
    return rows


def _renew(table: Table, columns: Sequence[Column[Any]], keys: Sequence[Any]) -> int:
    """Encrypt these rows' values anew, those left out that somebody else holds; how many rows were written."""
    key = _key(table)
    theirs = _tokens(table, columns).where(key.in_(keys)).order_by(key)
    # Whoever writes a row that names one of these goes on meanwhile.
    query = theirs.with_for_update(skip_locked=True, key_share=True)
    renewed = 0
    with unit_of_work() as session:
        for row in session.execute(query).all():
            renewed += _renew_row(session, table, row[0], dict(zip(columns, row[1:], strict=True)))
        if renewed:
            record(session, "keys.rotate", table, by=COMMAND_LINE, details={"rows": renewed})
    return renewed


def _renew_row(session: Session, table: Table, key: Any, tokens: dict[Column[Any], str | None]) -> bool:
    cipher = _cipher()
    new = {
        # A token, not a text to be encrypted.
        column: literal(cipher.encrypt(cipher.decrypt(token)), Text())
        for column, token in tokens.items()
        if token and _is_stale(token)
    }
    if new:
        session.execute(update(table).where(_key(table) == key).values(new))
    return bool(new)


def _tokens(table: Table, columns: Sequence[Column[Any]]) -> Select[Any]:
    """Each row's primary key and its values as they are stored."""
    return select(_key(table), *[type_coerce(column, Text()).label(column.name) for column in columns])


def _key(table: Table) -> Column[Any]:
    [key] = table.primary_key.columns
    return key


def _is_stale(token: str | None) -> bool:
    """Whether a former key wrote it and one of those given opens it."""
    return bool(token) and not _cipher().is_present(token or "") and not _is_unreadable(token)


def _is_unreadable(token: str | None) -> bool:
    return bool(token) and isinstance(_cipher().decrypt(token or ""), Unreadable)


def _cipher() -> FieldCipher:
    cipher: FieldCipher = current_app.extensions["field_cipher"]
    return cipher
