"""Fields of the annex: how what people type is read, and what they are told when it cannot be."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from wtforms import DateField, Field, FieldList, Form, StringField, TextAreaField, ValidationError
from wtforms.widgets import TextInput

from operations.rules import rules_in_force

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
LARGEST_COUNT = 100_000

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_COUNTRY_CODE = re.compile(r"^(?:\+|00)?86(?=1[0-9]{10}$)")
_OFFICE_PHONE = re.compile(r"[0-9()#转 +-]{3,32}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
LONGEST_EMAIL = 128


def clean(text: str | None) -> str:
    """The text without white space around it and without characters that nobody sees and PostgreSQL refuses."""
    text = (text or "").replace("\r\n", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


def half_width(text: str | None) -> str:
    """The text in half-width letters, digits and signs."""
    return unicodedata.normalize("NFKC", clean(text))


def bare_mobile(text: str | None) -> str:
    """A mobile number as its eleven digits, however it was grouped; anything else as typed."""
    bare = _COUNTRY_CODE.sub("", re.sub(r"[\s().-]", "", half_width(text)))
    return bare if _MOBILE.fullmatch(bare) else clean(text)


class AtMost:
    """Refuses text longer than `longest` characters, and says how much too long it is."""

    def __init__(self, longest: int) -> None:
        # Not told to the browser: it would cut a pasted text short without a word.
        self.longest = longest

    def __call__(self, form: Form, field: Field) -> None:
        over = len(field.data or "") - self.longest
        if over > 0:
            raise ValidationError(f"{field.label.text}最多{self.longest}个字，请删去{over}个字。")


def a_mobile(form: Form, field: Field) -> None:
    """Refuses what is no mobile number of the mainland."""
    if field.data and not _MOBILE.fullmatch(field.data):
        raise ValidationError("手机请填写11位手机号码，例如 19900000000。")


def an_office_phone(form: Form, field: Field) -> None:
    """Refuses what holds more than digits and the signs of a phone number."""
    if field.data and not _OFFICE_PHONE.fullmatch(field.data):
        raise ValidationError("办公电话请只填写数字和 - ( ) # 转，最多32个字，例如 028-00000000转8001。")


def an_email(form: Form, field: Field) -> None:
    """Refuses what has not the form of an e-mail address."""
    if field.data and (len(field.data) > LONGEST_EMAIL or not _EMAIL.fullmatch(field.data)):
        raise ValidationError(f"邮箱格式不对，请填写如 name@example.com 的地址，最多{LONGEST_EMAIL}个字。")


def text(label: str, longest: int, read: Callable[[str | None], str] = clean, **options: Any) -> StringField:
    """One line of text."""
    return StringField(label, validators=[AtMost(longest)], filters=[read], **options)


def paragraph(label: str, longest: int) -> TextAreaField:
    """Text that may run over several lines."""
    return TextAreaField(label, validators=[AtMost(longest)], filters=[clean])


class CountField(Field):
    """群人数: a whole number from 1 on, typed in half-width or full-width digits."""

    widget = TextInput()

    def _value(self) -> str:
        """What is shown in the box: what was typed, right or wrong."""
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; raises ValueError with the sentence for the field."""
        self.data = None
        typed = half_width(valuelist[0]) if valuelist else ""
        if not typed:
            return
        if not re.fullmatch(r"[0-9]{1,9}", typed):
            raise ValueError(f"{self.label.text}请填写整数，例如 46。")
        if not 1 <= int(typed) <= LARGEST_COUNT:
            raise ValueError(f"{self.label.text}请填写1到{LARGEST_COUNT}之间的整数。")
        self.data = int(typed)


class DayField(DateField):
    """A day of the calendar, within this century."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed or picked; raises ValueError with the sentence for the field."""
        self.data = None
        typed = half_width(valuelist[0]) if valuelist else ""
        if not typed:
            return
        try:
            self.data = datetime.strptime(typed, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            raise ValueError(f"{self.label.text}请填写真实的日期，例如 2026-09-01。") from None
        if not EARLIEST <= self.data <= LATEST:
            raise ValueError(f"{self.label.text}请填写{EARLIEST.year}年到{LATEST.year}年之间的日期。")


class AdministratorsField(FieldList):
    """管理员: as many fieldsets as were filled in, never more than the rules in force allow."""

    def process(self, formdata: Any, *args: Any, **options: Any) -> None:
        """Read the entries of the form, or show those given."""
        self.max_entries = rules_in_force().limits().max_administrators
        super().process(formdata, *args, **options)

    def _extract_indices(self, prefix: str, formdata: Any) -> list[int]:
        """Which entries were sent. The library would take any digit of any script for a number."""
        return [
            number
            for number in range(self.max_entries or 0)
            if any(key.startswith(f"{prefix}-{number}-") for key in formdata)
        ]

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another."""
        return len(self.entries) >= (self.max_entries or 0)
