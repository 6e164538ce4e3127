"""What a mobile number looks like, alone and within a longer text: it is a person's own to give."""

import re
import unicodedata
from collections.abc import Callable

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
#: Whatever is no letter and no digit: forms have spaces, dashes, brackets and dots of every width.
_BETWEEN = r"[\W_]{0,3}"
#: Digits grouped in any way, after +86 or the 0 of a long-distance call; never the inside of a longer number.
_WITHIN = re.compile(rf"(?<![0-9])(?:(?:\+|00)?86{_BETWEEN}|0)?1{_BETWEEN}[3-9](?:{_BETWEEN}[0-9]){{9}}(?![0-9])")


def is_mobile(text: str) -> bool:
    """Whether the text is a mobile number's eleven digits and nothing else."""
    return _MOBILE.fullmatch(text) is not None


def holds_mobile(text: str) -> bool:
    """Whether a mobile number stands in the text; people also give theirs as their 办公电话."""
    return _WITHIN.search(_in_one_width(text)[0]) is not None


def replace_mobiles(text: str, by: Callable[[str], str]) -> str:
    """The text with what `by` makes of the eleven digits in the place of each mobile number; the rest as it is."""
    seen, places = _in_one_width(text)
    parts, rest = list[str](), 0
    for found in _WITHIN.finditer(seen):
        parts += text[rest : places[found.start()]], by(re.sub(r"[^0-9]", "", found[0])[-11:])
        rest = places[found.end() - 1] + 1
    return "".join([*parts, text[rest:]])


def _in_one_width(text: str) -> tuple[str, list[int]]:
    """The text with its digits and signs in one width, and for each character the place that it has in the text."""
    narrow = [unicodedata.normalize("NFKC", char) for char in text]
    return "".join(narrow), [place for place, chars in enumerate(narrow) for _ in chars]
