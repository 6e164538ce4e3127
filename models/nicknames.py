"""实名昵称核对: how a group's nicknames fitted 第九条 when somebody compared them. No nickname is kept."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UTCDateTime, utc_now


class NicknameCheck(Base):
    """The counts of one comparison of a member list with the directory."""

    __tablename__ = "nickname_checks"
    __table_args__ = (
        CheckConstraint("total = fitting + malformed + unknown + misplaced", name="counts_add_up"),
        CheckConstraint("fitting >= 0 AND malformed >= 0 AND unknown >= 0 AND misplaced >= 0", name="counts_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    person_name: Mapped[str] = mapped_column(String(64))
    checked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    total: Mapped[int]
    #: 姓名+部门, and so in the directory.
    fitting: Mapped[int]
    #: Not written as 姓名+部门.
    malformed: Mapped[int]
    #: Nobody of the name is in the directory.
    unknown: Mapped[int]
    #: Somebody of the name is, but in another department.
    misplaced: Mapped[int]
