"""职责确认: owners and administrators of a group say that they know their duties (第六条, 第七条)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UTCDateTime, partial_index, stored, utc_now
from models.filings import Channel
from models.groups import Group


class Commitment(Base):
    """One person's confirmation for one group, whatever they are in it: asked once, and given once."""

    __tablename__ = "commitments"
    __table_args__ = (
        partial_index("ix_commitments_unconfirmed", "asked_at", where="confirmed_at IS NULL"),
        UniqueConstraint("group_id", "person_id"),
        CheckConstraint("(confirmed_at IS NULL) = (channel IS NULL)", name="confirmed_has_its_way"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    #: The filing that named them, whose rules they confirm.
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    person_name: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    channel: Mapped[Channel | None] = mapped_column(stored(Channel, "channel"))

    group: Mapped[Group] = relationship()
