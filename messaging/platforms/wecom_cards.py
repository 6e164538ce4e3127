"""Our cards as WeCom's template cards [90236]. A body depends on nothing but the row: a retry sends the same one."""

from typing import Any

from config import Settings
from messaging.cards import Card
from messaging.platforms.text import cut
from models import Message, MessageKind

SOURCE = "群备"
#: The keys that a tap on 同意, on 确认接任 and on 确认职责 comes back with.
APPROVE_KEY = "approve"
TAKE_OVER_KEY = "take_over"
COMMIT_KEY = "commit"
#: Up to here a text is shown whole, says [90236].
LONGEST_TITLE = 36
LONGEST_LEAD = 44
LONGEST_TEXT = 160
LONGEST_LABEL = 5
LONGEST_VALUE = 30
MOST_ROWS = 6
#: Seconds in which WeCom drops a message that equals one before, its longest.
DUPLICATE_INTERVAL = 14_400


def render(card: Card, message: Message, settings: Settings) -> dict[str, Any]:
    """The body of message/send for a notice or a request [90236]."""
    return {
        "touser": message.recipient_user_id,
        "msgtype": "template_card",
        "agentid": settings.wecom.agent_id,
        "template_card": _template_card(card, message, f"{settings.public_url}{card.path}"),
        "enable_duplicate_check": 1,
        "duplicate_check_interval": DUPLICATE_INTERVAL,
    }


def render_closing(message: Message, settings: Settings, *, response_code: str) -> dict[str, Any]:
    """The body of message/update_template_card that leaves one dead button with the closing's text [94888]."""
    return {
        "userids": [message.recipient_user_id],
        "agentid": settings.wecom.agent_id,
        "response_code": response_code,
        "button": {"replace_name": cut(message.card["text"], LONGEST_VALUE)},
    }


def _template_card(card: Card, message: Message, page: str) -> dict[str, Any]:
    asks = message.kind is MessageKind.REQUEST
    parts = {
        "card_type": "button_interaction" if asks else "text_notice",
        "source": {"desc": SOURCE},
        "main_title": _without_blanks(
            {"title": cut(card.title, LONGEST_TITLE) or SOURCE, "desc": cut(card.lead, LONGEST_LEAD)}
        ),
        "sub_title_text": cut(card.text, LONGEST_TEXT),
        "horizontal_content_list": _rows(card),
        "card_action": {"type": 1, "url": page},
        # On a notice too: two alike are then never taken for a duplicate.
        "task_id": message.task_id,
        "button_list": _buttons(card, page) if asks else [],
    }
    return _without_blanks(parts)


def _rows(card: Card) -> list[dict[str, str]]:
    """The first rows that say something; WeCom takes six and each needs its label."""
    rows = ({"keyname": cut(label, LONGEST_LABEL), "value": cut(value, LONGEST_VALUE)} for label, value in card.rows)
    return [row for row in rows if row["keyname"] and row["value"]][:MOST_ROWS]


def _buttons(card: Card, page: str) -> list[dict[str, Any]]:
    """同意, 确认接任 and 确认职责 act at once; the others open the page, where there is more to say or to read."""
    if card.registers:
        return [{"type": 1, "text": "办理备案", "style": 1, "url": f"{page}#decide"}]
    if card.commits:
        return [
            {"type": 0, "text": "确认职责", "style": 1, "key": COMMIT_KEY},
            {"type": 1, "text": "查看", "style": 2, "url": f"{page}#duties"},
        ]
    if card.takes_over:
        return [
            {"type": 0, "text": "确认接任", "style": 1, "key": TAKE_OVER_KEY},
            {"type": 1, "text": "查看详情", "style": 2, "url": page},
            {"type": 1, "text": "不接任", "style": 2, "url": f"{page}#answer"},
        ]
    return [
        {"type": 0, "text": "同意", "style": 1, "key": APPROVE_KEY},
        {"type": 1, "text": "退回修改", "style": 2, "url": f"{page}?decision=return#decide"},
    ]


def _without_blanks(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}
