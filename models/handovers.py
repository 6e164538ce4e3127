"""移交: the groups that somebody who left still answers for, and who takes them over."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UTCDateTime, partial_unique, stored, utc_now
from models.groups import ContactRole, Group
from models.people import Department, Person


class Handover(Base):
    """One task for a department's head: everything in its groups that one leaver held, to be handed on."""

    __tablename__ = "handovers"
    __table_args__ = (partial_unique("uq_handovers_open", "person_id", "department_id", where="closed_at IS NULL"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    #: As it was that day: the account may be deleted later.
    person_name: Mapped[str] = mapped_column(String(64))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    department: Mapped[Department] = relationship()
    items: Mapped[list["HandoverItem"]] = relationship(back_populates="handover", order_by="HandoverItem.id")


class HandoverItem(Base):
    """One role in one group: who held it, who is asked to take it over, and what they said."""

    __tablename__ = "handover_items"
    __table_args__ = (
        UniqueConstraint("handover_id", "group_id", "role", "position"),
        CheckConstraint("confirmed_at IS NULL OR successor_id IS NOT NULL", name="confirmed_by_somebody"),
        CheckConstraint("confirmed_at IS NULL OR declined_at IS NULL", name="one_answer"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"))
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"), index=True)
    role: Mapped[ContactRole] = mapped_column(stored(ContactRole, "role"))
    position: Mapped[int] = mapped_column(default=1)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    successor_name: Mapped[str] = mapped_column(String(64), default="")
    proposed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    declined_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    handover: Mapped[Handover] = relationship(back_populates="items")
    group: Mapped[Group] = relationship()
    successor: Mapped[Person | None] = relationship()

    @property
    def awaits_answer(self) -> bool:
        """Somebody was asked to take the role over, and has not said yes or no."""
        return self.successor_id is not None and self.confirmed_at is None and self.declined_at is None
