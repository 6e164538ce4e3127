"""群组: one chat group of the college, from proposal to dissolution, and the people who answer for it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from models.base import Base, EncryptedText, UTCDateTime, partial_index, partial_unique, stored, utc_now
from models.people import Department, Person
from regulation import Platform, Tier, fold_name, normalize_name, normalize_number

#: As much of a name or a number as the columns keep that groups are compared by.
LONGEST_KEY = 64


def name_key(name: str) -> str:
    """A group's name as names are compared."""
    return fold_name(name)[:LONGEST_KEY]


def number_key(number: str) -> str:
    """A group's number as numbers are compared: bare, without label and spaces."""
    return normalize_number(number)[:LONGEST_KEY]


class GroupState(StrEnum):
    """A group from its first filing to its end. What else is true of it is computed."""

    PROPOSED = "proposed"
    OPERATING = "operating"
    DISSOLVED = "dissolved"

    @property
    def label(self) -> str:
        return {"proposed": "拟建", "operating": "运行中", "dissolved": "已解散"}[self.value]


class ContactRole(StrEnum):
    """In which role somebody answers for a group."""

    RESPONSIBLE = "responsible"
    OWNER = "owner"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        return {"responsible": "第一责任人", "owner": "群主", "administrator": "管理员"}[self.value]


class Group(Base):
    """The facts of the annex about one group. They may be incomplete while it is only a draft.

    `live` is true from submission until the group is refused, withdrawn or dissolved: only then do its
    number and its name stand against another's.
    """

    __tablename__ = "groups"
    __table_args__ = (
        CheckConstraint("member_count IS NULL OR member_count > 0", name="member_count_positive"),
        CheckConstraint(
            "NOT live OR (name <> '' AND platform IS NOT NULL AND tier IS NOT NULL AND department_id IS NOT NULL "
            "AND member_count IS NOT NULL AND composition <> '' AND purpose <> '' AND opened_on IS NOT NULL)",
            name="live_is_complete",
        ),
        CheckConstraint(
            "state <> 'operating' OR (live AND registration_number IS NOT NULL)",
            name="operating_is_registered",
        ),
        CheckConstraint("NOT is_project OR NOT live OR ends_on IS NOT NULL", name="project_has_end"),  # 第十二条
        partial_unique("uq_groups_live_number", "platform", "number_key", where="live AND number_key <> ''"),
        partial_unique("uq_groups_live_name", "department_id", "platform", "name", where="live"),
        partial_index("ix_groups_live_name_key", "name_key", where="live"),
        # Looked at every minute: few groups owe something.
        partial_index("ix_groups_number_due", "state", "number_due_on", where="number_due_on IS NOT NULL"),
        partial_index("ix_groups_rename_due", "state", "rename_due_on", where="rename_due_on IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[GroupState] = mapped_column(stored(GroupState, "state"), default=GroupState.PROPOSED, index=True)
    live: Mapped[bool] = mapped_column(default=False)
    registration_number: Mapped[str | None] = mapped_column(String(64), unique=True)
    registered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    tier: Mapped[Tier | None] = mapped_column(stored(Tier, "tier"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    platform: Mapped[Platform | None] = mapped_column(stored(Platform, "platform"))
    other_platform: Mapped[str] = mapped_column(String(32), default="")
    name: Mapped[str] = mapped_column(String(64), default="")
    #: The name as names are compared (`name_key`).
    name_key: Mapped[str] = mapped_column(String(LONGEST_KEY), default="")
    number: Mapped[str] = mapped_column(String(64), default="")
    number_key: Mapped[str] = mapped_column(String(LONGEST_KEY), default="")
    #: 群主微信名: what a WeChat group, which has no number, is known by.
    owner_account: Mapped[str] = mapped_column(String(64), default="")
    member_count: Mapped[int | None]
    size_reason: Mapped[str] = mapped_column(Text, default="")
    composition: Mapped[str] = mapped_column(Text, default="")
    opened_on: Mapped[date | None]
    purpose: Mapped[str] = mapped_column(Text, default="")
    is_project: Mapped[bool] = mapped_column(default=False)
    ends_on: Mapped[date | None]
    #: 待建群: registered, but the group itself is still to come, by this day.
    number_due_on: Mapped[date | None]
    #: 须改名: it ran under a name that breaks 第九条 when it was registered, and has until this day.
    rename_due_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)

    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    supervisor: Mapped[Department | None] = relationship(foreign_keys=supervisor_id)
    partners: Mapped[list[Department]] = relationship(secondary="group_partners", order_by="Department.id")
    contacts: Mapped[list["Contact"]] = relationship(
        order_by="Contact.role, Contact.position", cascade="all, delete-orphan"
    )

    def call(self, name: str) -> None:
        """Give the group this name."""
        self.name, self.name_key = normalize_name(name), name_key(name)

    @property
    def platform_label(self) -> str:
        """群组类型 as people say it; 其他 by the name they gave."""
        if self.platform is None:
            return ""
        return self.other_platform or self.platform.label

    @property
    def partner_ids(self) -> tuple[int, ...]:
        """参与单位, by the ids of the departments."""
        return tuple(partner.id for partner in self.partners)

    @property
    def awaits_number(self) -> bool:
        """待建群: registered, but the group itself (its number) is still to come.

        A QQ group that was registered before a day was set for that lacks its number all the same.
        """
        lacks_number = self.platform is Platform.QQ and not self.number_key
        return self.state is GroupState.OPERATING and (self.number_due_on is not None or lacks_number)

    @property
    def must_be_renamed(self) -> bool:
        """须改名: registered under a name that breaks 第九条, and still called so."""
        return self.state is GroupState.OPERATING and self.rename_due_on is not None


class GroupPartner(Base):
    """参与单位: a department that shares a group which another one leads and answers for."""

    __tablename__ = "group_partners"

    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True, index=True)


class Contact(Base):
    """第一责任人, 群主 or 管理员 of a group, with the particulars the annex asks for."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("group_id", "role", "position"),
        CheckConstraint("position BETWEEN 1 AND 9", name="position_in_row"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    role: Mapped[ContactRole] = mapped_column(stored(ContactRole, "role"))
    position: Mapped[int] = mapped_column(default=1)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), default="")
    job_title: Mapped[str] = mapped_column(String(64), default="")
    mobile: Mapped[str] = mapped_column(EncryptedText, default="")
    #: Whether the person gave mobile and e-mail themselves: they were not typed by whoever filed the group.
    given_by_owner: Mapped[bool] = mapped_column(default=False)
    #: Encrypted too: some offices have no telephone but somebody's mobile.
    office_phone: Mapped[str] = mapped_column(EncryptedText, default="")
    email: Mapped[str] = mapped_column(EncryptedText, default="")

    person: Mapped[Person | None] = relationship()
    #: How many people here bear the name; only where the query that read the contact asked for it.
    bearers: Mapped[int | None] = query_expression()

    @property
    def is_completed_when_sent(self) -> bool:
        """Whether no mobile was typed, but the colleague gave their own: sending fills it in."""
        return not self.mobile and self.person is not None and self.person.left_at is None and self.person.is_reachable

    @property
    def has_left(self) -> bool:
        """Whether the colleague who is named here is gone."""
        return self.person is not None and self.person.left_at is not None

    @property
    def unit(self) -> str:
        """Which of several people of the name it is, by their department; empty where the name is enough."""
        if not self.name or (self.bearers or 0) < 2:
            return ""
        if self.person is None:
            return "有同名，未指明是哪一位"
        return self.person.department.name if self.person.department else ""
