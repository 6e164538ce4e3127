"""备案: one request about a group, the steps it passes and the decisions taken on them."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from models.base import Base, EncryptedText, UTCDateTime, partial_unique, stored, utc_now
from models.groups import Group
from models.people import Department, Person
from regulation import FilingKind, PostKind

if TYPE_CHECKING:
    from models.happenings import Opinion


class FilingState(StrEnum):
    """What a filing is; MOVES says what it may become."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REGISTERED = "registered"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return STATE_LABELS[self]


STATE_LABELS = {
    FilingState.DRAFT: "草稿",
    FilingState.IN_REVIEW: "审核中",
    FilingState.APPROVED: "审核通过，尚未备案，不得运营",
    FilingState.REGISTERED: "已备案",
    FilingState.RETURNED: "已退回修改",
    FilingState.REJECTED: "不同意",
    FilingState.WITHDRAWN: "已撤回",
}


class Action(StrEnum):
    """What can be done to a filing as a whole."""

    EDIT = "edit"
    SUBMIT = "submit"
    RESUBMIT_TO_REGISTRY = "resubmit_to_registry"
    APPROVE = "approve"
    APPROVE_LAST = "approve_last"
    RETURN = "return"
    REJECT = "reject"
    REGISTER = "register"
    WITHDRAW = "withdraw"
    DELETE = "delete"

    @property
    def label(self) -> str:
        return ACTION_LABELS[self]


ACTION_LABELS = {
    Action.EDIT: "修改",
    Action.SUBMIT: "提交备案",
    Action.RESUBMIT_TO_REGISTRY: "提交备案",
    Action.APPROVE: "同意",
    Action.APPROVE_LAST: "同意",
    Action.RETURN: "退回修改",
    Action.REJECT: "不同意",
    Action.REGISTER: "办理备案",
    Action.WITHDRAW: "撤回",
    Action.DELETE: "删除",
}

_S = FilingState
#: action: (the states it may start from, the state it leads to; None: stays where it is)
MOVES: dict[Action, tuple[frozenset[FilingState], FilingState | None]] = {
    Action.EDIT: (frozenset({_S.DRAFT, _S.RETURNED}), None),
    Action.SUBMIT: (frozenset({_S.DRAFT, _S.RETURNED}), _S.IN_REVIEW),
    Action.RESUBMIT_TO_REGISTRY: (frozenset({_S.RETURNED}), _S.APPROVED),
    Action.APPROVE: (frozenset({_S.IN_REVIEW}), None),
    Action.APPROVE_LAST: (frozenset({_S.IN_REVIEW}), _S.APPROVED),
    Action.RETURN: (frozenset({_S.IN_REVIEW, _S.APPROVED}), _S.RETURNED),
    Action.REJECT: (frozenset({_S.IN_REVIEW}), _S.REJECTED),
    Action.REGISTER: (frozenset({_S.APPROVED}), _S.REGISTERED),
    Action.WITHDRAW: (frozenset({_S.IN_REVIEW, _S.APPROVED, _S.RETURNED}), _S.WITHDRAWN),
    Action.DELETE: (frozenset({_S.DRAFT}), None),
}


class WrongState(Exception):
    """The filing is no longer where this action starts from; nothing was changed."""

    def __init__(self, action: Action, state: FilingState) -> None:
        super().__init__(f"{action} does not start from {state}")
        self.action = action
        self.state = state

    @property
    def sentence(self) -> str:
        return f"备案目前是“{self.state.label}”，不能“{self.action.label}”。页面已按最新情况显示，请核对。"


class StepState(StrEnum):
    """Whether a step's turn is to come, has come, is done, or is over without a decision."""

    WAITING = "waiting"
    PENDING = "pending"
    DONE = "done"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of a step."""

    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    REGISTERED = "registered"

    @property
    def label(self) -> str:
        return {"approved": "已同意", "returned": "已退回修改", "rejected": "不同意", "registered": "已备案"}[
            self.value
        ]


class Channel(StrEnum):
    """How a decision reached the service."""

    CARD = "card"
    PAGE = "page"
    RULE = "rule"


class Filing(Base):
    """One request about a group. Names are kept as they were that day: history outlives people and units."""

    __tablename__ = "filings"
    __table_args__ = (
        CheckConstraint("state = 'draft' OR submitted_at IS NOT NULL", name="submitted_has_its_time"),
        CheckConstraint("(state = 'registered') = (registered_at IS NOT NULL)", name="registered_has_its_time"),
        CheckConstraint("deleted_at IS NULL OR state = 'draft'", name="only_drafts_are_deleted"),
        partial_unique("uq_filings_open", "group_id", where="state IN ('draft', 'in_review', 'approved', 'returned')"),
        Index("ix_filings_applicant", "applicant_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"), index=True)
    kind: Mapped[FilingKind] = mapped_column(stored(FilingKind, "kind"))
    state: Mapped[FilingState] = mapped_column(stored(FilingState, "state"), default=FilingState.DRAFT, index=True)
    applicant_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    applicant_name: Mapped[str] = mapped_column(String(64))
    #: The filing's department, if the applicant belonged to it when it was sent: only then can they have moved since.
    applicant_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    #: Who filed it first, where the department's head took it over from somebody who moved or left.
    taken_over_from: Mapped[str] = mapped_column(String(64), default="")
    #: The people of its day, once others stand in the group (operations.filed_people); "": they are the group's.
    people_as_filed: Mapped[str] = mapped_column(EncryptedText, default="")
    department_name: Mapped[str] = mapped_column(String(128), default="")
    supervisor_name: Mapped[str] = mapped_column(String(128), default="")
    #: The form's own key: the same form sent twice is one filing.
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    #: The rules this filing was filed under; a later revision does not touch it.
    regulation_digest: Mapped[str | None] = mapped_column(ForeignKey("regulation_texts.digest"))
    round: Mapped[int] = mapped_column(default=0)
    #: How often the form was saved: who opened it before somebody else saved it is told, and loses nothing.
    version: Mapped[int] = mapped_column(default=0)
    #: When its author deleted the draft. An empty row stays: the record names its id, which SQLite would reuse.
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    registered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    group: Mapped[Group] = relationship()
    applicant: Mapped[Person] = relationship()
    steps: Mapped[list["Step"]] = relationship(order_by="Step.round, Step.position", back_populates="filing")
    #: Whether an approval of it was ever reported as overdue; only where the query that read the filing asked for it.
    was_escalated: Mapped[bool | None] = query_expression()

    def move(self, action: Action) -> None:
        """Carry out `action` on the state, or raise WrongState and change nothing."""
        sources, target = MOVES[action]
        if self.state not in sources:
            raise WrongState(action, self.state)
        self.state = target or self.state

    def allows(self, action: Action) -> bool:
        """Whether `action` may start from the filing's present state."""
        return self.state in MOVES[action][0]

    @property
    def department_then(self) -> str:
        """备案部门 as it was called when the filing was sent, and as it is called now; in a draft only that."""
        return self._then(self.department_name, self.group.department)

    @property
    def supervisor_then(self) -> str:
        """主管部门, as `department_then`."""
        return self._then(self.supervisor_name, self.group.supervisor)

    def _then(self, of_its_day: str, unit: Department | None) -> str:
        now = unit.name if unit is not None else ""
        if self.allows(Action.EDIT) or of_its_day in ("", now):
            return now
        return f"{of_its_day}（现为{now}）" if now else of_its_day

    @property
    def current_steps(self) -> list["Step"]:
        """The steps of the present round, in order."""
        return [step for step in self.steps if step.round == self.round]

    @property
    def pending_step(self) -> "Step | None":
        """The step whose turn it is, if the filing waits for somebody."""
        return next((step for step in self.steps if step.state is StepState.PENDING), None)


class Step(Base):
    """One post's turn: an approval of 第八条, or at the end the registry's 备案登记."""

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("filing_id", "round", "position"),
        CheckConstraint("state <> 'pending' OR pending_since IS NOT NULL", name="pending_has_its_time"),
        partial_unique("uq_steps_one_pending", "filing_id", where="state = 'pending'"),
        Index("ix_steps_waiting_for_post", "post", "department_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"))
    round: Mapped[int]
    position: Mapped[int]
    post: Mapped[PostKind] = mapped_column(stored(PostKind, "post"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    department_name: Mapped[str] = mapped_column(String(128), default="")
    article: Mapped[str] = mapped_column(String(32))
    sentence: Mapped[str] = mapped_column(String(255))
    state: Mapped[StepState] = mapped_column(stored(StepState, "state"), default=StepState.WAITING)
    pending_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: From when it has been with any of those who can take it now; later than its turn where the post changed hands.
    asked_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: 转办: who has it instead of the post's holders, and whose say it was; nobody's where the post was vacant.
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    filing: Mapped[Filing] = relationship(back_populates="steps")
    department: Mapped[Department | None] = relationship()
    decision: Mapped["Decision | None"] = relationship(back_populates="step")
    assignee: Mapped[Person | None] = relationship(foreign_keys=assignee_id)
    opinions: Mapped[list["Opinion"]] = relationship(order_by="Opinion.id", back_populates="step")
    assigned_by: Mapped[Person | None] = relationship(foreign_keys=assigned_by_id)

    def wait_from(self, at: datetime) -> None:
        """Its turn has come, or begins anew with somebody else."""
        self.pending_since, self.asked_since = at, at

    @property
    def is_registration(self) -> bool:
        """备案登记 is the step of the registrar; every other one is an approval."""
        return self.post is PostKind.REGISTRAR

    @property
    def post_label(self) -> str:
        """The post in words, such as 护理系部门负责人."""
        return self.post.at(self.department_name)


class Decision(Base):
    """What was decided on a step, once: by whom, in which post, how, and the reason given."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("outcome NOT IN ('returned', 'rejected') OR reason <> ''", name="refusal_has_reason"),
    )

    #: The primary key: a step has room for one decision.
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True, autoincrement=False)
    outcome: Mapped[Outcome] = mapped_column(stored(Outcome, "outcome"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    person_name: Mapped[str] = mapped_column(String(64))
    #: The holder of the post for whom the person acted, where it was delegated; whoever signed on paper, if known.
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    on_behalf_of: Mapped[str] = mapped_column(String(64), default="")
    post_label: Mapped[str] = mapped_column(String(192))
    reason: Mapped[str] = mapped_column(Text, default="")
    channel: Mapped[Channel] = mapped_column(stored(Channel, "channel"))
    #: 线下已审: signed on the paper form, and entered by a registrar with its scan.
    on_paper: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)

    step: Mapped[Step] = relationship(back_populates="decision")

    @property
    def decider(self) -> tuple[int | None, str]:
        """Who decided: of what was signed on paper whoever signed, if known, and not the registrar who entered it."""
        return (self.on_behalf_of_id, self.on_behalf_of) if self.on_paper else (self.person_id, self.person_name)

    @property
    def who(self) -> str:
        """Who decided, and for whom: 王某（代李某）; of what was signed on paper, who signed and who entered it."""
        if self.on_paper:
            return f"{self.on_behalf_of}（{self.person_name}录入）"
        return f"{self.person_name}（代{self.on_behalf_of}）" if self.on_behalf_of else self.person_name

    @property
    def label(self) -> str:
        """What came of the step, as pages and cards say it."""
        return "线下已审" if self.on_paper else self.outcome.label

    @property
    def by_rule(self) -> bool:
        """Nobody clicked: the rules passed the step on, for the `reason` given."""
        return self.channel is Channel.RULE


class RegistrationCounter(Base):
    """The last 备案编号 given in a year. It only grows, in the transaction that gives the number."""

    __tablename__ = "registration_counters"
    __table_args__ = (CheckConstraint("last_sequence > 0", name="last_sequence_positive"),)

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_sequence: Mapped[int]


class RegulationText(Base):
    """The text of a regulation file that some filing was filed under."""

    __tablename__ = "regulation_texts"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
