"""The forms of an administrator's pages about people and posts."""

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, Field, SelectField
from wtforms.fields.choices import SelectChoice

from blueprints.filings.fields import DayField
from blueprints.filings.forms import NOTHING_CHOSEN, PageForm, choice
from blueprints.picking import PersonFields
from models import Department
from operations.appointing import Term
from operations.errors import RefusedField
from regulation import PostKind

NO_DEPARTMENT = SelectChoice("", "全院岗位不选")


class OverseerForm(PageForm, PersonFields):
    """主管院领导 for the departments that are ticked in the list."""


class PostForm(PageForm):
    """任命: which post, in which department, from when until when, and whether as its deputy."""

    kind = choice("岗位", PostKind, NOTHING_CHOSEN)
    department_id = SelectField("部门", default="", invalid_choice_message="部门请从列出的部门中选择。")
    starts_on = DayField("开始日期")
    ends_on = DayField("结束日期")
    is_deputy = BooleanField("副职")

    def __init__(self, departments: Iterable[Department], **options: Any) -> None:
        """`departments` are those that a post may be given for."""
        super().__init__(**options)
        self._units = [(str(unit.id), unit.name) for unit in departments]
        self.department_id.choices = [NO_DEPARTMENT, *(SelectChoice(key, name) for key, name in self._units)]

    def says_all(self) -> bool:
        """Whether it says all it must; if not, each field says what it lacks."""
        fits = self.validate()
        if fits and not self.kind.data:
            self.kind.errors = ["请选择岗位。"]
        return fits and not self.kind.errors

    @property
    def post(self) -> tuple[PostKind, int | None]:
        """The post that was chosen."""
        return PostKind(self.kind.data), int(self.department_id.data) if self.department_id.data else None

    @property
    def post_label(self) -> str:
        """The post in words, with what is special about how it is given: 护理系部门负责人（副职，自2026-12-01）."""
        kind, department_id = self.post
        unit = dict(self._units).get(str(department_id), "") if department_id else ""
        special = [word for word in ("副职" if self.is_deputy.data else "", self._days()) if word]
        return f"{kind.at(unit)}（{'，'.join(special)}）" if special else kind.at(unit)

    def _days(self) -> str:
        begins, ends = self.starts_on.data, self.ends_on.data
        return f"{f'自{begins}' if begins else ''}{f'至{ends}' if ends else ''}"

    @property
    def term(self) -> Term:
        """How it is given."""
        return Term(self.starts_on.data, self.ends_on.data, self.is_deputy.data)

    @property
    def wrong_fields(self) -> list[tuple[str, Field]]:
        """The fields with something wrong, for the summary on top; they stand in no fieldset."""
        return [("", field) for field in self if field.errors]

    def show(self, refused: RefusedField) -> None:
        """Put the sentence at its field."""
        self[refused.field].errors = [refused.sentence]
