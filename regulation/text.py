"""How typed text is brought into one form before it is compared, checked or stored."""

import re
import unicodedata

# Labels people paste along with a number, white space already gone. A code such as "qqabc" is none of these:
# a label is followed by a colon or by the number itself.
_NUMBER_LABEL = re.compile(
    r"^(?:(?:企业微信|微信|微博|贴吧|钉钉|QQ|Q)?群(?:号码?)?|QQ(?:号码?)?|号码?)(?::|(?=[0-9]))",
    re.IGNORECASE,
)

# What joins emoji into one: behind a symbol or its colour or variation, and before a symbol. Nobody sees it elsewhere.
_JOINER, _VARIATION = "\u200d", "\ufe0f"


def visible(text: str) -> str:
    """The text without control characters, line ends and tabs apart, and without what nobody sees.

    PostgreSQL refuses some of them, others turn a name around (U+202E) or make two names of what looks like one.
    """
    return "".join(c for at, c in enumerate(text) if c in "\n\t" or not _is_invisible(c) or _joins_emoji(text, at))


def normalize_name(text: str) -> str:
    """The name without white space around it and with single spaces inside; otherwise as typed."""
    return " ".join(text.split())


def fold_name(text: str) -> str:
    """The name as it is compared: full-width and half-width, upper and lower case, joined emoji or not are the same."""
    seen = text.replace(_JOINER, "")
    return normalize_name(unicodedata.normalize("NFKC", seen).casefold())


def normalize_number(text: str) -> str:
    """The bare group number: half-width, without spaces, invisible characters or a label such as "QQ群：".

    "" when nothing is left. Applying it again changes nothing.
    """
    # Joining what stood apart can make something new to normalize, so it goes on until nothing changes.
    while (bare := _strip_once(text)) != text:
        text = bare
    return text


def is_blank(text: str) -> bool:
    """Whether the text says nothing: it has no letter, digit or symbol."""
    return all(_says_nothing(character) for character in text)


def _strip_once(text: str) -> str:
    half_width = unicodedata.normalize("NFKC", text)
    return _NUMBER_LABEL.sub("", "".join(c for c in half_width if not (c.isspace() or _is_invisible(c))))


def _says_nothing(character: str) -> bool:
    return unicodedata.category(character)[0] in "ZPM" or _is_invisible(character)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf"}


def _joins_emoji(text: str, at: int) -> bool:
    if text[at] != _JOINER or not 0 < at < len(text) - 1:
        return False
    before, behind = text[at - 1], text[at + 1]
    ends = before == _VARIATION or unicodedata.category(before) in ("So", "Sk")
    return ends and unicodedata.category(behind) in ("So", "Sm")
