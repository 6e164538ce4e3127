"""The forms about departments."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, HiddenField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from blueprints.filings.fields import text
from blueprints.filings.forms import NOTHING_CHOSEN, PageForm, choice, department
from models import OWN, Department
from operations.departments import DepartmentFacts, fingerprint
from regulation import DepartmentKind


class BranchForm(PageForm):
    """A 党总支 that no directory has."""

    name = text("名称", 64)


class DepartmentForm(BranchForm):
    """What an administrator says about a department. The name is asked only of one that was entered here."""

    kind = choice("类别", DepartmentKind, SelectChoice("", "未设置"))
    short_name = text("单位简称", 32)
    party_branch_id = department("所属党总支")
    all_heads = BooleanField("党政负责人均须审核")
    seen = HiddenField()

    def __init__(self, unit: Department, branches: Sequence[Department], **options: Any) -> None:
        """`branches` are those that may be the unit's 党总支."""
        super().__init__(data=_said_of(unit), **options)
        self.seen.data = self.seen.data or fingerprint(unit)
        own = SelectChoice("", "本单位（不另设）")
        self.party_branch_id.choices = [own, *(_branch(branch) for branch in branches)]
        if unit.platform == OWN:
            del self.kind
        else:
            del self.name

    def facts(self) -> DepartmentFacts:
        """What the form says."""
        return DepartmentFacts(
            kind=DepartmentKind(self.kind.data) if self.kind and self.kind.data else None,
            short_name=self.short_name.data,
            party_branch_id=int(self.party_branch_id.data) if self.party_branch_id.data else None,
            all_heads=self.all_heads.data,
            name=self.name.data if self.name else "",
        )


class KindForm(PageForm):
    """The kind that several departments of the list are of."""

    kind = choice("设为类别", DepartmentKind, NOTHING_CHOSEN)

    def chosen(self) -> DepartmentKind | None:
        """The kind, or None with the sentence at the field."""
        if self.validate() and not self.kind.data:
            self.kind.errors = ["请选择类别。"]
        return None if self.kind.errors else DepartmentKind(self.kind.data)


class TargetForm(PageForm):
    """The department that groups go to."""

    target = department("并入部门")

    def __init__(self, label: str, departments: Sequence[Department], **options: Any) -> None:
        super().__init__(**options)
        self.target.label.text = label
        self.target.choices = [NOTHING_CHOSEN, *(SelectChoice(str(unit.id), unit.name) for unit in departments)]
        self.target.validators = [InputRequired(f"请选择{label}。")]


def _said_of(unit: Department) -> dict[str, object]:
    return {
        "name": unit.name,
        "kind": unit.kind.value if unit.kind else "",
        "short_name": unit.short_name or "",
        "party_branch_id": str(unit.party_branch_id or ""),
        "all_heads": unit.all_heads,
    }


def _branch(branch: Department) -> SelectChoice:
    return SelectChoice(str(branch.id), f"{branch.name}（已撤销）" if branch.removed_at else branch.name)
