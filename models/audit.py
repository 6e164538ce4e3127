"""留痕: what was done, by whom, to what. Rows are only ever added, each chained to the one before by its hash."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, UTCDateTime, utc_now
from models.database import AUDIT_TURN, take_turn

FIRST_HASH = "0" * 64


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


def record(
    session: Session,
    action: str,
    subject: Base | Table,
    *,
    by: tuple[int | None, str],
    details: dict[str, Any] | None = None,
) -> None:
    """Add the audit entry of one act to the transaction at hand. `by` is the actor's id and name.

    What was done to a table as a whole names it with the id 0.
    Call it last: the lock on the chain is held until the transaction ends.
    """
    take_turn(session, AUDIT_TURN)
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1))
    actor_id, actor_name = by
    entry = AuditEntry(
        at=utc_now(),
        actor_id=actor_id,
        actor_name=actor_name,
        action=action,
        subject_type=subject.name if isinstance(subject, Table) else subject.__tablename__,
        subject_id=0 if isinstance(subject, Table) else subject.id,  # type: ignore[attr-defined]
        details=details or {},
    )
    entry.seal(previous or FIRST_HASH)
    session.add(entry)
