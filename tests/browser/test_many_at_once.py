"""Many taps on one card at once, through the platform's encrypted callbacks and the service's own processes."""

import re
import threading

import requests

from tests.browser.conftest import Stack
from tests.browser.visitors import Visitor, file_a_group, messages
from tests.script.processes import wait_for

HEAD, REGISTRAR = "fuxuefeng", "tangwenjing"


def test_fifty_taps_at_once_with_a_decision_on_the_page_make_one_decision_and_one_message_set(stack: Stack) -> None:
    name = "药学系实训安排群"
    applicant, head = Visitor(stack, "zhongyi"), Visitor(stack, HEAD)
    path = file_a_group(applicant, name)
    [card] = wait_for(lambda: messages(stack, HEAD, name))
    page = head.get(path)
    taps = [{"userid": HEAD, "task_id": card["task_id"], "key": "approve", "force": True}] * 50
    answers: list[requests.Response] = []
    decision = threading.Thread(
        target=lambda: answers.append(head.post(page, f"{path}/decision", outcome="rejected", reason="已有同类群"))
    )
    decision.start()
    tapped = requests.post(f"{stack.simulator}/simulator/taps", json={"taps": taps, "wait": True}, timeout=120)
    decision.join()
    tapped.raise_for_status()
    assert [answer.status_code for answer in answers] == [200]
    state = re.search(r'data-state="(\w+)"', head.get(path))
    assert state
    assert state[1] in ("approved", "rejected")
    wait_for(lambda: messages(stack, HEAD, name)[0]["dead_button"])
    said = "已同意 · 傅雪峰" if state[1] == "approved" else "不同意 · 傅雪峰"
    assert messages(stack, HEAD, name)[0]["dead_button"].startswith(said)
    wait_for(lambda: messages(stack, "zhongyi", name))
    told = {user_id: len(messages(stack, user_id, name)) for user_id in ("zhongyi", HEAD, REGISTRAR)}
    assert told == {"zhongyi": 1, HEAD: 1, REGISTRAR: 1 if state[1] == "approved" else 0}


def test_two_hundred_people_behind_one_address_can_sign_in(stack: Stack) -> None:
    people = ("wangfang", "liumei", "zhaohuimin", "tangwenjing", "caiyun", "weilan", "jintong", "hanlu")
    for number in range(200):
        visitor = Visitor(stack, people[number % len(people)])
        assert visitor.session.get(f"{stack.service}/login", timeout=10).url == f"{stack.service}/"
