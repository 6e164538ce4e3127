"""Who is who: people, their accounts on the platforms, departments, and the posts that approve."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, EncryptedText, UTCDateTime, partial_unique, stored, utc_now
from regulation import PostKind

HELD_IN_DEPARTMENT = "ended_at IS NULL AND department_id IS NOT NULL"
HELD_IN_COLLEGE = "ended_at IS NULL AND department_id IS NULL"


class Department(Base):
    """A department as the platform's directory knows it, with the 单位简称 that it does not know."""

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("platform", "platform_key"),
        partial_unique("uq_departments_short_name", "short_name", where="removed_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    platform_key: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    short_name: Mapped[str | None] = mapped_column(String(32))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    is_college: Mapped[bool] = mapped_column(default=False)
    sort_order: Mapped[int] = mapped_column(default=0)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def unit_short_name(self, college_short_name: str) -> str:
        """单位简称: the one an administrator set, else the college's own, else the directory's name."""
        return self.short_name or (college_short_name if self.is_college else self.name)


class Person(Base):
    """A member of the college. Mobile and e-mail are the person's own to give; the directory has neither."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    job_title: Mapped[str] = mapped_column(String(64), default="")
    office_phone: Mapped[str] = mapped_column(String(64), default="")
    mobile: Mapped[str | None] = mapped_column(EncryptedText)
    email: Mapped[str | None] = mapped_column(EncryptedText)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    left_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    department: Mapped[Department | None] = relationship()
    identities: Mapped[list["PlatformIdentity"]] = relationship(back_populates="person")
    posts: Mapped[list["Post"]] = relationship(back_populates="person")
    memberships: Mapped[list["Membership"]] = relationship(cascade="all, delete-orphan")


class PlatformIdentity(Base):
    """One person's account on one platform. WeCom's user ids are case-insensitive [90196], so is the key."""

    __tablename__ = "platform_identities"
    __table_args__ = (UniqueConstraint("platform", "user_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    platform: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str] = mapped_column(String(64))
    user_key: Mapped[str] = mapped_column(String(64))

    person: Mapped[Person] = relationship(back_populates="identities")


class Membership(Base):
    """A person in a department, and whether the directory calls them its leader (a hint, never a right)."""

    __tablename__ = "memberships"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    department_id: Mapped[int] = mapped_column(
        ForeignKey("departments.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    is_leader: Mapped[bool] = mapped_column(default=False)


class Post(Base):
    """岗位: what a person may do, from a day to a day. Posts approve, not persons."""

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint(
            "(kind IN ('department_head', 'party_secretary', 'college_leader')) = (department_id IS NOT NULL)",
            name="department_given_where_due",
        ),
        partial_unique("uq_posts_in_department", "kind", "department_id", "person_id", where=HELD_IN_DEPARTMENT),
        partial_unique("uq_posts_in_college", "kind", "person_id", where=HELD_IN_COLLEGE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[PostKind] = mapped_column(stored(PostKind, "kind"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship(back_populates="posts")
    department: Mapped[Department | None] = relationship()
