"""Choosing who takes over, and what of it."""

import re
from typing import Any

from flask import request
from wtforms import HiddenField

from blueprints.filings.forms import PageForm
from blueprints.picking import PersonFields
from operations.errors import RefusedField
from operations.handovers import fingerprint
from operations.vacancies import HandoverRecord


class SuccessorForm(PersonFields, PageForm):
    """The items ticked, and the person who is to take them over. `items_error` is what is wrong with the ticks."""

    seen = HiddenField()

    def __init__(self, handed: HandoverRecord, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.handed = handed
        self.items_error = ""

    @property
    def items(self) -> set[int]:
        """The ids of the items ticked; before anything was sent, of those for which nobody is asked."""
        if self.is_submitted():
            return {int(key) for key in request.form.getlist("items") if re.fullmatch(r"[0-9]{1,9}", key)}
        return {item.id for item in self.handed.open if not item.awaits_answer}

    def show_as_it_stands(self) -> None:
        """Whatever an earlier page showed: this one shows what is arranged now."""
        self.seen.data = fingerprint(self.handed)

    def names_another(self, name: str) -> bool:
        """Whether somebody else than `name` was written into the box, which then says so."""
        if self.person.data and self.person.data != name:
            self.person.errors = [f"这里填写了{self.person.data}。由您担任请先清空，请对方接任请按“请对方确认”。"]
        return bool(self.person.errors)

    def refuse(self, refused: RefusedField) -> None:
        """Put the sentence at its field."""
        if refused.field == "items":
            self.items_error = refused.sentence
        else:
            self.person.errors = [refused.sentence]
