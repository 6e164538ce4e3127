"""Text on its way between us and a platform: one line, printable, no longer than its field."""

import unicodedata
from typing import Any

#: Control characters and halves of surrogate pairs: no database and no card takes them.
UNPRINTABLE = ("Cc", "Cs")


def one_line(value: Any) -> str:
    """The value as text on one line, without what cannot be printed; nothing but text and numbers has any."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return ""
    spaced = (" " if unicodedata.category(char) in UNPRINTABLE else char for char in str(value))
    return " ".join("".join(spaced).split())


def cut(value: Any, longest: int) -> str:
    """The value on one line of at most `longest` characters; a longer one ends in …."""
    text = one_line(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"
