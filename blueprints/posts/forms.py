"""The form of a delegation."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from wtforms import Field, SelectField
from wtforms.fields.choices import SelectChoice

from blueprints.filings.fields import DayField
from blueprints.filings.forms import PageForm
from blueprints.picking import PersonFields
from models import Post
from operations.actors import Actor
from operations.errors import RefusedField


class DelegationForm(PageForm, PersonFields):
    """委托: which post, to whom, from when until when."""

    post_id = SelectField("岗位", default="", invalid_choice_message="请从列出的岗位中选择。")
    starts_on = DayField("开始日期")
    ends_on = DayField("结束日期")

    def __init__(self, actor: Actor, posts: Sequence[Post], **options: Any) -> None:
        """`posts` are those that the actor may delegate."""
        super().__init__(**options)
        self.person.label.text = "受托人"
        self.post_id.choices = [SelectChoice(str(post.id), _named(actor, post)) for post in posts]

    def propose(self, today: date) -> None:
        """Begin with the first of the posts, and today."""
        self.post_id.data = next((choice.value for choice in self.post_id.choices), "")
        self.starts_on.data = today

    def says_all(self) -> bool:
        """Whether it says all it must; if not, each field says what it lacks."""
        fits = self.validate()
        for field in (self.starts_on, self.ends_on):
            if field.data is None and not field.errors:
                field.errors = [f"请选择{field.label.text}。"]
        return fits and not (self.starts_on.errors or self.ends_on.errors)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day, where the form says all it must."""
        assert self.starts_on.data is not None and self.ends_on.data is not None  # noqa: S101, PT018 - see says_all
        return self.starts_on.data, self.ends_on.data

    @property
    def wrong_fields(self) -> list[tuple[str, Field]]:
        """The fields with something wrong, for the summary on top; they stand in no fieldset."""
        return [("", field) for field in self if field.errors]

    def show(self, refused: RefusedField) -> None:
        """Put the sentence at its field."""
        self[refused.field].errors = [refused.sentence]


def _named(actor: Actor, post: Post) -> str:
    """The post's label, and for whom one acts in it where it is somebody else's."""
    return post.label if post.person_id == actor.id else f"{post.label}（代{post.person.name}）"
