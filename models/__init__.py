"""The tables of the service and what each row may become."""

from models.audit import AuditEntry
from models.base import Base, utc_now
from models.commitments import Commitment
from models.directory import DirectoryAbsence, DirectoryEvent, DirectorySync, LastHeard, SyncState
from models.evidence import Evidence, EvidenceKind
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
from models.groups import Contact, ContactRole, Group, GroupPartner, GroupState
from models.handovers import Handover, HandoverItem
from models.happenings import EventKind, FilingEvent, Opinion
from models.messages import (
    FORMAT,
    UNDER_WAY,
    Message,
    MessageKind,
    MessageState,
    MessageTally,
    ReceivedCallback,
    SharedValue,
    Urgency,
    WorkerHeartbeat,
)
from models.nicknames import NicknameCheck
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
from models.reminders import Reminder

__all__ = [
    "FORMAT",
    "MOVES",
    "OWN",
    "UNDER_WAY",
    "Action",
    "AuditEntry",
    "Base",
    "ChangeKind",
    "Channel",
    "Commitment",
    "Contact",
    "ContactRole",
    "Decision",
    "Delegation",
    "Department",
    "DepartmentChange",
    "DirectoryAbsence",
    "DirectoryEvent",
    "DirectorySync",
    "EventKind",
    "Evidence",
    "EvidenceKind",
    "Filing",
    "FilingEvent",
    "FilingState",
    "Group",
    "GroupPartner",
    "GroupState",
    "Handover",
    "HandoverItem",
    "LastHeard",
    "Membership",
    "Message",
    "MessageKind",
    "MessageState",
    "MessageTally",
    "NicknameCheck",
    "Opinion",
    "Outcome",
    "Person",
    "PlatformIdentity",
    "Post",
    "ReceivedCallback",
    "RegistrationCounter",
    "RegulationText",
    "Reminder",
    "SharedValue",
    "Step",
    "StepState",
    "SyncState",
    "Urgency",
    "WorkerHeartbeat",
    "WrongState",
    "utc_now",
]
