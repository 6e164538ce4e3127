"""Choosing a person on a form: by name without scripts, by search or the platform's own picker with them."""

import re

from wtforms import Form, HiddenField

from blueprints.filings.fields import text
from models import Person
from operations.errors import RefusedField
from operations.finding import the_person


class PersonFields(Form):
    """姓名 and, behind it, the id of whom was picked; for a form of ours to take over.

    The template shows them by `components/picker.html`.
    """

    person = text("姓名", 64)
    person_id = HiddenField()

    def find_person(self) -> Person | None:
        """The person meant, or None with the sentence at the field that says what is wrong."""
        picked = self.person_id.data or ""
        try:
            return the_person("person", self.person.data, int(picked) if re.fullmatch(r"[0-9]{1,9}", picked) else None)
        except RefusedField as refused:
            self.person.errors = [refused.sentence]
            return None
