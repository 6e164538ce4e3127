"""The tables of the service and what each row may become."""

from models.audit import AuditEntry
from models.base import Base, utc_now
from models.directory import DirectoryAbsence, DirectoryEvent, DirectorySync, LastHeard, SyncState
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
from models.handovers import Handover, HandoverItem
from models.messages import (
    Message,
    MessageKind,
    MessageState,
    ReceivedCallback,
    SharedValue,
    WorkerHeartbeat,
)
from models.people import (
    OWN,
    ChangeKind,
    Delegation,
    Department,
    DepartmentChange,
    Membership,
    Person,
    PlatformIdentity,
    Post,
)

__all__ = [
    "MOVES",
    "OWN",
    "Action",
    "AuditEntry",
    "Base",
    "ChangeKind",
    "Channel",
    "Contact",
    "ContactRole",
    "Decision",
    "Delegation",
    "Department",
    "DepartmentChange",
    "DirectoryAbsence",
    "DirectoryEvent",
    "DirectorySync",
    "Filing",
    "FilingState",
    "Group",
    "GroupState",
    "Handover",
    "HandoverItem",
    "LastHeard",
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
    "SyncState",
    "WorkerHeartbeat",
    "WrongState",
    "utc_now",
]
