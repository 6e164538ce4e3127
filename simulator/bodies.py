"""Checks of a message's content, kind by kind, with the code of each refusal [90236, 90313].

Each check answers warnings about texts that the platform cuts, and raises ApiError for what it refuses.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from simulator import cards
from simulator.errors import ApiError

TEXT_BYTES = 2048
URL_BYTES = 2048
ARTICLES = 8
MEDIA = {"image", "voice", "video", "file", "mpnews"}


def check_body(body: dict[str, Any]) -> list[str]:
    """Warnings about the message in `body`. Raises ApiError 40008 for an unknown msgtype, others by kind."""
    msgtype = body.get("msgtype")
    if not isinstance(msgtype, str):
        raise ApiError(40008)
    if msgtype in MEDIA:
        raise ApiError(40007, "the simulator holds no media")
    if msgtype not in CHECKS:
        raise ApiError(40008)
    content = body.get(msgtype)
    return CHECKS[msgtype](content if isinstance(content, dict) else {})


def check_url(value: Any, *, missing: int = 41010) -> None:
    """Raises `missing` without an address, 45034 without its scheme, 45002 when it is too long."""
    if not isinstance(value, str) or not value:
        raise ApiError(missing)
    if not urlsplit(value).scheme or "://" not in value:
        raise ApiError(45034)
    if len(value.encode()) > URL_BYTES:
        raise ApiError(45002, "url")


def _check_text(text: dict[str, Any]) -> list[str]:
    if not isinstance(text.get("content"), str) or not text["content"]:
        raise ApiError(44004)
    return _too_long("content", text["content"], TEXT_BYTES, count=_bytes)


def _check_textcard(card: dict[str, Any]) -> list[str]:
    _need(card, "title", 41016)
    _need(card, "description", 41033)
    check_url(card.get("url"))
    return [
        *_too_long("title", card["title"], 128),
        *_too_long("description", card["description"], 512),
        *_too_long("btntxt", card.get("btntxt", ""), 4),
    ]


def _check_markdown(markdown: dict[str, Any]) -> list[str]:
    _need(markdown, "content", 44004)
    if _bytes(markdown["content"]) > TEXT_BYTES:
        raise ApiError(45002)
    return []


def _check_news(news: dict[str, Any]) -> list[str]:
    articles = news.get("articles")
    if not isinstance(articles, list) or not articles or not all(isinstance(each, dict) for each in articles):
        raise ApiError(40063, "articles")
    if len(articles) > ARTICLES:
        raise ApiError(45008)
    return [warning for article in articles for warning in _check_article(article)]


def _check_article(article: dict[str, Any]) -> list[str]:
    _need(article, "title", 41016)
    if not article.get("appid"):
        check_url(article.get("url"))
    return [
        *_too_long("title", article["title"], 128, count=_bytes),
        *_too_long("description", article.get("description", ""), 512, count=_bytes),
    ]


CHECKS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "text": _check_text,
    "textcard": _check_textcard,
    "markdown": _check_markdown,
    "news": _check_news,
    "template_card": cards.check_card,
}


def _need(holder: dict[str, Any], key: str, code: int) -> None:
    if not isinstance(holder.get(key), str) or not holder[key].strip():
        raise ApiError(code)


def _bytes(text: str) -> int:
    return len(text.encode())


def _too_long(name: str, value: Any, limit: int, *, count: Callable[[str], int] = len) -> list[str]:
    text = str(value)
    return [f"{name}: {count(text)} is more than {limit}, cut"] if count(text) > limit else []
