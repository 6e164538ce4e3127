"""Our cards as WeCom's: complete, within its limits, and the same bytes every time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from messaging.cards import Card
from messaging.platforms.wecom_cards import render, render_closing
from models import Message, MessageKind
from simulator.bodies import check_body
from tests.conftest import make_settings
from tests.messaging.conftest import CARD

SETTINGS = make_settings("sqlite:////tmp/none.sqlite3", Path("/tmp"))
PAGE = "http://127.0.0.1:8000/filings/1"


def message(kind: MessageKind = MessageKind.REQUEST) -> Message:
    return Message(kind=kind, recipient_user_id="zhangsan", task_id="0123456789abcdef", card={})


def body(card: Card, kind: MessageKind = MessageKind.REQUEST) -> dict[str, Any]:
    return render(card, message(kind), SETTINGS)


def test_a_request_carries_the_two_buttons_and_opens_its_page() -> None:
    card = body(CARD)["template_card"]
    assert card["card_type"] == "button_interaction"
    assert card["button_list"] == [
        {"type": 0, "text": "同意", "style": 1, "key": "approve"},
        {"type": 1, "text": "退回修改", "style": 2, "url": f"{PAGE}?decision=return#decide"},
    ]
    assert card["card_action"] == {"type": 1, "url": PAGE}
    assert card["main_title"] == {"title": CARD.title, "desc": CARD.lead}
    assert card["task_id"] == "0123456789abcdef"


def test_a_takeover_carries_its_own_buttons() -> None:
    card = body(TAKEOVER)["template_card"]
    assert card["card_type"] == "button_interaction"
    assert card["button_list"] == [
        {"type": 0, "text": "确认接任", "style": 1, "key": "take_over"},
        {"type": 1, "text": "查看详情", "style": 2, "url": "http://127.0.0.1:8000/handovers/1"},
        {"type": 1, "text": "不接任", "style": 2, "url": "http://127.0.0.1:8000/handovers/1#answer"},
    ]


def test_a_card_stored_before_there_were_takeovers_is_read_as_it_was() -> None:
    stored = {name: value for name, value in CARD.stored().items() if name != "takes_over"}
    assert Card.restored(json.loads(json.dumps(stored))) == CARD


def test_a_registrars_card_opens_the_page_and_can_be_closed() -> None:
    card = body(replace(CARD, decides=False, registers=True))["template_card"]
    assert card["card_type"] == "button_interaction"
    assert card["button_list"] == [{"type": 1, "text": "办理备案", "style": 1, "url": f"{PAGE}#decide"}]


def test_a_notice_has_no_buttons_but_an_id_of_its_own() -> None:
    card = body(replace(CARD, decides=False), MessageKind.NOTICE)["template_card"]
    assert card["card_type"] == "text_notice"
    assert "button_list" not in card
    assert card["task_id"] == "0123456789abcdef"


def test_the_envelope_names_the_person_and_asks_for_no_duplicates() -> None:
    envelope = {name: value for name, value in body(CARD).items() if name != "template_card"}
    assert envelope == {
        "touser": "zhangsan",
        "msgtype": "template_card",
        "agentid": SETTINGS.wecom.agent_id,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 14400,
    }


TAKEOVER = replace(CARD, path="/handovers/1", decides=False, takes_over=True)
LONG = Card(
    title="群" * 60,
    lead="导" * 60,
    path="/filings/1",
    rows=tuple((f"很长的标签{number}", "值" * 60) for number in range(9)),
    text="文" * 300,
    decides=True,
)
BARE = Card(title="", lead="", path="/filings/1", rows=(("", "值"), ("标签", ""), ("标签", " \n ")), text=" ")
DIRTY = Card(
    title="第一行\n第二行\x00\ud800", lead="\t", path="/filings/1", rows=(("标\n签", "a\r\nb"),), text="一\n\n二"
)


@pytest.mark.parametrize(
    "card", [CARD, TAKEOVER, LONG, BARE, DIRTY], ids=["usual", "takeover", "long", "bare", "dirty"]
)
@pytest.mark.parametrize("kind", [MessageKind.REQUEST, MessageKind.NOTICE])
def test_every_card_is_within_the_documented_limits(card: Card, kind: MessageKind) -> None:
    assert check_body(body(card, kind)) == []
    assert json.dumps(body(card, kind), ensure_ascii=False).encode()


def test_a_long_text_ends_in_an_ellipsis_and_the_first_six_rows_stay() -> None:
    card = body(LONG)["template_card"]
    assert card["main_title"]["title"] == "群" * 35 + "…"
    assert len(card["horizontal_content_list"]) == 6
    assert card["horizontal_content_list"][0] == {"keyname": "很长的标…", "value": "值" * 29 + "…"}


def test_what_is_empty_is_left_out() -> None:
    card = body(BARE)["template_card"]
    assert "sub_title_text" not in card
    assert "horizontal_content_list" not in card
    assert card["main_title"] == {"title": "群备"}


def test_lines_are_folded() -> None:
    card = body(DIRTY)["template_card"]
    assert card["main_title"]["title"] == "第一行 第二行"
    assert card["horizontal_content_list"] == [{"keyname": "标 签", "value": "a b"}]
    assert card["sub_title_text"] == "一 二"


def test_a_closing_leaves_one_dead_button() -> None:
    text = "同意 · 张主任 · 03-02 09:30"
    closing = Message(kind=MessageKind.CLOSE, recipient_user_id="zhangsan", card={"text": text})
    assert render_closing(closing, SETTINGS, response_code="right-1") == {
        "userids": ["zhangsan"],
        "agentid": SETTINGS.wecom.agent_id,
        "response_code": "right-1",
        "button": {"replace_name": text},
    }
