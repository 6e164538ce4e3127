"""What goes wrong at the platform for a while: it is away, slow or busy, refuses tokens, callers, members, too much."""

from typing import Any

import pytest
import requests

from simulator.quotas import PER_ACCOUNT
from simulator.rates import MINUTE, MOST_CALLS, MOST_WRONG_SECRETS
from tests.simulator.support import SETTINGS, Platform, button_card

HOUR = 3600


@pytest.fixture
def platform(shared: Platform) -> Platform:
    shared.control("reset")
    return shared


def copies(platform: Platform) -> dict[str, int]:
    """How many members got each task id."""
    return platform.look("copies")["copies"]


def send(platform: Platform, **options: Any) -> int:
    """The code that a message is answered with."""
    return platform.send("text", {"content": "某"}, **options)["errcode"]


def sign_in(platform: Platform, secret: str) -> int:
    """The code that a request for a token is answered with."""
    args = {"corpid": SETTINGS.corp_id, "corpsecret": secret, "access_token": None}
    return platform.get("gettoken", **args)["errcode"]


class TestAway:
    def test_while_it_is_away_connections_end_without_an_answer(self, platform: Platform) -> None:
        platform.control("faults", path="*", hang_up=True, times=None)
        for _ in range(3):
            with pytest.raises(requests.ConnectionError):
                platform.token()
        requests.delete(f"{platform.url}/simulator/faults", timeout=5)
        assert platform.token()

    def test_a_connection_may_end_after_the_message_was_taken(self, platform: Platform) -> None:
        token = platform.token()
        body = {"touser": "liumei", "agentid": SETTINGS.agent_id, "msgtype": "text", "text": {"content": "某"}}
        platform.control("faults", path="message/send", hang_up=True, after=True)
        with pytest.raises(requests.ConnectionError):
            platform.post("message/send", body, token=token)
        assert len(platform.copies()) == 1

    def test_a_late_answer_may_be_of_a_message_that_was_taken_at_once(self, platform: Platform) -> None:
        token = platform.token()
        platform.control("faults", path="message/send", delay_ms=300, after=True)
        body = {"touser": "liumei", "agentid": SETTINGS.agent_id, "msgtype": "text", "text": {"content": "x"}}
        with pytest.raises(requests.ReadTimeout):
            requests.post(
                f"{platform.url}/cgi-bin/message/send", json=body, params={"access_token": token}, timeout=0.1
            )
        assert len(platform.copies()) == 1

    def test_every_call_may_fail_until_it_is_mended(self, platform: Platform) -> None:
        token = platform.token()
        platform.control("faults", path="*", http_status=500, times=None)
        for path in ("gettoken", "message/send", "user/get"):
            assert requests.get(f"{platform.url}/cgi-bin/{path}", timeout=5).status_code == 500
        requests.delete(f"{platform.url}/simulator/faults", timeout=5)
        assert platform.get("user/get", userid="liumei", access_token=token)["errcode"] == 0


class TestTooOften:
    def test_after_45009_the_path_is_refused_until_the_minute_is_over(self, platform: Platform) -> None:
        platform.control("faults", path="message/send", errcode=45009)
        assert [send(platform) for _ in range(3)] == [45009] * 3
        assert platform.get("user/get", userid="liumei")["errcode"] == 0
        platform.control("clock", seconds=59)
        assert send(platform) == 45009
        platform.control("clock", seconds=2)
        assert send(platform) == 0
        assert len(platform.copies()) == 1

    def test_a_path_that_is_called_too_often_is_refused_for_a_minute(self, platform: Platform) -> None:
        token, state = platform.token(), platform.handle.state
        with state.lock:
            state.advance(MINUTE - state.now() % MINUTE)  # to the beginning of a minute
            for _ in range(MOST_CALLS[MINUTE] - 1):
                state.rates.admit("user/get", now=state.now())
        codes = [platform.get("user/get", userid="liumei", access_token=token)["errcode"] for _ in range(3)]
        assert codes == [0, 45009, 45009]
        platform.control("clock", seconds=61)
        assert platform.get("user/get", userid="liumei", access_token=token)["errcode"] == 0

    def test_sends_are_not_counted_among_the_calls(self, platform: Platform) -> None:
        state = platform.handle.state
        with state.lock:
            for _ in range(MOST_CALLS[MINUTE] + 1):
                state.rates.admit("message/send", now=state.now())
        assert send(platform) == 0

    def test_a_wrong_secret_tried_again_and_again_shuts_the_address_out_for_an_hour(self, platform: Platform) -> None:
        token = platform.token()
        codes = [sign_in(platform, "wrong") for _ in range(MOST_WRONG_SECRETS + 1)]
        assert codes == [40001] * MOST_WRONG_SECRETS + [45009]
        assert sign_in(platform, SETTINGS.secret) == 45009
        assert platform.get("user/get", userid="liumei", access_token=token)["errcode"] == 45009
        platform.control("clock", seconds=HOUR + 1)
        assert sign_in(platform, SETTINGS.secret) == 0

    def test_a_wrong_secret_tried_now_and_then_shuts_nobody_out(self, platform: Platform) -> None:
        for _ in range(2 * MOST_WRONG_SECRETS):
            assert sign_in(platform, "wrong") == 40001
            platform.control("clock", seconds=30)
        assert sign_in(platform, SETTINGS.secret) == 0


class TestRefused:
    @pytest.mark.parametrize("errcode", [40014, 42001])
    def test_each_new_token_is_refused_until_that_is_mended(self, platform: Platform, errcode: int) -> None:
        platform.control("tokens/refuse", errcode=errcode)
        tokens = [platform.token() for _ in range(2)]
        assert platform.get("user/get", userid="liumei", access_token=tokens[0])["errcode"] == errcode
        assert platform.token() != tokens[0]
        assert send(platform) == errcode
        platform.control("tokens/refuse", errcode=None)
        assert send(platform) == 0

    def test_another_code_than_a_tokens_is_no_way_to_refuse_one(self, platform: Platform) -> None:
        assert "error" in platform.control("tokens/refuse", errcode=40001)

    def test_a_secret_that_was_reset_takes_its_tokens_with_it(self, platform: Platform) -> None:
        token = platform.token()
        platform.control("secret", secret="another")
        assert platform.get("user/get", userid="liumei", access_token=token)["errcode"] == 40014
        assert sign_in(platform, SETTINGS.secret) == 40001
        assert sign_in(platform, "another") == 0
        platform.control("reset")
        assert sign_in(platform, SETTINGS.secret) == 0

    def test_whoever_is_not_among_the_trusted_addresses_is_told_so_with_their_own(self, platform: Platform) -> None:
        platform.control("trusted-ips", ips=["192.0.2.7"])
        reply = platform.send("text", {"content": "某"})
        assert reply["errcode"] == 60020
        assert "from ip: 127.0.0.1" in reply["errmsg"]
        platform.control("trusted-ips", ips=["192.0.2.7", "127.0.0.1"])
        assert send(platform) == 0

    def test_members_who_are_refused_come_back_by_name_and_the_others_are_reached(self, platform: Platform) -> None:
        platform.control("refused-members", invalid=["LiuMei"], unlicensed=["wangfang"])
        assert send(platform, touser="liumei") == 81013
        assert send(platform, touser="WangFang|liumei") == 81013
        reply = platform.send("text", {"content": "某"}, touser="LiuMei|WangFang|lijing")
        assert (reply["errcode"], reply["invaliduser"], reply["unlicenseduser"]) == (0, "liumei", "wangfang")
        assert (len(platform.copies("lijing")), platform.copies(), platform.copies("wangfang")) == (1, [], [])
        platform.control("refused-members")
        assert send(platform) == 0


class TestDropped:
    def test_each_dropped_message_is_recorded_with_the_limit_that_was_to_blame(self, platform: Platform) -> None:
        for number in range(31):
            assert platform.send_card(button_card(f"t-{number}"))["errcode"] == 0
        answer = platform.look("copies")
        assert sum(answer["copies"].values()) == 30
        assert answer["dropped"] == {"t-30": {"liumei": "minute"}}
        (dropped,) = platform.look("messages", userid="liumei")["dropped"]
        assert dropped["limit"] == "minute"

    def test_more_than_a_thousand_an_hour_to_one_member_are_dropped(self, platform: Platform) -> None:
        quotas, start = platform.handle.state.mailbox.quotas, 1_800_000_000
        told = [quotas.take("liumei", members=60, now=start + 3 * number) for number in range(1002)]
        assert told == [""] * 1000 + ["hour"] * 2
        assert quotas.take("liumei", members=60, now=start + HOUR) == ""

    def test_the_apps_day_is_two_hundred_messages_for_each_account(self, platform: Platform) -> None:
        platform.control("accounts", accounts=1)
        quotas, now = platform.handle.state.mailbox.quotas, platform.handle.state.now()
        for number in range(PER_ACCOUNT):
            assert quotas.take(f"u{number}", members=60, now=now) == ""
        assert platform.send_card(button_card("late"))["errcode"] == 0
        assert platform.look("copies")["dropped"] == {"late": {"liumei": "day"}}
        platform.control("clock", seconds=24 * HOUR)
        platform.send_card(button_card("tomorrow"))
        assert copies(platform) == {"late": 0, "tomorrow": 1}

    def test_a_message_sent_again_is_counted_and_arrives_once(self, platform: Platform) -> None:
        for _ in range(3):
            platform.send_card(button_card(), touser="liumei|wangfang", enable_duplicate_check=1)
        answer = platform.look("copies")
        assert (answer["copies"], answer["duplicates"]) == ({"t-1": 2}, {"t-1": 2})


def test_a_card_of_somebody_who_left_the_range_is_not_changed(platform: Platform) -> None:
    code = platform.send_card(button_card(), touser="liumei|wangfang")["response_code"]
    platform.control("members", userid="wangfang", status=5)
    reply = platform.update(code, atall=1, button={"replace_name": "已同意"})
    assert (reply["errcode"], reply["invaliduser"]) == (0, ["wangfang"])
    assert platform.copies("wangfang")[0]["dead_button"] is None
    assert platform.copies()[0]["dead_button"] == "已同意"
