"""What arrives at the callback address: believed only when it is WeCom's, ours, fresh and readable."""

import base64
import struct
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from config import Receiver
from messaging.platforms.wecom_callbacks import (
    LARGEST_BODY,
    CallbackRefused,
    CardTap,
    DepartmentsChanged,
    MemberChanged,
    OtherEvent,
    read_callback,
    read_contact_event,
    read_echo,
)
from simulator.crypto import Crypto
from tests.conftest import wecom_settings

OURS = wecom_settings()
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
CRYPTO = Crypto(OURS.receiver.token, OURS.receiver.aes_key, OURS.corp_id)
TAP = {
    "ToUserName": OURS.corp_id,
    "FromUserName": "ZhangZhuRen",
    "CreateTime": "1772415000",
    "MsgType": "event",
    "Event": "template_card_event",
    "EventKey": "approve",
    "TaskId": "0123456789abcdef0123456789abcdef",
    "CardType": "button_interaction",
    "ResponseCode": "code-of-this-tap",
    "AgentID": str(OURS.agent_id),
}


def xml(elements: dict[str, str]) -> str:
    inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in elements.items())
    return f"<xml>{inside}</xml>"


def signed(encrypted: str, at: datetime = NOW, crypto: Crypto = CRYPTO) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = crypto.sign(timestamp, "nonce1", encrypted)
    return {"msg_signature": signature, "timestamp": timestamp, "nonce": "nonce1"}


def envelope(encrypted: str) -> bytes:
    return xml({"ToUserName": OURS.corp_id, "AgentID": str(OURS.agent_id), "Encrypt": encrypted}).encode()


def pushed(plain: str, *, at: datetime = NOW, crypto: Crypto = CRYPTO) -> CardTap | OtherEvent:
    encrypted = crypto.encrypt(plain)
    return read_callback(OURS, signed(encrypted, at), envelope(encrypted), NOW)


def encrypted_bytes(padded: bytes) -> str:
    key = base64.b64decode(OURS.receiver.aes_key + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def refusal(query: Any, body: bytes) -> CallbackRefused:
    with pytest.raises(CallbackRefused) as caught:
        read_callback(OURS, query, body, NOW)
    assert caught.value.__context__ is None
    return caught.value


def test_a_tap_is_read_with_who_tapped_what_and_the_right_to_change_the_card() -> None:
    tap = pushed(xml(TAP))
    assert isinstance(tap, CardTap)
    assert (tap.user_id, tap.task_id, tap.key) == ("ZhangZhuRen", TAP["TaskId"], "approve")
    assert tap.response_code == "code-of-this-tap"


def test_the_platforms_documented_example_is_understood() -> None:
    vector = "Q3stYC6hdFzMh9T8HCvyDGdmphuvcupuHVjNMHqOWgTaQ0yd58CCxgudFrQ+7jhr89LUpky8zJAugK9E7ZLB5g=="
    receiver = replace(OURS.receiver, token="EmuToken123")
    query = {
        "msg_signature": "774253cad0d1278a72cd4e619240d9a0e3e85297",
        "timestamp": "1760000000",
        "nonce": "nonce42",
        "echostr": vector,
    }
    echo = read_echo("wwemulator0000001", receiver, query, datetime.fromtimestamp(1760000000, UTC))
    assert echo == "4815162342"


def test_each_delivery_of_a_tap_has_the_same_key_and_each_tap_its_own() -> None:
    first, again = pushed(xml(TAP)), pushed(xml(TAP), at=NOW + timedelta(seconds=5))
    other = pushed(xml({**TAP, "ResponseCode": "code-of-another-tap"}))
    assert first.event_key == again.event_key != other.event_key


@pytest.mark.parametrize("name", ["FromUserName", "CreateTime", "EventKey", "TaskId", "ResponseCode", "AgentID"])
def test_events_that_differ_in_one_fact_have_different_keys(name: str) -> None:
    assert pushed(xml(TAP)).event_key != pushed(xml({**TAP, name: "1"})).event_key


@pytest.mark.parametrize(
    "changes",
    [
        {"AgentID": "1000003"},
        {"Event": "enter_agent"},
        {"Event": "", "MsgType": "text", "MsgId": "4561255354251345929", "Content": "在吗"},
        {"FromUserName": ""},
        {"TaskId": ""},
        {"FromUserName": "u" * 65},
    ],
)
def test_what_is_no_tap_on_a_card_of_ours_is_another_event(changes: dict[str, str]) -> None:
    assert isinstance(pushed(xml({**TAP, **changes})), OtherEvent)


def test_repeated_and_nested_elements_count_as_absent() -> None:
    twice = pushed(xml(TAP).replace("</xml>", "<TaskId>again</TaskId></xml>"))
    nested = pushed(xml({**TAP, "EventKey": ""}).replace("</xml>", "<EventKey><Inner>approve</Inner></EventKey></xml>"))
    assert isinstance(twice, OtherEvent)
    assert isinstance(nested, CardTap)
    assert nested.key == ""


@pytest.mark.parametrize("away", [timedelta(minutes=5, seconds=2), -timedelta(minutes=5, seconds=2)])
def test_older_or_newer_than_five_minutes_is_refused(away: timedelta) -> None:
    with pytest.raises(CallbackRefused) as caught:
        pushed(xml(TAP), at=NOW + away)
    assert caught.value.status == 403


@pytest.mark.parametrize("away", [timedelta(minutes=4, seconds=58), -timedelta(minutes=4, seconds=58)])
def test_almost_five_minutes_is_accepted(away: timedelta) -> None:
    assert isinstance(pushed(xml(TAP), at=NOW + away), CardTap)


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_a_parameter_missing_or_given_twice_is_refused(name: str) -> None:
    encrypted = CRYPTO.encrypt(xml(TAP))
    query = signed(encrypted)
    missing = {key: value for key, value in query.items() if key != name}
    twice = MultiDict([*query.items(), (name, query[name])])
    assert refusal(missing, envelope(encrypted)).status == 400
    assert refusal(twice, envelope(encrypted)).status == 400


@pytest.mark.parametrize(
    "changes",
    [{"timestamp": "soon"}, {"timestamp": "-1772415000"}, {"timestamp": "1" * 5000}, {"nonce": ""}, {"nonce": "一"}],
)
def test_a_malformed_timestamp_or_nonce_is_refused(changes: dict[str, str]) -> None:
    encrypted = CRYPTO.encrypt(xml(TAP))
    assert refusal({**signed(encrypted), **changes}, envelope(encrypted)).status == 400


@pytest.mark.parametrize("wrong", ["", "0" * 40, "é", "签名"])
def test_a_wrong_signature_is_refused(wrong: str) -> None:
    encrypted = CRYPTO.encrypt(xml(TAP))
    assert refusal({**signed(encrypted), "msg_signature": wrong}, envelope(encrypted)).status == 403


def test_the_signature_of_another_message_is_refused() -> None:
    encrypted = CRYPTO.encrypt(xml(TAP))
    assert refusal(signed(CRYPTO.encrypt(xml(TAP))), envelope(encrypted)).status == 403


def test_a_message_for_another_corp_is_refused() -> None:
    with pytest.raises(CallbackRefused) as tail:
        pushed(xml(TAP), crypto=Crypto(OURS.receiver.token, OURS.receiver.aes_key, "wwanothercorp00001"))
    with pytest.raises(CallbackRefused) as inside:
        pushed(xml({**TAP, "ToUserName": "wwanothercorp00001"}))
    encrypted = CRYPTO.encrypt(xml(TAP))
    outside = xml({"ToUserName": "wwanothercorp00001", "Encrypt": encrypted}).encode()
    assert (tail.value.status, inside.value.status, refusal(signed(encrypted), outside).status) == (403, 403, 403)


def test_an_envelope_that_names_nobody_is_read_by_what_is_inside() -> None:
    encrypted = CRYPTO.encrypt(xml(TAP))
    assert isinstance(read_callback(OURS, signed(encrypted), xml({"Encrypt": encrypted}).encode(), NOW), CardTap)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<xml/>",
        b"<xml>text</xml>",
        b"<xml><Encrypt/></xml>",
        b"<other><Encrypt>AAAA</Encrypt></other>",
        b"<xml><Encrypt><Deeper/></Encrypt></xml>",
        b"<xml><Encrypt>AAAA</Encrypt><Encrypt>AAAA</Encrypt></xml>",
        b"\xff\xfe<\x00x\x00m\x00l\x00>\x00",
        b"\xff\xff",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><Encrypt>AAAA</Encrypt></xml>',
        b'<?xml version="1.0" encoding="nothing"?><xml><Encrypt>AAAA</Encrypt></xml>',
    ],
)
def test_a_body_that_is_not_an_envelope_is_refused(body: bytes) -> None:
    assert refusal(signed("AAAA"), body).status in (400, 403)


@pytest.mark.parametrize(
    "declaration", ["<!DOCTYPE xml>", '<!DOCTYPE xml SYSTEM "file:///etc/passwd">', "<!--hidden-->"]
)
def test_a_declaration_before_a_good_envelope_is_refused(declaration: str) -> None:
    encrypted = CRYPTO.encrypt(xml(TAP))
    assert refusal(signed(encrypted), declaration.encode() + envelope(encrypted)).status == 400


def test_a_body_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    assert refusal({}, b"<" * (LARGEST_BODY + 1)).status == 413


@pytest.mark.parametrize("count", [0, 33, 255])
def test_a_padding_outside_one_to_thirty_two_is_refused(count: int) -> None:
    plain = xml(TAP).encode()
    whole = b"r" * 16 + struct.pack(">I", len(plain)) + plain + OURS.corp_id.encode()
    filler = 32 - len(whole) % 32
    encrypted = encrypted_bytes(whole + b"\0" * (filler - 1) + bytes([count]))
    assert refusal(signed(encrypted), envelope(encrypted)).status == 400


@pytest.mark.parametrize("block", [b"\x10" * 16, b"\x20" * 32, b"\x0d" * 32], ids=["one", "all", "no length"])
def test_nothing_but_padding_is_refused(block: bytes) -> None:
    encrypted = encrypted_bytes(block)
    assert refusal(signed(encrypted), envelope(encrypted)).status == 400


def test_a_padding_whose_bytes_differ_is_refused() -> None:
    plain = xml(TAP).encode()
    whole = b"r" * 16 + struct.pack(">I", len(plain)) + plain + OURS.corp_id.encode()
    filler = 64 - len(whole) % 32
    encrypted = encrypted_bytes(whole + b"\0" * (filler - 1) + bytes([32]))
    assert refusal(signed(encrypted), envelope(encrypted)).status == 400


def test_the_echo_is_answered_decrypted_and_only_when_it_is_signed_and_fresh() -> None:
    echo = CRYPTO.encrypt("5927782489442352469")
    assert read_echo(OURS.corp_id, OURS.receiver, {**signed(echo), "echostr": echo}, NOW) == "5927782489442352469"
    stale = {**signed(echo, NOW - timedelta(hours=1)), "echostr": echo}
    for query in (signed(echo), {**signed(echo), "msg_signature": "0" * 40, "echostr": echo}, stale):
        with pytest.raises(CallbackRefused):
            read_echo(OURS.corp_id, OURS.receiver, query, NOW)


CONTACTS = Receiver("ContactToken123", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefE")
CONTACT_CRYPTO = Crypto(CONTACTS.token, CONTACTS.aes_key, OURS.corp_id)
CHANGE = {
    "ToUserName": OURS.corp_id,
    "FromUserName": "sys",
    "CreateTime": "1772415000",
    "MsgType": "event",
    "Event": "change_contact",
}


def changed(**elements: str) -> MemberChanged | DepartmentsChanged | OtherEvent:
    encrypted = CONTACT_CRYPTO.encrypt(xml({**CHANGE, **elements}))
    query = signed(encrypted, crypto=CONTACT_CRYPTO)
    return read_contact_event(OURS.corp_id, CONTACTS, query, xml({"Encrypt": encrypted}).encode(), NOW)


@pytest.mark.parametrize("change", ["create_user", "update_user", "delete_user"])
def test_a_change_of_a_member_names_the_member_and_nothing_else_that_it_says(change: str) -> None:
    told = changed(ChangeType=change, UserID="Li.San", Department="1,2", Name="李三", Status="5")
    assert isinstance(told, MemberChanged)
    assert (told.user_id, told.new_user_id) == ("Li.San", "")


def test_a_renamed_account_is_told_with_both_its_ids() -> None:
    told = changed(ChangeType="update_user", UserID="lisan", NewUserID="li.san")
    assert isinstance(told, MemberChanged)
    assert (told.user_id, told.new_user_id) == ("lisan", "li.san")


@pytest.mark.parametrize("change", ["create_party", "update_party", "delete_party"])
def test_a_change_of_a_department_says_that_there_was_one(change: str) -> None:
    assert isinstance(changed(ChangeType=change, Id="8", ParentId="1"), DepartmentsChanged)


@pytest.mark.parametrize(
    "elements",
    [
        {"ChangeType": "update_tag", "TagId": "1", "AddUserItems": "lisan"},
        {"ChangeType": "delete_user"},
        {"ChangeType": "delete_user", "UserID": "u" * 65},
        {"ChangeType": "", "UserID": "lisan"},
        {"Event": "enter_agent", "ChangeType": "delete_user", "UserID": "lisan"},
        {"Event": "template_card_event", "TaskId": "t", "EventKey": "approve", "AgentID": str(OURS.agent_id)},
    ],
)
def test_whatever_else_the_contact_receiver_is_told_is_another_event(elements: dict[str, str]) -> None:
    assert isinstance(changed(**elements), OtherEvent)


@pytest.mark.parametrize("name", ["CreateTime", "ChangeType", "UserID", "NewUserID", "Department", "Id", "ParentId"])
def test_changes_that_differ_in_one_fact_have_different_keys(name: str) -> None:
    change = {"ChangeType": "update_user", "UserID": "lisan", "Department": "8"}
    assert changed(**change).event_key == changed(**change).event_key != changed(**{**change, name: "1"}).event_key


def test_neither_receivers_key_opens_the_others_address() -> None:
    encrypted = CRYPTO.encrypt(xml({**CHANGE, "ChangeType": "delete_user", "UserID": "lisan"}))
    with pytest.raises(CallbackRefused) as at_contacts:
        read_contact_event(OURS.corp_id, CONTACTS, signed(encrypted), envelope(encrypted), NOW)
    encrypted = CONTACT_CRYPTO.encrypt(xml(TAP))
    query = signed(encrypted, crypto=CONTACT_CRYPTO)
    assert (at_contacts.value.status, refusal(query, envelope(encrypted)).status) == (403, 403)


def only_refuses(query: dict[str, str], body: bytes) -> None:
    with suppress(CallbackRefused):
        assert isinstance(read_callback(OURS, query, body, NOW), CardTap | OtherEvent)


texts = st.text(st.characters(codec="utf-8"), max_size=60)


@given(st.dictionaries(st.sampled_from(["msg_signature", "timestamp", "nonce"]), texts), st.binary(max_size=300))
def test_any_query_with_any_body_is_refused(query: dict[str, str], body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        read_callback(OURS, query, body, NOW)


@given(texts | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_anything_signed_but_not_encrypted_by_the_platform_is_refused(encrypted: str) -> None:
    body = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    only_refuses(signed(encrypted), body)


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.binary(max_size=20), st.integers(0, 255))
def test_anything_encrypted_is_read_or_refused(message: bytes, length: int, tail: bytes, last: int) -> None:
    whole = b"r" * 16 + struct.pack(">I", length) + message + tail
    encrypted = encrypted_bytes(whole + bytes([last]) * (16 - len(whole) % 16))
    only_refuses(signed(encrypted), envelope(encrypted))


elements = st.recursive(
    texts.map(lambda text: "".join(char for char in text if char.isalnum())),
    lambda inner: st.lists(
        st.tuples(st.sampled_from([*TAP, "Encrypt", "SelectedItems"]), inner), min_size=1, max_size=4
    ).map(lambda pairs: "".join(f"<{name}>{value}</{name}>" for name, value in pairs)),
    max_leaves=12,
)


@given(elements)
def test_any_tree_of_elements_from_the_platform_is_read_or_refused(inside: str) -> None:
    plain = f"<xml><ToUserName>{OURS.corp_id}</ToUserName>{inside}</xml>"
    encrypted = CRYPTO.encrypt(plain)
    only_refuses(signed(encrypted), envelope(encrypted))
