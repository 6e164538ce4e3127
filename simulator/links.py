"""Addresses inside messages: which there are, and how their texts become HTML."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup, escape

HREF = re.compile(r"""href=["']?([^"'\s>]+)""")
MARKDOWN_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
INLINE = re.compile(r"(\[[^\]]+\]\([^)\s]+\)|\*\*.+?\*\*|`.+?`)")
CLASSES = {"gray", "normal", "highlight"}

Link = Callable[[str], str]


def addresses(content: Any) -> Iterator[str]:
    """Every address a message carries, in fields named url and in its texts."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key == "url" and isinstance(value, str):
                yield value
            else:
                yield from addresses(value)
    elif isinstance(content, list):
        for entry in content:
            yield from addresses(entry)
    elif isinstance(content, str):
        yield from HREF.findall(content)
        yield from (url for _, url in MARKDOWN_LINK.findall(content))


def rich(text: str, link: Link) -> Markup:
    """A text message's or text card's HTML: links, line breaks and the three classes, nothing else [90236]."""
    reader = _Reader(link)
    reader.feed(text)
    reader.close()
    return Markup("").join(reader.parts + [Markup("</div>")] * reader.open_divs)


def markdown(text: str, link: Link) -> Markup:
    """The part of markdown that the platform shows: headings, bold, links, code, quotes [90236]."""
    return Markup("<br>").join(_markdown_line(line, link) for line in text.splitlines())


def _markdown_line(line: str, link: Link) -> Markup:
    line = re.sub(r"</?font[^>]*>", "", line)
    if heading := re.match(r"#{1,6} ", line):
        return Markup("<b>{}</b>").format(_inline(line[heading.end() :], link))
    if line.startswith("> "):
        return Markup('<span class="quote">{}</span>').format(_inline(line[2:], link))
    return _inline(line, link)


def _inline(text: str, link: Link) -> Markup:
    return Markup("").join(_span(part, link) for part in INLINE.split(text))


def _span(part: str, link: Link) -> Markup:
    if found := MARKDOWN_LINK.fullmatch(part):
        return Markup('<a href="{}">{}</a>').format(link(found[2]), found[1])
    if part.startswith("**") and len(part) > 4:
        return Markup("<b>{}</b>").format(part[2:-2])
    if part.startswith("`") and len(part) > 2:
        return Markup("<code>{}</code>").format(part[1:-1])
    return escape(part)


class _Reader(HTMLParser):
    def __init__(self, link: Link) -> None:
        super().__init__()
        self.parts: list[Markup] = []
        self.open_divs = 0
        self._link = link

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "br":
            self.parts.append(Markup("<br>"))
        elif tag == "a" and named.get("href"):
            self.parts.append(Markup('<a href="{}">').format(self._link(named["href"] or "")))
        elif tag == "div":
            kind = named.get("class")
            self.open_divs += 1
            self.parts.append(Markup('<div class="{}">').format(kind if kind in CLASSES else "normal"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.parts.append(Markup("</a>"))
        elif tag == "div" and self.open_divs:
            self.open_divs -= 1
            self.parts.append(Markup("</div>"))

    def handle_data(self, data: str) -> None:
        self.parts.append(Markup("<br>").join(escape(line) for line in data.split("\n")))
