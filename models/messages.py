"""消息: the outbox, what came back from the platforms, and what the processes share about them."""

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, EncryptedText, UTCDateTime, partial_index, stored, utc_now
from models.commitments import Commitment
from models.filings import Step


class MessageKind(StrEnum):
    """NOTICE informs; REQUEST asks for a decision on its card; CLOSE ends a request's card."""

    NOTICE = "notice"
    REQUEST = "request"
    CLOSE = "close"


class MessageState(StrEnum):
    """How far a message has come; CANCELLED is one that nobody needs any more."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Nothing has come of it yet.
UNDER_WAY = (MessageState.PENDING, MessageState.SENDING)


class Urgency(IntEnum):
    """What leaves first: whatever somebody waits for, then news, then reminders and all that goes to many at once."""

    URGENT = 0
    ORDINARY = 1
    CAMPAIGN = 2


#: How a row is to be read. While two versions of the service share a database during an update, the older one leaves
#: rows of a higher number to the newer. It is raised with whatever an older reader of a row would get wrong.
FORMAT = 1


class Message(Base):
    """One card or notice to one person, or the closing of such a card: written with its cause, sent by the worker.

    `event_key` names the event and the person: the same event tells a person once.
    `task_id` is our id for the platform; a repeated delivery carries the same one.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("(kind = 'close') = (closes_id IS NOT NULL)", name="close_names_its_card"),
        CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="sending_is_leased"),
        CheckConstraint("urgency BETWEEN 0 AND 2", name="urgency_is_known"),
        Index("ix_messages_due", "state", "urgency", "run_at"),
        Index("ix_messages_tried", "recipient_user_id", "tried_at"),
        Index("ix_messages_inbox", "recipient_id", "id"),
        Index("ix_messages_spread", "urgency", "tried_at"),
        Index("ix_messages_sent", "sent_at"),
        partial_index("ix_messages_unread", "recipient_id", where="read_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_key: Mapped[str] = mapped_column(String(160), unique=True)
    task_id: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[MessageKind] = mapped_column(stored(MessageKind, "kind"))
    platform: Mapped[str] = mapped_column(String(16))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    recipient_user_id: Mapped[str] = mapped_column(String(64))
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filings.id"), index=True)
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"), index=True)
    handover_id: Mapped[int | None] = mapped_column(ForeignKey("handovers.id"), index=True)
    commitment_id: Mapped[int | None] = mapped_column(ForeignKey("commitments.id"), index=True)
    closes_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    #: The card in our own words (messaging.cards.Card as a mapping); for CLOSE {"text": what it now reads}.
    card: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: A reminder leaves by day only: the ids of the steps that it is of, or none where it is of something else, too.
    #: None: whatever somebody did, which is told at any hour.
    reminds_of: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))

    state: Mapped[MessageState] = mapped_column(stored(MessageState, "state"), default=MessageState.PENDING)
    #: An Urgency. Whoever writes a row without it, as the version before did, writes news.
    urgency: Mapped[int] = mapped_column(default=Urgency.ORDINARY, server_default=text("1"))
    format: Mapped[int] = mapped_column(default=FORMAT, server_default=text("1"))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    run_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    #: When it was last put to the platform, whatever came of it: what the limits of the platform are counted by.
    tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: What went wrong at the last try, in the platform's words behind its code; `errcode` is that code alone.
    error: Mapped[str] = mapped_column(Text, default="")
    errcode: Mapped[int | None]
    platform_message_id: Mapped[str] = mapped_column(String(255), default="")
    #: WeCom's single-use right to change the card, good for 72 h [94888].
    response_code: Mapped[str] = mapped_column(String(512), default="")
    #: The message that told this one too, as a line of a digest: this one is cancelled, and arrives with that.
    carried_by_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    #: When the person saw it in the inbox; a closing is nothing to be read, and has the moment of its writing.
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    closes: Mapped["Message | None"] = relationship(remote_side=id, foreign_keys=closes_id)
    carried_by: Mapped["Message | None"] = relationship(remote_side=id, foreign_keys=carried_by_id)
    step: Mapped[Step | None] = relationship()
    commitment: Mapped[Commitment | None] = relationship()


class MessageTally(Base):
    """What one thread of a worker did on one day, in the college's time: tries, and how messages ended."""

    __tablename__ = "message_tallies"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    worker: Mapped[str] = mapped_column(String(128), primary_key=True)
    tried: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)


class ReceivedCallback(Base):
    """A platform event that was acted on: a second delivery of it finds this row and does nothing."""

    __tablename__ = "received_callbacks"
    __table_args__ = (UniqueConstraint("platform", "event_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    event_key: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class SharedValue(Base):
    """A short-lived value that all processes share, such as a platform's access token."""

    __tablename__ = "shared_values"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(EncryptedText)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class WorkerHeartbeat(Base):
    """When each worker last said that it is alive."""

    __tablename__ = "worker_heartbeats"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UTCDateTime)
