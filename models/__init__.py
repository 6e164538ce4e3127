"""The tables of the service and what each row may become."""

from models.audit import AuditEntry
from models.base import Base, utc_now
from models.filings import (
    MOVES,
    Action,
    Channel,
    Decision,
    Filing,
    FilingState,
    Outcome,
    RegistrationCounter,
    RegulationText,
    Step,
    StepState,
    WrongState,
)
from models.groups import Contact, ContactRole, Group, GroupState
from models.messages import (
    Message,
    MessageKind,
    MessageState,
    ReceivedCallback,
    SharedValue,
    WorkerHeartbeat,
)
from models.people import Department, Membership, Person, PlatformIdentity, Post

__all__ = [
    "MOVES",
    "Action",
    "AuditEntry",
    "Base",
    "Channel",
    "Contact",
    "ContactRole",
    "Decision",
    "Department",
    "Filing",
    "FilingState",
    "Group",
    "GroupState",
    "Membership",
    "Message",
    "MessageKind",
    "MessageState",
    "Outcome",
    "Person",
    "PlatformIdentity",
    "Post",
    "ReceivedCallback",
    "RegistrationCounter",
    "RegulationText",
    "SharedValue",
    "Step",
    "StepState",
    "WorkerHeartbeat",
    "WrongState",
    "utc_now",
]
