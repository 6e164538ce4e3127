"""Fields of the annex: how what people type is read, and what they are told when it cannot be."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from wtforms import DateField, Field, FieldList, Form, StringField, TextAreaField, ValidationError
from wtforms.widgets import TextInput

from regulation.loading import MOST_ADMINISTRATORS
from regulation.phones import is_mobile, replace_mobiles
from regulation.rules import Limits
from regulation.text import visible

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
LARGEST_COUNT = 100_000

_COUNTRY_CODE = re.compile(r"^(?:\+|00)?86(?=1[0-9]{10}$)")
_OFFICE_PHONE = re.compile(r"[0-9()#转 +-]{3,32}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
LONGEST_EMAIL = 128


def clean(text: str | None) -> str:
    """The text without white space around it and without characters that nobody sees."""
    return visible((text or "").replace("\r\n", "\n")).strip()


def half_width(text: str | None) -> str:
    """The text in half-width letters, digits and signs."""
    return unicodedata.normalize("NFKC", clean(text))


def bare_mobile(text: str | None) -> str:
    """A mobile number as its eleven digits, however it was grouped; anything else as typed."""
    bare = _COUNTRY_CODE.sub("", re.sub(r"[\s().-]", "", half_width(text)))
    return bare if is_mobile(bare) else clean(text)


def masked_phone(phone: str) -> str:
    """Enough of a phone number to tell it from another: 199****0001."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****"


def masked_mobiles(text: str) -> str:
    """The text with each mobile number in it masked; people also give theirs as their 办公电话."""
    return replace_mobiles(text, masked_phone)


def an_id(text: str | None) -> int | None:
    """The id that a hidden field names; what no page of ours would send counts as none."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


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
    if field.data and not is_mobile(field.data):
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
        typed = half_width(valuelist[0]).removesuffix("人").rstrip() if valuelist else ""
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
    """管理员: a fieldset each, as many as the regulation asks for and allows.

    What was kept or typed beyond that is shown all the same, with a sentence against it.
    """

    most = MOST_ADMINISTRATORS

    def keep_to(self, limits: Limits) -> None:
        """Set how many there are to be, before anything is read."""
        self.min_entries, self.most = limits.min_administrators, limits.max_administrators

    def validate(self, form: Form, extra_validators: Any = ()) -> bool:
        """Check each, and refuse those who are too many."""
        fits = super().validate(form, extra_validators)
        excess = [entry.form for entry in self.entries if not entry.form.is_blank][self.most :]
        for person in excess:
            person["name"].errors = [f"管理员最多{self.most}位，请把这一位的各项清空。"]
        return fits and not excess

    def _extract_indices(self, prefix: str, formdata: Any) -> list[int]:
        """Which entries were sent. The library would take any digit of any script for a number."""
        return [
            number
            for number in range(MOST_ADMINISTRATORS)
            if any(key.startswith(f"{prefix}-{number}-") for key in formdata)
        ]

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another."""
        return len(self.entries) >= self.most
