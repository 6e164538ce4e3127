"""留痕: what was done, by whom, to what. Rows are only ever added, each chained to the one before by its hash."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, UTCDateTime, utc_now
from models.database import AUDIT_TURN, do_last, take_turn

FIRST_HASH = "0" * 64
#: Who acted: a person's id and name, or no id and the name of what acted by itself.
By = tuple[int | None, str]


class AuditEntry(Base):
    """One act. `details` holds ids and codes, never a phone number."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    actor_name: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: Unique: two entries cannot follow the same one, so the chain cannot fork.
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64))

    def seal(self, previous_hash: str) -> None:
        """Chain this entry to the one whose hash is given."""
        self.previous_hash = previous_hash
        self.hash = self.expected_hash()

    def expected_hash(self) -> str:
        """What `hash` must be if nothing of the entry was changed."""
        facts = [
            self.previous_hash,
            self.at.isoformat(),
            self.actor_id,
            self.actor_name,
            self.action,
            self.subject_type,
            self.subject_id,
            self.details,
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Act:
    action: str
    subject: Base | Table
    by: By
    details: dict[str, Any]

    def entry(self, at: datetime) -> AuditEntry:
        """The act as a row that is not chained yet; its subject has its id by now."""
        actor_id, actor_name = self.by
        subject_type, subject_id = _name_of(self.subject)
        return AuditEntry(
            at=at,
            actor_id=actor_id,
            actor_name=actor_name,
            action=self.action,
            subject_type=subject_type,
            subject_id=subject_id,
            details=self.details,
        )


def _name_of(subject: Base | Table) -> tuple[str, int]:
    if isinstance(subject, Table):
        return subject.name, 0
    return subject.__tablename__, subject.id  # type: ignore[attr-defined]


def record(
    session: Session, action: str, subject: Base | Table, *, by: By, details: dict[str, Any] | None = None
) -> None:
    """Add the audit entry of one act to the unit of work at hand.

    What was done to a table as a whole names it with the id 0. Whenever it is called, the entry is written last: the
    lock on the chain is held until the transaction ends, and whoever has it must wait for nobody's row.
    """
    do_last(session, _chain, _Act(action, subject, by, details or {}))


def _chain(session: Session, acts: list[_Act]) -> None:
    """Write what was done, in its order, each chained to the one before."""
    take_turn(session, AUDIT_TURN)
    last = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or FIRST_HASH
    # By now nobody else writes to the chain: its times rise with it.
    now = utc_now()
    for act in acts:
        entry = act.entry(now)
        entry.seal(last)
        session.add(entry)
        last = entry.hash
