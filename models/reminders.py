"""What people have been reminded of, so that nothing is said twice."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UTCDateTime, utc_now


class Reminder(Base):
    """One thing that one person was reminded of.

    `key` names it: commitment:5, opinion:7, or group:3:number:2026-12-05:near:12, which ends in the person's id.
    """

    __tablename__ = "reminders"

    key: Mapped[str] = mapped_column(String(96), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
