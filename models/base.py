"""What every table is built from: names for constraints, times in UTC, encrypted text, words as enums."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask import current_app
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Dialect, Enum, Index, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

# Migrations must be able to name what they drop, on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def utc_now() -> datetime:
    """Now, in UTC: the only clock of models, operations and messaging."""
    return datetime.now(UTC)


def partial_unique(name: str, *columns: str, where: str) -> Index:
    """A unique index over the rows that `where` (SQL) names, on either database."""
    return Index(name, *columns, unique=True, sqlite_where=text(where), postgresql_where=text(where))


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index over the rows that `where` (SQL) names, on either database."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def stored(enum: type[StrEnum], name: str) -> Enum:
    """A column type that keeps the enum's value (not its name) and refuses any other by a CHECK."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: refused without a time zone, kept and given in UTC. SQLite alone would forget the zone."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EncryptedText(TypeDecorator[str]):
    """Text encrypted at rest with the service's key; equal texts do not look equal in the table."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and current_app.extensions["field_cipher"].encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return value and current_app.extensions["field_cipher"].decrypt(value)
