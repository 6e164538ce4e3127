"""Departments: what the directory does not know of them, and what becomes of them."""

from sqlalchemy.orm import Session

from models import ChangeKind, Department, DepartmentChange


def note_renamed(session: Session, department: Department, old_name: str) -> None:
    """Remember that the directory calls the department otherwise now: its groups' names may have to follow."""
    session.add(
        DepartmentChange(
            department_id=department.id, kind=ChangeKind.RENAMED, old_name=old_name, new_name=department.name
        )
    )
