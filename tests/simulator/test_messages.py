"""Delivery, repeats, rates, updates by response_code, recall."""

import pytest

from tests.simulator.support import Platform, Service, button_card, notice_card

HOURS = 3600


def test_partial_failure_still_delivers_and_names_the_invalid_in_lower_case(platform: Platform) -> None:
    reply = platform.send("text", {"content": "某"}, touser="LiuMei| NoBody |shenjiayi")
    assert reply["errcode"] == 0
    assert reply["invaliduser"] == "nobody|shenjiayi"
    assert [copy["userid"] for copy in platform.copies()] == ["liumei"]


def test_departments_and_all_reach_their_members(platform: Platform) -> None:
    platform.send("text", {"content": "一"}, touser=None, toparty="8|20")
    assert len(platform.copies("songpeng")) == 1
    platform.send("text", {"content": "二"}, touser="@all")
    reached = {copy["userid"] for copy in platform.look("messages")["messages"]}
    assert len(reached) == 56  # sixty without two out of range, one who left and one disabled
    assert platform.copies("duxiaoli") == []


def test_an_identical_request_is_not_delivered_again_within_its_interval(platform: Platform) -> None:
    options = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    first = platform.send_card(button_card(), **options)
    again = platform.send_card(button_card(), **options)
    assert (again["errcode"], again["msgid"]) == (0, first["msgid"])
    assert "response_code" not in again
    (copy,) = platform.copies()
    assert copy["duplicates"] == 1
    platform.control("clock", seconds=601)
    assert platform.send_card(button_card(), **options)["errcode"] == 42014


def test_without_the_check_the_same_text_arrives_twice(platform: Platform) -> None:
    platform.send("text", {"content": "某"})
    platform.send("text", {"content": "某"})
    assert len(platform.copies()) == 2


def test_more_than_thirty_messages_a_minute_are_dropped_in_silence(platform: Platform) -> None:
    for number in range(31):
        assert platform.send("text", {"content": str(number)})["errcode"] == 0
    answer = platform.look("messages", userid="liumei")
    assert len(answer["messages"]) == 30
    assert [dropped["body"]["text"]["content"] for dropped in answer["dropped"]] == ["30"]
    assert platform.send("text", {"content": "某"}, touser="wangfang")["errcode"] == 0
    assert len(platform.copies("wangfang")) == 1
    platform.control("clock", seconds=61)
    platform.send("text", {"content": "以后"})
    assert len(platform.copies()) == 31


def test_only_updatable_cards_bring_a_response_code(platform: Platform) -> None:
    menu = {"action_list": [{"text": "静音", "key": "mute"}]}
    assert "response_code" in platform.send_card(button_card())
    assert "response_code" in platform.send_card(notice_card(task_id="n-1", action_menu=menu))
    assert "response_code" not in platform.send_card(notice_card())
    assert "response_code" not in platform.send("text", {"content": "某"})


def test_an_update_greys_the_buttons_of_those_it_names(platform: Platform) -> None:
    code = platform.send_card(button_card(), touser="liumei|wangfang")["response_code"]
    reply = platform.update(code, userids=["LiuMei", "NoBody"], button={"replace_name": "已同意"})
    assert reply == {"errcode": 0, "errmsg": "ok", "invaliduser": ["nobody"]}
    assert platform.copies("liumei")[0]["dead_button"] == "已同意"
    assert platform.copies("wangfang")[0]["dead_button"] is None


def test_an_update_for_all_replaces_the_card_for_all_who_got_it(platform: Platform) -> None:
    code = platform.send_card(button_card(), touser="liumei|wangfang")["response_code"]
    card = button_card(task_id=None, replace_text="已由他人处理")
    assert platform.update(code, atall=1, template_card=card)["errcode"] == 0
    for userid in ("liumei", "wangfang"):
        (copy,) = platform.copies(userid)
        assert (copy["content"], copy["dead_button"]) == (card, "已由他人处理")


def test_a_response_code_works_once(platform: Platform) -> None:
    code = platform.send_card(button_card())["response_code"]
    assert platform.update(code, userids=["liumei"], button={"replace_name": "一"})["errcode"] == 0
    assert platform.update(code, userids=["liumei"], button={"replace_name": "二"})["errcode"] == 60140
    assert platform.copies()[0]["dead_button"] == "一"
    assert platform.update("unknown", userids=["liumei"], button={"replace_name": "二"})["errcode"] == 60140


@pytest.mark.parametrize(("hours", "code"), [(71.9, 0), (72.1, 60140)])
def test_a_response_code_lives_for_72_hours(platform: Platform, hours: float, code: int) -> None:
    response_code = platform.send_card(button_card())["response_code"]
    platform.control("clock", seconds=hours * HOURS)
    assert platform.update(response_code, atall=1, button={"replace_name": "已同意"})["errcode"] == code


def test_refused_updates_do_not_spend_the_code(platform: Platform) -> None:
    code = platform.send_card(button_card())["response_code"]
    button = {"replace_name": "已同意"}
    assert platform.update(code, button=button)["errcode"] == 82101
    assert platform.update(code, userids=["wangfang"], button=button)["errcode"] == 82102
    assert platform.update(code, userids=["liumei"])["errcode"] == 40063
    assert platform.update(code, userids=["liumei"], template_card=notice_card(card_action=None))["errcode"] == 42045
    assert platform.update(code, userids="liumei", button=button)["errcode"] == 40031
    assert platform.update(code, userids=["liumei"], button=button)["errcode"] == 0


def test_notices_take_no_button_text(platform: Platform) -> None:
    menu = {"action_list": [{"text": "静音", "key": "mute"}]}
    code = platform.send_card(notice_card(task_id="n-1", action_menu=menu))["response_code"]
    assert platform.update(code, atall=1, button={"replace_name": "已静音"})["errcode"] == 42031


def test_every_tap_brings_a_fresh_response_code(platform: Platform, service: Service) -> None:
    sent = platform.send_card(button_card())["response_code"]
    for _ in range(2):
        platform.control("tap", userid="liumei", task_id="t-1", key="approve")
    codes = [event["ResponseCode"] for event in service.events]
    assert len({sent, *codes}) == 3
    assert platform.update(codes[0], userids=["liumei"], button={"replace_name": "一"})["errcode"] == 0
    assert platform.update(codes[1], userids=["liumei"], button={"replace_name": "二"})["errcode"] == 0
    assert [update["body"]["replace_name"] for update in platform.copies()[0]["updates"]] == ["一", "二"]


def test_a_message_can_be_recalled_for_24_hours(platform: Platform) -> None:
    first = platform.send("text", {"content": "一"})["msgid"]
    assert platform.post("message/recall", {"msgid": first})["errcode"] == 0
    assert platform.copies()[0]["recalled"]
    second = platform.send("text", {"content": "二"})["msgid"]
    platform.control("clock", seconds=24 * HOURS + 1)
    assert platform.post("message/recall", {"msgid": second})["errcode"] == 42052
    assert platform.post("message/recall", {"msgid": "unknown"})["errcode"] == 40058
