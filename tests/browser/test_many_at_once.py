"""Many taps on one card at once, through the platform's encrypted callbacks and the service's own processes."""

import re
import threading
from typing import Any

import requests

from tests.browser.conftest import Stack
from tests.script.processes import wait_for

HEAD, REGISTRAR = "fuxuefeng", "tangwenjing"
DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"}


class Visitor:
    """A person in a browser without scripts: follows the service's own sign-in and sends its own forms."""

    def __init__(self, stack: Stack, user_id: str) -> None:
        self.stack = stack
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(DESKTOP)
        self.get(f"{stack.simulator}/phones/{user_id}")

    def get(self, address: str) -> str:
        answer = self.session.get(address if "://" in address else self.stack.service + address, timeout=20)
        answer.raise_for_status()
        return answer.text

    def post(self, page: str, path: str, **fields: str) -> requests.Response:
        """Send a form of the page, with its hidden fields."""
        hidden = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
        hidden |= {name: value for value, name in re.findall(r'value="([^"]*)"[^>]*name="([^"]+)"[^>]*hidden', page)}
        return self.session.post(self.stack.service + path, data=hidden | fields, timeout=20)


def messages(stack: Stack, user_id: str, group: str) -> list[dict[str, Any]]:
    """What is on this person's phone about the group."""
    answer = requests.get(f"{stack.simulator}/simulator/messages", params={"userid": user_id}, timeout=10).json()
    return [message for message in answer["messages"] if group in str(message["body"])]


def file_a_group(visitor: Visitor, name: str) -> str:
    """File a department's group; the path of the filing."""
    page = visitor.get("/filings/new")
    department = re.search(r'<option[^>]*value="(\d+)"[^>]*>药学系</option>', page)
    assert department
    fields = {
        "kind": "establish",
        "platform": "wechat",
        "tier": "department",
        "department_id": department[1],
        "name": name,
        "member_count": "12",
        "composition": "药学系教师",
        "opened_on": "2099-01-01",
        "purpose": "教学工作",
        **{f"responsible-{key}": value for key, value in (("name", "傅雪峰"), ("mobile", "19900000048"))},
        **{f"owner-{key}": value for key, value in (("name", "钟毅"), ("mobile", "19900000050"))},
        **{f"administrators-0-{key}": value for key, value in (("name", "焦楠"), ("mobile", "19900000051"))},
        "action": "send",
    }
    answer = visitor.post(page, "/filings/new", **fields)
    path = re.search(r"(/filings/\d+)/confirm$", answer.url)
    assert path, answer.url
    visitor.post(answer.text, f"{path[1]}/confirm", promise="y")
    return path[1]


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
