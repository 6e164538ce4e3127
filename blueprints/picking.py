"""Choosing a person on a form: by name without scripts, by search or the platform's own picker with them."""

from wtforms import Form, HiddenField

from blueprints.filings.fields import an_id, text
from models import Person
from operations.errors import RefusedField
from operations.namesakes import the_person

#: A name, and behind it in brackets as much as tells its bearer apart.
LONGEST_NAME = 256


class PersonFields(Form):
    """姓名 and, behind it, the id of whom was picked; for a form of ours to take over.

    The template shows them by `components/picker.html`.
    """

    person = text("姓名", LONGEST_NAME)
    person_id = HiddenField()

    def find_person(self) -> Person | None:
        """The person meant, or None with the sentence at the field that says what is wrong."""
        try:
            return the_person("person", self.person.data, an_id(self.person_id.data))
        except RefusedField as refused:
            self.person.errors = [refused.sentence]
            return None
