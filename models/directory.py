"""The directory's copying: each sync with its progress and outcome, and the changes the platform told us of."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UTCDateTime, stored, utc_now
from models.people import Person


class SyncState(StrEnum):
    """How far a sync has come: it waits, is under way, or has ended one way or the other."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return {"waiting": "等待开始", "running": "正在同步", "done": "已完成", "failed": "未完成，未作改动"}[
            self.value
        ]


class DirectorySync(Base):
    """One copying of the directory: asked for by the clock, by a person or by a command.

    `key` is unique: a night's sync happens once, however many workers there are.
    """

    __tablename__ = "directory_syncs"
    __table_args__ = (
        CheckConstraint("state <> 'running' OR lease_until IS NOT NULL", name="running_is_leased"),
        Index("ix_directory_syncs_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[SyncState] = mapped_column(stored(SyncState, "state"), default=SyncState.WAITING)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    #: The most people, or departments, that may be taken for gone this once though they are more than a tenth.
    accepts: Mapped[int] = mapped_column(default=0)
    accepts_departments: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: How far it has come: departments read of those there are, and people found in them.
    departments_read: Mapped[int] = mapped_column(default=0)
    departments_total: Mapped[int] = mapped_column(default=0)
    people_read: Mapped[int] = mapped_column(default=0)
    #: What it wrote, once it is done.
    joined: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    left: Mapped[int] = mapped_column(default=0)
    #: How many people, or departments, it would have taken for gone, where that was why it changed nothing.
    would_leave: Mapped[int] = mapped_column(default=0)
    would_remove: Mapped[int] = mapped_column(default=0)
    #: Why it changed nothing, in words for an administrator.
    problem: Mapped[str] = mapped_column(Text, default="")

    requested_by: Mapped[Person | None] = relationship()

    @property
    def is_open(self) -> bool:
        """Whether it waits or is under way."""
        return self.state in (SyncState.WAITING, SyncState.RUNNING)

    @property
    def asks_to_accept(self) -> bool:
        """Whether it changed nothing because too many people or departments would have been taken for gone."""
        return bool(self.would_leave or self.would_remove)

    @property
    def is_nightly(self) -> bool:
        """Whether the clock asked for it."""
        return self.key.startswith("nightly:")

    @property
    def who(self) -> str:
        """Who asked for it, in words."""
        return self.requested_by.name if self.requested_by else "系统自动" if self.is_nightly else "命令行"


class DirectoryAbsence(Base):
    """Somebody, or a department, whom the newest refused sync would have taken for gone: an administrator who is to
    accept that sees who and which."""

    __tablename__ = "directory_absences"
    __table_args__ = (CheckConstraint("(person_id IS NULL) <> (department_id IS NULL)", name="one_of_two"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sync_id: Mapped[int] = mapped_column(ForeignKey("directory_syncs.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id", ondelete="CASCADE"), index=True)


class DirectoryEvent(Base):
    """A change that the platform told of and that is still to be read from it; gone once that was done.

    `user_id` names a member; without one it is the departments that changed.
    """

    __tablename__ = "directory_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64), default="")
    new_user_id: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    run_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)
    attempts: Mapped[int] = mapped_column(default=0)


class LastHeard(Base):
    """When something was last heard of: an address that the platform calls, by name."""

    __tablename__ = "last_heard"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    heard_at: Mapped[datetime] = mapped_column(UTCDateTime)
