"""What happens to a filing between its decisions: passed on, hurried, reminded of, asked about, taken back."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UTCDateTime, partial_index, partial_unique, stored, utc_now
from models.filings import Channel, Step, StepState
from models.people import Person


class EventKind(StrEnum):
    """What happened. A decision is no such event: it has a table of its own."""

    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    TAKEN_OVER = "taken_over"
    NUDGED = "nudged"
    REASSIGNED = "reassigned"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    OPINION_ASKED = "opinion_asked"
    OPINION_GIVEN = "opinion_given"
    COMMITTED = "committed"
    NUMBER_GIVEN = "number_given"
    RENAMED = "renamed"
    GIVEN_UP = "given_up"

    @property
    def label(self) -> str:
        return EVENT_LABELS[self]


EVENT_LABELS = {
    EventKind.SUBMITTED: "提交",
    EventKind.WITHDRAWN: "撤回",
    EventKind.TAKEN_OVER: "接办",
    EventKind.NUDGED: "催办",
    EventKind.REASSIGNED: "转办",
    EventKind.REMINDED: "系统提醒",
    EventKind.ESCALATED: "超时上报",
    EventKind.OPINION_ASKED: "征求意见",
    EventKind.OPINION_GIVEN: "答复意见",
    EventKind.COMMITTED: "确认职责",
    EventKind.NUMBER_GIVEN: "补报群号",
    EventKind.RENAMED: "群名已改",
    EventKind.GIVEN_UP: "不再建群",
}


class FilingEvent(Base):
    """One line of a filing's timeline. Names are kept as they were that day; rows are only ever added."""

    __tablename__ = "filing_events"
    __table_args__ = (Index("ix_filing_events_filing", "filing_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"))
    kind: Mapped[EventKind] = mapped_column(stored(EventKind, "kind"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    #: Who did it; nobody where the service itself did.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    person_name: Mapped[str] = mapped_column(String(64), default="")
    #: In which post, and for whom, as with a decision.
    post_label: Mapped[str] = mapped_column(String(192), default="")
    on_behalf_of: Mapped[str] = mapped_column(String(64), default="")
    #: Whom it was done to: who was reminded, asked, or has it now.
    to_names: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    channel: Mapped[Channel] = mapped_column(stored(Channel, "channel"), default=Channel.PAGE)


class Opinion(Base):
    """征求意见: somebody's advice on a step, asked by whoever may take it. It decides nothing and holds nothing up."""

    __tablename__ = "opinions"
    __table_args__ = (
        CheckConstraint("asked_by_id <> adviser_id", name="not_of_oneself"),
        CheckConstraint("(answered_at IS NULL) = (answer = '')", name="answer_has_its_time"),
        partial_unique("uq_opinions_open", "step_id", "adviser_id", where="answered_at IS NULL"),
        Index("ix_opinions_adviser", "adviser_id", "answered_at"),
        partial_index("ix_opinions_unanswered", "asked_at", where="answered_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asked_by_name: Mapped[str] = mapped_column(String(64))
    adviser_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    adviser_name: Mapped[str] = mapped_column(String(64))
    question: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    step: Mapped[Step] = relationship(back_populates="opinions")
    adviser: Mapped[Person] = relationship(foreign_keys=adviser_id)

    @property
    def is_open(self) -> bool:
        """Whether it may still be given: its step is not over, nor passed on by whoever asked to somebody else."""
        with_the_asker = self.step.assignee_id in (None, self.asked_by_id)
        return self.answered_at is None and self.step.state is StepState.PENDING and with_the_asker
