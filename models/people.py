"""Who is who: people, their accounts on the platforms, departments, and the posts that approve."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, String, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, EncryptedText, UTCDateTime, partial_unique, stored, utc_now
from models.encryption import Unreadable
from regulation import DepartmentKind, PostKind

HELD_IN_DEPARTMENT = "ended_at IS NULL AND department_id IS NOT NULL"
HELD_IN_COLLEGE = "ended_at IS NULL AND department_id IS NULL"
#: The `platform` of a department that an administrator entered: a 党总支 that no directory has.
OWN = "own"


class Department(Base):
    """A department as the platform's directory knows it, with what the directory does not know."""

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("platform", "platform_key"),
        partial_unique("uq_departments_short_name", "short_name", where="removed_at IS NULL"),
        CheckConstraint("merged_into_id IS NULL OR removed_at IS NOT NULL", name="merged_is_removed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    platform_key: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    short_name: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[DepartmentKind | None] = mapped_column(stored(DepartmentKind, "kind"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    #: The 党总支 whose secretary approves this unit's class and student groups (第八条第4项); none: its own secretary.
    party_branch_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    #: Whether each of several heads (党政负责人) must agree, not just one.
    all_heads: Mapped[bool] = mapped_column(default=False)
    is_college: Mapped[bool] = mapped_column(default=False)
    sort_order: Mapped[int] = mapped_column(default=0)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Where an administrator put what this department had; the directory may go on listing it.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))

    parent: Mapped["Department | None"] = relationship(foreign_keys=parent_id, remote_side=id)
    party_branch: Mapped["Department | None"] = relationship(foreign_keys=party_branch_id, remote_side=id)
    merged_into: Mapped["Department | None"] = relationship(foreign_keys=merged_into_id, remote_side=id)

    def unit_short_name(self, college_short_name: str) -> str:
        """单位简称: the one an administrator set, else the college's own, else the directory's name."""
        return self.short_name or (college_short_name if self.is_college else self.name)


class ChangeKind(StrEnum):
    """What became of a department: its name, its 单位简称, or the unit itself."""

    RENAMED = "renamed"
    SHORT_NAME = "short_name"
    MERGED = "merged"
    SPLIT = "split"

    @property
    def label(self) -> str:
        return {"renamed": "更名", "short_name": "调整单位简称", "merged": "并入", "split": "划出群组"}[self.value]


class DepartmentChange(Base):
    """One change of a department that its groups' names may have to follow. Filings keep the names of their day."""

    __tablename__ = "department_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    kind: Mapped[ChangeKind] = mapped_column(stored(ChangeKind, "kind"))
    old_name: Mapped[str] = mapped_column(String(128))
    new_name: Mapped[str] = mapped_column(String(128))
    #: The department that groups went to, where the unit was merged or split.
    other_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class Person(Base):
    """A member of the college. Mobile and e-mail are the person's own to give; the directory has neither."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint("NOT marked_left OR left_at IS NOT NULL", name="marked_has_left"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    #: The name in pinyin, whole and as initials, to search by.
    pinyin: Mapped[str] = mapped_column(String(255), default="")
    initials: Mapped[str] = mapped_column(String(64), default="")
    job_title: Mapped[str] = mapped_column(String(64), default="")
    #: Encrypted too: some offices have no telephone but somebody's mobile.
    office_phone: Mapped[str] = mapped_column(EncryptedText, default="")
    mobile: Mapped[str | None] = mapped_column(EncryptedText)
    email: Mapped[str | None] = mapped_column(EncryptedText)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    left_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: An administrator marked the person 离职: a directory that still lists them does not bring them back.
    marked_left: Mapped[bool] = mapped_column(default=False)

    department: Mapped[Department | None] = relationship()
    identities: Mapped[list["PlatformIdentity"]] = relationship(back_populates="person")
    posts: Mapped[list["Post"]] = relationship(back_populates="person")
    memberships: Mapped[list["Membership"]] = relationship(cascade="all, delete-orphan")

    @property
    def is_reachable(self) -> bool:
        """Whether the person gave a mobile of their own that can still be read."""
        return bool(self.mobile) and not isinstance(self.mobile, Unreadable)


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

    department: Mapped[Department] = relationship()


class Post(Base):
    """岗位: what a person may do, from a day to a day. Posts approve, not persons.

    A post given ahead has not `begun` until the day of its `started_at`; `ends_on` is its last day, where one is set.
    A deputy acts while nobody else holds the post.
    """

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
    is_deputy: Mapped[bool] = mapped_column(default=False)
    #: False until the first day of a post given ahead; what waits there is asked of the holder on that day.
    begun: Mapped[bool] = mapped_column(default=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    ends_on: Mapped[date | None]
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship(back_populates="posts")
    department: Mapped[Department | None] = relationship()
    delegations: Mapped[list["Delegation"]] = relationship(back_populates="post")

    @classmethod
    def held(cls, today: date | ColumnElement[date]) -> ColumnElement[bool]:
        """The posts that are held on this day of the college, their holders' presence apart."""
        return and_(cls.begun, cls.ended_at.is_(None), or_(cls.ends_on.is_(None), cls.ends_on >= today))

    @property
    def label(self) -> str:
        """The post in words, such as 护理系部门负责人."""
        unit = self.department.name if self.department else ""
        return f"{self.kind.at(unit)}{'（副职）' if self.is_deputy else ''}"


class Delegation(Base):
    """委托: from a day to a day, somebody acts in a post for its holder, or for whom the holder asked to."""

    __tablename__ = "delegations"
    __table_args__ = (
        CheckConstraint("from_person_id <> to_person_id", name="not_to_oneself"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),
        partial_unique("uq_delegations_open", "post_id", "from_person_id", "to_person_id", where="ended_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    from_person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    to_person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    #: False until its first day, when what waits at the post is asked of the delegate.
    begun: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    post: Mapped[Post] = relationship(back_populates="delegations")
    from_person: Mapped[Person] = relationship(foreign_keys=from_person_id)
    to_person: Mapped[Person] = relationship(foreign_keys=to_person_id)

    @classmethod
    def in_force(cls, today: date | ColumnElement[date]) -> ColumnElement[bool]:
        """The delegations that hold on this day of the college."""
        return and_(cls.ended_at.is_(None), cls.starts_on <= today, cls.ends_on >= today)
