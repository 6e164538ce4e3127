"""People who come by plain HTTP, without a browser: for what other people do meanwhile, and for crowds."""

import re
from typing import Any

import requests

from tests.browser.conftest import Stack

DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"}
#: Whom a unit's filings name: 第一责任人, 群主, 管理员.
PEOPLE = {
    "教务处": ("黄志强", "谢婷", "曹明"),
    "护理系": ("刘梅", "王芳", "蔡云"),
    "临床医学系": ("高振华", "程思思", "苏洋"),
    "药学系": ("傅雪峰", "钟毅", "焦楠"),
    "后勤处": ("邱德明", "崔燕", "秦磊"),
}


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


def file_a_group(visitor: Visitor, name: str, unit: str = "药学系") -> str:
    """File a department's group; the path of the filing."""
    page = visitor.get("/filings/new")
    department = re.search(rf'<option[^>]*value="(\d+)"[^>]*>{unit}</option>', page)
    assert department
    fields = {
        "kind": "establish",
        "platform": "wechat",
        "tier": "department",
        "department_id": department[1],
        "name": name,
        "member_count": "12",
        "composition": f"{unit}教师",
        "opened_on": "2099-01-01",
        "purpose": "教学工作",
        **{
            f"{role}-{key}": value
            for role, person in zip(("responsible", "owner", "administrators-0"), PEOPLE[unit], strict=True)
            for key, value in (("name", person), ("mobile", "19900000048"))
        },
        "action": "send",
    }
    answer = visitor.post(page, "/filings/new", **fields)
    path = re.search(r"(/filings/\d+)/confirm$", answer.url)
    assert path, answer.url
    visitor.post(answer.text, f"{path[1]}/confirm", promise="y")
    return path[1]
