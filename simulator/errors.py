"""WeCom's error codes and the shape in which they are answered [90313, 92521]."""

import secrets
from typing import Any

TOO_OFTEN = 45009
TEXTS = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid userid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40029: "invalid code",
    40031: "invalid userid list",
    40032: "invalid userid list size",
    40033: "invalid request character",
    40056: "invalid agentid",
    40058: "invalid request parameter",
    40063: "some parameters are empty",
    40093: "invalid jsapi signature",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "secret missing",
    41008: "missing auth code",
    41009: "userid missing",
    41010: "url missing",
    41011: "agentid missing",
    41016: "title missing",
    41033: "description missing",
    42001: "access_token expired",
    42003: "auth code expired",
    42012: "invalid jsapi ticket",
    42014: "invalid card task_id",
    42015: "app of the update is not the sender",
    42027: "horizontal_content_list.keyname missing",
    42028: "template_card url missing",
    42029: "template_card media_id missing",
    42030: "template_card appid missing",
    42031: "invalid template_card card_type",
    42033: "template_card title missing",
    42035: "invalid horizontal_content_list size",
    42036: "invalid vertical_content_list size",
    42037: "invalid option_list size",
    42038: "invalid button_list.text",
    42039: "invalid button_list.key",
    42040: "invalid option_list.id",
    42041: "invalid option_list.text",
    42042: "invalid jump_list size",
    42043: "invalid question_key",
    42044: "invalid card_image.url",
    42045: "invalid card_action",
    42046: "invalid submit_button.key",
    42047: "invalid select_list size",
    42049: "invalid submit_button.text",
    42050: "invalid horizontal_content_list.userid",
    42051: "action_list key conflict",
    42052: "msgid expired",
    43012: "app needs a callback url",
    44004: "empty content",
    45002: "message too large",
    45008: "too many articles",
    TOO_OFTEN: "api freq out of limit",
    45033: "api concurrent out of limit",
    45034: "url must have a scheme",
    48002: "api forbidden",
    48009: "api forbidden for contact sync",
    60003: "department not found",
    50003: "app disabled",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    60123: "invalid party id",
    60140: "invalid response_code",
    81013: "user & party & tag all invalid",
    82001: "user & party & tag all empty",
    82002: "too many parties",
    82003: "too many tags",
    82101: "update target empty",
    82102: "update target not among the recipients",
    84014: "user_ticket expired",
    84015: "invalid user_ticket",
    92002: "corpid of the page is not the user's",
    301002: "not allowed to operate agent",
}


class ApiError(Exception):
    """The platform refuses a call with `code`; `detail` helps the developer and is no part of the contract."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def failure(code: int, detail: str = "") -> dict[str, Any]:
    """The JSON of a refused call. The text is never to be matched on [90664]."""
    text = TEXTS.get(code, "error")
    said = f"{text}: {detail}" if detail else text
    more = f"https://open.work.weixin.qq.com/devtool/query?e={code}"
    hint = f"hint: [{secrets.token_hex(16)}], from ip: 127.0.0.1, more info at {more}"
    return {"errcode": code, "errmsg": f"{said}, {hint}"}
