"""Students decide on no filing: who approves and who registers is of the staff, whichever way it came to them."""

from models import Person
from operations.rules import rules_in_force
from regulation import PostKind


def is_student(person: Person) -> bool:
    """Whether the directory says so of them, by the 职务 that the data file names."""
    return rules_in_force().people.is_student(person.job_title)


def why_no_approver(person: Person) -> str:
    """Why this person cannot be given a say in filings (第八条); empty where they can."""
    if not is_student(person):
        return ""
    return f"{person.name}是学生，不能审核备案（第八条），请另选一位教职工；如职务有误，请先在通讯录中更正。"


def why_not_appointed(person: Person, kind: PostKind) -> str:
    """The same for a post: one that runs the service, or looks over it, gives no say in filings."""
    return why_no_approver(person) if kind.for_department or kind is PostKind.REGISTRAR else ""
