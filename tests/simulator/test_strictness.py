"""Every message that the real platform would refuse is refused with the documented code."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.support import SETTINGS, Platform, button_card, notice_card

URL = "http://127.0.0.1:8000/filings/1"
OPTION = {"id": "a", "text": "甲"}
VOTE = {
    "card_type": "vote_interaction",
    "main_title": {"title": "投票"},
    "task_id": "v-1",
    "checkbox": {"question_key": "q", "option_list": [OPTION]},
    "submit_button": {"text": "提交", "key": "s"},
}
CHOICE = {
    "card_type": "multiple_interaction",
    "main_title": {"title": "选择"},
    "task_id": "m-1",
    "select_list": [{"question_key": "q", "title": "问", "option_list": [OPTION]}],
    "submit_button": {"text": "提交", "key": "s"},
}
NEWS_NOTICE = {
    "card_type": "news_notice",
    "main_title": {"title": "图文"},
    "card_image": {"url": "http://127.0.0.1/a.png", "aspect_ratio": 2.25},
    "card_action": {"type": 1, "url": URL},
}


@pytest.fixture
def platform(shared: Platform) -> Platform:
    shared.control("reset")
    return shared


def button(**changes: Any) -> dict[str, Any]:
    return {"text": "同意", "key": "approve"} | changes


def rows(count: int) -> list[dict[str, Any]]:
    return [{"keyname": "申请人", "value": "某"}] * count


def question(**changes: Any) -> dict[str, Any]:
    return {"question_key": "q", "option_list": [OPTION]} | changes


REFUSED_CARDS = [
    (42031, button_card(card_type="button")),
    (42031, button_card(card_type=None)),
    (42014, button_card(task_id=None)),
    (42014, button_card(task_id="审批-1")),
    (42014, button_card(task_id="t" * 129)),
    (42014, button_card(task_id="")),
    (42033, button_card(main_title=None)),
    (42033, button_card(main_title={"title": " "})),
    (40016, button_card(button_list=[])),
    (40016, button_card(button_list=[], replace_text="已同意")),
    (40016, button_card(button_list=[button(key=str(n)) for n in range(7)])),
    (42038, button_card(button_list=[button(text="")])),
    (42039, button_card(button_list=[button(key="")])),
    (42039, button_card(button_list=[button(key="k" * 1025)])),
    (42039, button_card(button_list=[button(key="审" * 342)])),
    (42039, button_card(button_list=[button(), button()])),
    (42028, button_card(button_list=[{"type": 1, "text": "详情"}])),
    (45034, button_card(button_list=[{"type": 1, "text": "详情", "url": "/filings/1"}])),
    (40058, button_card(button_list=[button(style=5)])),
    (42035, button_card(horizontal_content_list=rows(7))),
    (42027, button_card(horizontal_content_list=[{"value": "某"}])),
    (42028, button_card(horizontal_content_list=[{"keyname": "详情", "type": 1}])),
    (42029, button_card(horizontal_content_list=[{"keyname": "附件", "type": 2}])),
    (42050, button_card(horizontal_content_list=[{"keyname": "申请人", "type": 3}])),
    (42045, button_card(card_action={"type": 3})),
    (42028, button_card(card_action={"type": 1})),
    (42030, button_card(card_action={"type": 2})),
    (40058, button_card(source="群备")),
    (40058, button_card(button_list={"text": "同意"})),
    (40058, button_card(action_menu={"desc": "更多", "action_list": []})),
    (42051, button_card(action_menu={"action_list": [{"text": "甲", "key": "k"}, {"text": "乙", "key": "k"}]})),
    (42043, button_card(button_selection=question(question_key=""))),
    (42037, button_card(button_selection=question(option_list=[]))),
    (42037, button_card(button_selection=question(option_list=[OPTION] * 11))),
    (42040, button_card(button_selection=question(option_list=[{"text": "甲"}]))),
    (42040, button_card(button_selection=question(option_list=[OPTION, OPTION]))),
    (42041, button_card(button_selection=question(option_list=[{"id": "a"}]))),
    (42045, notice_card(card_action=None)),
    (42045, notice_card(card_action={"type": 0})),
    (42028, notice_card(card_action={"type": 1})),
    (45034, notice_card(card_action={"type": 1, "url": "127.0.0.1:8000/filings/1"})),
    (42033, notice_card(main_title=None)),
    (42042, notice_card(jump_list=[{"title": "看"}] * 4)),
    (42033, notice_card(jump_list=[{"type": 0}])),
    (42028, notice_card(jump_list=[{"type": 1, "title": "看"}])),
    (42030, notice_card(jump_list=[{"type": 2, "title": "看"}])),
    (42028, notice_card(quote_area={"type": 1, "quote_text": "某"})),
    (42014, notice_card(action_menu={"action_list": [{"text": "静音", "key": "mute"}]})),
    (42014, notice_card(task_id="有汉字")),
    (42044, NEWS_NOTICE | {"card_image": {}}),
    (42044, NEWS_NOTICE | {"card_image": {"aspect_ratio": 2}}),
    (40058, NEWS_NOTICE | {"card_image": {"url": URL, "aspect_ratio": 3}}),
    (42036, NEWS_NOTICE | {"vertical_content_list": [{"title": "甲"}] * 5}),
    (42033, NEWS_NOTICE | {"vertical_content_list": [{"desc": "甲"}]}),
    (42043, VOTE | {"checkbox": {}}),
    (42037, VOTE | {"checkbox": question(option_list=[OPTION] * 21)}),
    (42049, VOTE | {"submit_button": {"key": "s"}}),
    (42046, VOTE | {"submit_button": {"text": "提交"}}),
    (42047, CHOICE | {"select_list": []}),
    (42047, CHOICE | {"select_list": CHOICE["select_list"] * 4}),
    (42043, CHOICE | {"select_list": CHOICE["select_list"] * 2}),
]
ACCEPTED_CARDS = [
    button_card(),
    button_card(task_id="A_b-1@" + "t" * 122),
    button_card(button_list=[button(key=str(n), style=n % 4 + 1) for n in range(6)]),
    button_card(button_list=[button(key="k" * 1024)]),
    button_card(horizontal_content_list=rows(6)),
    button_card(button_selection=question(option_list=[{"id": str(n), "text": "甲"} for n in range(10)])),
    button_card(card_action={"type": 0}),
    notice_card(),
    notice_card(main_title=None, sub_title_text="已登记"),
    notice_card(jump_list=[{"type": 1, "title": "看", "url": URL}] * 3),
    notice_card(task_id="n-1", action_menu={"action_list": [{"text": "静音", "key": "mute"}]}),
    NEWS_NOTICE,
    VOTE,
    CHOICE,
]
TEXTCARD = {"title": "已登记", "description": "某群", "url": URL}
ARTICLE = {"title": "通知", "url": URL}
REFUSED_CONTENTS = [
    (44004, "text", {"content": ""}),
    (44004, "text", {}),
    (41016, "textcard", TEXTCARD | {"title": ""}),
    (41033, "textcard", TEXTCARD | {"description": ""}),
    (41010, "textcard", TEXTCARD | {"url": ""}),
    (45034, "textcard", TEXTCARD | {"url": "127.0.0.1/filings"}),
    (45002, "textcard", TEXTCARD | {"url": URL + "a" * 2048}),
    (44004, "markdown", {"content": ""}),
    (45002, "markdown", {"content": "字" * 683}),
    (40063, "news", {"articles": []}),
    (45008, "news", {"articles": [ARTICLE] * 9}),
    (41016, "news", {"articles": [{"url": URL}]}),
    (41010, "news", {"articles": [{"title": "通知"}]}),
    (40007, "file", {"media_id": "unknown"}),
    (40008, "card", {}),
]
REFUSED_REQUESTS = [
    (41011, {"agentid": None}),
    (40056, {"agentid": str(SETTINGS.agent_id)}),
    (301002, {"agentid": SETTINGS.agent_id + 1}),
    (82001, {"touser": ""}),
    (82001, {"touser": None}),
    (40031, {"touser": ["liumei"]}),
    (40032, {"touser": "|".join(f"u{n}" for n in range(1001))}),
    (82002, {"touser": None, "toparty": "|".join(map(str, range(101)))}),
    (82003, {"touser": None, "totag": "|".join(map(str, range(101)))}),
    (81013, {"touser": "nobody|shenjiayi|duxiaoli"}),
    (81013, {"touser": None, "toparty": "20"}),
]


@pytest.mark.parametrize(("code", "card"), REFUSED_CARDS)
def test_a_card_the_platform_refuses_gets_its_code_and_reaches_nobody(
    platform: Platform, code: int, card: dict[str, Any]
) -> None:
    assert platform.send_card(card)["errcode"] == code
    assert platform.copies() == []


@pytest.mark.parametrize("card", ACCEPTED_CARDS)
def test_a_card_within_the_limits_is_delivered_without_a_warning(platform: Platform, card: dict[str, Any]) -> None:
    reply = platform.send_card(card)
    assert reply["errcode"] == 0, reply
    (copy,) = platform.copies()
    assert copy["content"] == card
    assert copy["warnings"] == []


@pytest.mark.parametrize(("code", "msgtype", "content"), REFUSED_CONTENTS)
def test_other_contents_are_refused_with_their_codes(
    platform: Platform, code: int, msgtype: str, content: dict[str, Any]
) -> None:
    assert platform.send(msgtype, content)["errcode"] == code


@pytest.mark.parametrize(("code", "changes"), REFUSED_REQUESTS)
def test_bad_recipients_and_agents_are_refused(platform: Platform, code: int, changes: dict[str, Any]) -> None:
    assert platform.send("text", {"content": "某"}, **changes)["errcode"] == code


def test_long_texts_are_accepted_with_a_warning(platform: Platform) -> None:
    card = button_card(
        main_title={"title": "长" * 37},
        horizontal_content_list=[{"keyname": "备案部门名", "value": "长" * 31}, {"keyname": "六个字的键名"}],
        button_list=[button(text="十个字以上的按钮文字啊")],
    )
    assert platform.send_card(card)["errcode"] == 0
    warned = [warning.split(":")[0] for warning in platform.copies()[0]["warnings"]]
    assert sorted(warned) == [
        "button_list.text",
        "horizontal_content_list.keyname",
        "horizontal_content_list.value",
        "main_title.title",
    ]


def test_updatable_cards_need_a_callback_address(launch: Callable[..., Platform]) -> None:
    platform = launch(callback_url="")
    assert platform.send_card(button_card())["errcode"] == 43012
    assert platform.send_card(notice_card())["errcode"] == 0


def test_a_task_id_is_never_used_twice(platform: Platform) -> None:
    first = platform.send_card(button_card())
    assert platform.send_card(button_card(), touser="wangfang")["errcode"] == 42014
    platform.post("message/recall", {"msgid": first["msgid"]})
    assert platform.send_card(button_card())["errcode"] == 42014


def test_a_refused_card_does_not_use_up_its_task_id(platform: Platform) -> None:
    assert platform.send_card(button_card(button_list=[]))["errcode"] == 40016
    assert platform.send_card(button_card())["errcode"] == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [(rb"\u4e2d", 40033), (rb"\\\u4e2d", 40033), (rb"\\u4e2d", 0), (rb"\u0041", 0), ("中".encode(), 0)],
)
def test_escapes_of_non_ascii_characters_are_refused(platform: Platform, text: bytes, code: int) -> None:
    body = b'{"touser":"liumei","agentid":1000002,"msgtype":"text","text":{"content":"%s"}}' % text
    assert platform.post("message/send", body)["errcode"] == code


def test_a_body_that_is_no_json_says_so(platform: Platform) -> None:
    reply = platform.post("message/send", b"touser=liumei")
    assert reply["errcode"] == 41011
    assert "Warning: wrong json format." in reply["errmsg"]


def test_refusals_have_the_documented_shape(platform: Platform) -> None:
    message = platform.send("text", {})["errmsg"]
    assert ", hint: [" in message
    assert ", from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=44004" in message
