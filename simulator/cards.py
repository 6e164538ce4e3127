"""Template cards: which are accepted, and the code with which others are refused [90236, 90313].

Counts, key lengths and charset are hard rules. Text lengths are recommended: a longer text is accepted,
named in a warning, and cut on the phone. Where the documents give no code for a rule, 40058 stands.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import ApiError

Card = dict[str, Any]

TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
KEY_BYTES = 1024
OPTION_ID_BYTES = 128
INTERACTIVE = {"button_interaction", "vote_interaction", "multiple_interaction"}
NOTICES = {"text_notice", "news_notice"}

OBJECTS = (
    "source",
    "action_menu",
    "main_title",
    "quote_area",
    "emphasis_content",
    "card_action",
    "card_image",
    "image_text_area",
    "button_selection",
    "checkbox",
    "submit_button",
)
LISTS = ("horizontal_content_list", "vertical_content_list", "jump_list", "button_list", "select_list")

# Recommended lengths in characters; the texts of a list stand for each of its entries.
RECOMMENDED = {
    "source.desc": 20,
    "main_title.title": 36,
    "main_title.desc": 44,
    "emphasis_content.title": 14,
    "emphasis_content.desc": 22,
    "sub_title_text": 160,
    "horizontal_content_list.keyname": 5,
    "horizontal_content_list.value": 30,
    "jump_list.title": 18,
    "button_list.text": 10,
    "button_selection.option_list.text": 16,
    "checkbox.option_list.text": 17,
    "select_list.option_list.text": 16,
    "submit_button.text": 10,
}


def check_card(card: Card, *, updating: bool = False) -> list[str]:
    """Warnings about a card's long texts. Raises ApiError; `updating` cards need no task_id [94888]."""
    kind = card.get("card_type")
    if not isinstance(kind, str) or kind not in CHECKS:
        raise ApiError(42031)
    _check_shape(card)
    if not updating:
        card = {key: value for key, value in card.items() if key != "replace_text"}  # only updates carry it
    _check_task_id(card, required=is_updatable(card) and not updating)
    _check_action_menu(_dict(card, "action_menu"))
    _check_card_action(card, required=kind in NOTICES)
    _check_horizontal(_list(card, "horizontal_content_list"))
    _check_jumps(_list(card, "jump_list"))
    _check_quote(_dict(card, "quote_area"))
    CHECKS[kind](card)
    return [f"{path}: {len(text)} characters, recommended {limit}" for path, limit, text in _long_texts(card)]


def is_updatable(card: Card) -> bool:
    """Whether the platform gives a response_code for such a card."""
    return card.get("card_type") in INTERACTIVE or bool(card.get("action_menu"))


def callback_keys(card: Card) -> set[str]:
    """Keys a member can send by tapping: buttons of type 0, the submit button, the menu's entries."""
    buttons = [button for button in card.get("button_list") or [] if button.get("type", 0) == 0]
    entries = [*buttons, *(_dict(card, "action_menu").get("action_list") or []), _dict(card, "submit_button")]
    return {entry["key"] for entry in entries if entry.get("key")}


def shortened(card: Card) -> Card:
    """The card with its long texts cut as a phone does."""
    result = copy.deepcopy(card)
    for path, limit in RECOMMENDED.items():
        for holder, key in _holders(result, path):
            if len(str(holder[key])) > limit:
                holder[key] = str(holder[key])[: limit - 1] + "…"
    return result


def _long_texts(card: Card) -> Iterator[tuple[str, int, str]]:
    for path, limit in RECOMMENDED.items():
        for holder, key in _holders(card, path):
            if len(str(holder[key])) > limit:
                yield path, limit, str(holder[key])


def _holders(card: Card, path: str) -> Iterator[tuple[Card, str]]:
    """Each object that holds the text named by `path`, and the text's key."""
    *parents, key = path.split(".")
    holders = [card]
    for parent in parents:
        found = [holder[parent] for holder in holders if holder.get(parent)]
        holders = [entry for each in found for entry in (each if isinstance(each, list) else [each])]
    return ((holder, key) for holder in holders if holder.get(key))


def _check_shape(card: Card) -> None:
    """Raises 40058 where a list stands for an object, or a text for either."""
    for key in OBJECTS:
        _dict(card, key)
    for key in LISTS:
        _list(card, key)


def _check_task_id(card: Card, *, required: bool) -> None:
    task_id = card.get("task_id")
    if task_id is None and not required:
        return
    if not isinstance(task_id, str) or not TASK_ID.fullmatch(task_id):
        raise ApiError(42014)


def _check_action_menu(menu: Card) -> None:
    if not menu:
        return
    actions = _list(menu, "action_list")
    if not 1 <= len(actions) <= 3:
        raise ApiError(40058, "action_menu.action_list takes 1 to 3 entries")
    for action in actions:
        _need(action, "text", 40058)
        _check_key(action, 40058)
    _check_unique(actions, "key", 42051)


def _check_card_action(card: Card, *, required: bool) -> None:
    action = _dict(card, "card_action")
    if not action and not required:
        return
    allowed = (1, 2) if required else (0, 1, 2)
    if action.get("type", 0) not in allowed:
        raise ApiError(42045)
    _check_target(action)


def _check_target(entry: Card) -> None:
    """Type 1 needs a url, type 2 the appid of a mini-program."""
    if entry.get("type") == 1:
        _check_url(entry)
    if entry.get("type") == 2:
        _need(entry, "appid", 42030)


def _check_horizontal(rows: list[Card]) -> None:
    if len(rows) > 6:
        raise ApiError(42035)
    for row in rows:
        _need(row, "keyname", 42027)
        kind = row.get("type", 0)
        if kind not in (0, 1, 2, 3):
            raise ApiError(40058, "horizontal_content_list.type")
        if kind == 1:
            _check_url(row)
        if kind == 2:
            _need(row, "media_id", 42029)
        if kind == 3:
            _need(row, "userid", 42050)


def _check_jumps(jumps: list[Card]) -> None:
    if len(jumps) > 3:
        raise ApiError(42042)
    for jump in jumps:
        _need(jump, "title", 42033)
        _check_target(jump)


def _check_quote(quote: Card) -> None:
    if quote.get("type", 0) not in (0, 1, 2):
        raise ApiError(40058, "quote_area.type")
    _check_target(quote)


def _check_text_notice(card: Card) -> None:
    if not _dict(card, "main_title").get("title") and not card.get("sub_title_text"):
        raise ApiError(42033, "main_title.title or sub_title_text")


def _check_news_notice(card: Card) -> None:
    _need(_dict(card, "main_title"), "title", 42033)
    image = _dict(card, "card_image")
    if not image and not _dict(card, "image_text_area"):
        raise ApiError(42044)
    if image:
        _need(image, "url", 42044)
        ratio = image.get("aspect_ratio", 1.3)
        if not isinstance(ratio, int | float) or not 1.3 <= ratio <= 2.25:
            raise ApiError(40058, "card_image.aspect_ratio")
    verticals = _list(card, "vertical_content_list")
    if len(verticals) > 4:
        raise ApiError(42036)
    for vertical in verticals:
        _need(vertical, "title", 42033)


def _check_button_interaction(card: Card) -> None:
    _need(_dict(card, "main_title"), "title", 42033)
    if selection := _dict(card, "button_selection"):
        _check_question(selection, most=10)
    buttons = _list(card, "button_list")
    if card.get("replace_text") and not buttons:
        return
    if not 1 <= len(buttons) <= 6:
        raise ApiError(40016, "button_list takes 1 to 6 buttons")
    for button in buttons:
        _check_button(button)
    _check_unique([button for button in buttons if button.get("type", 0) == 0], "key", 42039)


def _check_button(button: Card) -> None:
    _need(button, "text", 42038)
    if button.get("style", 1) not in (1, 2, 3, 4):
        raise ApiError(40058, "button_list.style takes 1 to 4")
    kind = button.get("type", 0)
    if kind not in (0, 1):
        raise ApiError(40058, "button_list.type")
    if kind == 0:
        _check_key(button, 42039)
    else:
        _check_url(button)


def _check_vote_interaction(card: Card) -> None:
    _need(_dict(card, "main_title"), "title", 42033)
    _check_question(_dict(card, "checkbox"), most=20)
    _check_submit(card)


def _check_multiple_interaction(card: Card) -> None:
    _need(_dict(card, "main_title"), "title", 42033)
    selects = _list(card, "select_list")
    if not 1 <= len(selects) <= 3:
        raise ApiError(42047)
    for select in selects:
        _check_question(select, most=10)
    _check_unique(selects, "question_key", 42043)
    _check_submit(card)


def _check_question(question: Card, *, most: int) -> None:
    _check_key(question, 42043, name="question_key")
    options = _list(question, "option_list")
    if not 1 <= len(options) <= most:
        raise ApiError(42037)
    for option in options:
        _check_key(option, 42040, name="id", most=OPTION_ID_BYTES)
        _need(option, "text", 42041)
    _check_unique(options, "id", 42040)


def _check_submit(card: Card) -> None:
    submit = _dict(card, "submit_button")
    if card.get("replace_text"):
        return
    _need(submit, "text", 42049)
    _check_key(submit, 42046)


CHECKS: dict[str, Callable[[Card], None]] = {
    "text_notice": _check_text_notice,
    "news_notice": _check_news_notice,
    "button_interaction": _check_button_interaction,
    "vote_interaction": _check_vote_interaction,
    "multiple_interaction": _check_multiple_interaction,
}


def _need(holder: Card, key: str, code: int) -> None:
    if not isinstance(holder.get(key), str) or not holder[key].strip():
        raise ApiError(code, f"{key} missing")


def _check_key(holder: Card, code: int, *, name: str = "key", most: int = KEY_BYTES) -> None:
    _need(holder, name, code)
    if len(holder[name].encode()) > most:
        raise ApiError(code, f"{name} longer than {most} bytes")


def _check_unique(entries: list[Card], key: str, code: int) -> None:
    if len({entry[key] for entry in entries}) < len(entries):
        raise ApiError(code, f"{key} occurs twice")


def _check_url(holder: Card) -> None:
    _need(holder, "url", 42028)
    if urlsplit(holder["url"]).scheme not in ("http", "https"):
        raise ApiError(45034)


def _dict(holder: Card, key: str) -> Card:
    """An object that may be left out. Raises 40058 when it is something else."""
    value = holder.get(key) or {}
    if not isinstance(value, dict):
        raise ApiError(40058, f"{key} must be an object")
    return value


def _list(holder: Card, key: str) -> list[Card]:
    """A list of objects that may be left out. Raises 40058 when it is something else."""
    value = holder.get(key) or []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ApiError(40058, f"{key} must be a list of objects")
    return value
