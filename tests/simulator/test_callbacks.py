"""Message encryption, and events on their way to the service."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from wechatpy.work.crypto import WeChatCrypto

from simulator.crypto import BadMessage, Crypto
from tests.simulator.support import CRYPTO, SETTINGS, Platform, Service, button_card, notice_card, wait_until

VECTOR = "Q3stYC6hdFzMh9T8HCvyDGdmphuvcupuHVjNMHqOWgTaQ0yd58CCxgudFrQ+7jhr89LUpky8zJAugK9E7ZLB5g=="


def test_the_cipher_gives_the_known_vector() -> None:
    encrypted = CRYPTO.encrypt("4815162342", prefix=b"0123456789abcdef")
    assert encrypted == VECTOR
    assert CRYPTO.sign("1760000000", "nonce42", encrypted) == "774253cad0d1278a72cd4e619240d9a0e3e85297"
    assert CRYPTO.decrypt(VECTOR) == "4815162342"


@pytest.mark.parametrize("text", ["", "a", "中文 😀 ]]> \r\n", "x" * 4096])
def test_an_independent_implementation_reads_our_messages_and_we_read_its(text: str) -> None:
    other = WeChatCrypto(SETTINGS.callback_token, SETTINGS.callback_aes_key, SETTINGS.corp_id)
    encrypted = CRYPTO.encrypt(text)
    envelope = {"Encrypt": encrypted}
    signature = CRYPTO.sign("1760000000", "n", encrypted)
    assert other.decrypt_message(envelope, signature, "1760000000", "n") == text
    reply = other.encrypt_message(text, "n", "1760000000")
    theirs = reply.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    assert CRYPTO.decrypt(theirs) == text


def test_a_wrong_receiver_signature_or_damage_is_noticed() -> None:
    other = Crypto(SETTINGS.callback_token, SETTINGS.callback_aes_key, "wwsomebodyelse")
    with pytest.raises(BadMessage):
        other.decrypt(VECTOR)
    with pytest.raises(BadMessage):
        CRYPTO.open(VECTOR, signature="0" * 40, timestamp="1", nonce="n")
    with pytest.raises(BadMessage):
        CRYPTO.decrypt(VECTOR[:-8] + "AAAAAA==")


def test_a_tap_arrives_as_the_documented_event(platform: Platform, service: Service) -> None:
    platform.send_card(button_card())
    answer = platform.control("tap", userid="liumei", task_id="t-1", key="approve")
    assert (answer["ok"], answer["attempts"][0]["status"]) == (True, 200)
    (event,) = service.events
    assert event.pop("ResponseCode")
    assert abs(int(event.pop("CreateTime")) - int(service.queries[0]["timestamp"])) <= 1
    assert event == {
        "ToUserName": SETTINGS.corp_id,
        "FromUserName": "liumei",
        "MsgType": "event",
        "Event": "template_card_event",
        "EventKey": "approve",
        "TaskId": "t-1",
        "CardType": "button_interaction",
        "AgentID": str(SETTINGS.agent_id),
    }


def test_answers_to_a_question_come_as_selected_items(platform: Platform, service: Service) -> None:
    question = {"question_key": "q", "option_list": [{"id": "a", "text": "甲"}]}
    platform.send_card(button_card(button_selection=question))
    platform.control("tap", userid="liumei", task_id="t-1", key="approve", options={"q": ["a"]})
    assert service.events[0]["SelectedItems"] == {"SelectedItem": {"QuestionKey": "q", "OptionIds": {"OptionId": "a"}}}


def test_the_corner_menu_has_an_event_of_its_own(platform: Platform, service: Service) -> None:
    menu = {"action_list": [{"text": "静音", "key": "mute"}]}
    platform.send_card(notice_card(task_id="n-1", action_menu=menu))
    platform.control("tap", userid="liumei", task_id="n-1", key="mute")
    assert service.events[0]["Event"] == "template_card_menu_event"


@pytest.mark.parametrize(
    ("failures", "attempts", "ok"), [([], 1, True), ([500], 2, True), ([500, 404, 503], 4, True), ([500] * 4, 4, False)]
)
def test_a_failed_push_is_repeated_three_times(
    platform: Platform, service: Service, failures: list[int], attempts: int, ok: bool
) -> None:
    service.statuses = failures
    platform.send_card(button_card())
    answer = platform.control("tap", userid="liumei", task_id="t-1", key="approve")
    assert (answer["ok"], len(answer["attempts"])) == (ok, attempts)
    assert len({event["CreateTime"] + event["ResponseCode"] for event in service.events}) == 1
    assert len({query["nonce"] for query in service.queries}) == attempts


def test_by_a_switch_only_network_failures_are_repeated(launch: Callable[..., Platform], service: Service) -> None:
    service.statuses = [500]
    platform = launch(callback_url=service.url, retry_on_status=False)
    answer = platform.control("events", event="subscribe", userid="liumei")
    assert [attempt["status"] for attempt in answer["attempts"]] == [500]


def test_a_slow_answer_is_cut_and_repeated(launch: Callable[..., Platform], service: Service) -> None:
    service.delay = 0.3
    platform = launch(callback_url=service.url, callback_timeout=0.05, callback_retries=1)
    answer = platform.control("events", event="subscribe", userid="liumei")
    assert [(attempt["status"], attempt["error"]) for attempt in answer["attempts"]] == [(None, "TimeoutError")] * 2


def test_nobody_at_the_callback_address_is_a_failed_delivery(launch: Callable[..., Platform]) -> None:
    platform = launch(callback_url="http://127.0.0.1:9/", callback_retries=1)
    answer = platform.control("events", event="subscribe", userid="liumei")
    assert answer["ok"] is False
    assert platform.look("callbacks")["callbacks"][0]["attempts"][0]["error"] == "ConnectionRefusedError"


def test_the_reply_is_decrypted_for_the_log(platform: Platform, service: Service) -> None:
    encrypted = CRYPTO.encrypt("<xml><MsgType>update_button</MsgType></xml>")
    signature = CRYPTO.sign("1760000000", "n", encrypted)
    service.reply = (
        f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signature}</MsgSignature>"
        "<TimeStamp>1760000000</TimeStamp><Nonce>n</Nonce></xml>"
    )
    platform.control("events", event="subscribe", userid="liumei")
    service.reply = "success"
    platform.control("events", event="subscribe", userid="liumei")
    first, second = (each["attempts"][0] for each in platform.look("callbacks")["callbacks"])
    assert (first["reply"], first["error"]) == ("<xml><MsgType>update_button</MsgType></xml>", "")
    assert "no encrypted message" in second["error"]


def test_fifty_taps_arrive_at_the_same_moment(platform: Platform, service: Service) -> None:
    service.gate = threading.Barrier(50)  # opens only when all fifty are there
    platform.send_card(button_card())
    taps = [{"userid": "liumei", "task_id": "t-1", "key": "approve"}] * 50
    answers = platform.control("taps", taps=taps)["deliveries"]
    assert [answer["ok"] for answer in answers] == [True] * 50
    assert len(service.events) == 50


def test_one_event_may_be_delivered_several_times(platform: Platform, service: Service) -> None:
    platform.send_card(button_card())
    platform.control("tap", userid="liumei", task_id="t-1", key="approve", deliveries=3)
    assert len(service.events) == 3
    assert len({str(event) for event in service.events}) == 1


@pytest.mark.parametrize(
    "changes", [{"userid": "wangfang"}, {"task_id": "t-2"}, {"key": "reject"}], ids=["person", "card", "button"]
)
def test_nobody_taps_what_their_phone_does_not_show(
    platform: Platform, service: Service, changes: dict[str, Any]
) -> None:
    platform.send_card(button_card())
    answer = platform.control("tap", **{"userid": "liumei", "task_id": "t-1", "key": "approve"} | changes)
    assert "error" in answer
    assert service.events == []


def test_dead_buttons_and_recalled_cards_are_tapped_by_force_only(platform: Platform, service: Service) -> None:
    reply = platform.send_card(button_card())
    platform.update(reply["response_code"], atall=1, button={"replace_name": "已同意"})
    tap = {"userid": "liumei", "task_id": "t-1", "key": "approve"}
    assert "dead" in platform.control("tap", **tap)["error"]
    assert platform.control("tap", **tap, force=True)["ok"]
    platform.post("message/recall", {"msgid": reply["msgid"]})
    assert "recalled" in platform.control("tap", **tap)["error"]
    assert len(service.events) == 1


def test_a_tap_may_be_pushed_in_the_background(platform: Platform, service: Service) -> None:
    platform.send_card(button_card())
    assert platform.control("tap", userid="liumei", task_id="t-1", key="approve", wait=False) == {"pushed": 1}
    assert wait_until(lambda: service.events)


def test_the_url_check_wants_the_plain_echo_and_nothing_else(platform: Platform, service: Service) -> None:
    assert platform.control("check-url")["ok"]
    service.echo_suffix = "\n"
    assert not platform.control("check-url")["ok"]
