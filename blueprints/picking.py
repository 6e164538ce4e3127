"""Choosing a person on a form: by name without scripts, by search or the platform's own picker with them."""

from wtforms import Field, Form, HiddenField, ValidationError

from blueprints.filings.fields import AtMost, an_id, text
from models import Person
from operations.errors import RefusedField
from operations.namesakes import the_person, unclear, whom_they_mean

#: A name, and behind it in brackets as much as tells its bearer apart.
LONGEST_NAME = 256
#: As long as a name itself may be.
LONGEST_KEPT = 64


class PersonFields(Form):
    """姓名 and, behind it, the id of whom was picked; for a form of ours to take over.

    The template shows them by `components/picker.html`.
    """

    person = text("姓名", LONGEST_NAME)
    person_id = HiddenField()

    def find_person(self) -> Person | None:
        """The person meant, or None with the sentence at the field that says what is wrong.

        What the form, validated, has already refused keeps its sentence.
        """
        if self.person.errors:
            return None
        try:
            return the_person("person", self.person.data, an_id(self.person_id.data))
        except RefusedField as refused:
            self.person.errors = [refused.sentence]
            return None


def a_name(form: Form, field: Field) -> None:
    """Refuses what is longer than a name may be, but where it says who of the directory is meant: theirs is kept.

    For a field that stands beside a `person_id`.
    """
    typed = field.data or ""
    if len(typed) <= LONGEST_KEPT:
        return
    said = [(typed, an_id(form["person_id"].data))]
    meant = whom_they_mean(said)[0] if len(typed) <= LONGEST_NAME else []
    if not meant:
        AtMost(LONGEST_KEPT)(form, field)
    if len(meant) > 1:
        raise ValidationError(unclear(said, near=None)[0])
