"""What WeCom's errcodes mean to a message on its way, and to people [90313]."""

import re

from messaging.platforms.wecom_transport import NOT_TRUSTED, SECRET_REFUSED, STALE_TOKEN

#: The task id was sent before: the message is there already.
ALREADY_KNOWN = frozenset({42014})
#: The right to change the card was used or has lapsed.
CARD_SPENT = frozenset({60140})
#: None of the recipients is known, or in the app's visible range.
NO_RECIPIENT = 81013
#: The app does not reach the recipient: unknown to the platform, or out of the visible range.
OUT_OF_REACH = frozenset({NO_RECIPIENT, 40003, 60111})
#: The platform would say the same of this message another time: wrong in itself, or for nobody.
FINAL = frozenset(
    {
        *(40003, NO_RECIPIENT, 82001, 82002, 82003),
        *ALREADY_KNOWN,
        *(40007, 40008, 40031, 40032, 40033, 40058, 41016, 41033, 44004, 45002, 45008, 45034),
        *range(42015, 42053),
        *(82101, 82102),
    }
)
#: The app could not speak to the platform at all: no fault of the message, and no try of it.
NO_TOKEN = STALE_TOKEN | SECRET_REFUSED


def may_pass(errcode: int) -> bool:
    """Whether the same message may be accepted later: so it is, unless the platform's documents say it will not."""
    return errcode not in FINAL


#: What an administrator reads instead of the platform's own text. A message keeps the error as "errcode errmsg".
REASONS = {
    -1: "企业微信系统繁忙",
    40001: "应用的 Secret 不正确",
    40003: "接收人的账号不存在",
    40013: "企业ID不正确",
    40014: "访问凭证失效",
    40056: "应用的 AgentId 不正确",
    40091: "Secret 属于另一个企业",
    41002: "没有填写企业ID",
    41004: "没有填写 Secret",
    42001: "访问凭证已过期",
    43012: "应用没有设置接收消息的地址",
    45009: "调用太频繁，已被企业微信限制",
    45033: "同时发送的太多，已被企业微信限制",
    48002: "应用没有调用这个接口的权限",
    48006: "接口权限长期未用，已被收回",
    50003: "应用已停用",
    60011: "应用没有查看这个部门或成员的权限",
    NOT_TRUSTED: "服务器的IP不在企业可信IP中",
    60111: "接收人的账号不存在，或不在应用的可见范围内",
    81012: "应用没有设置可见范围",
    NO_RECIPIENT: "接收人不在应用的可见范围内，或账号已停用",
    301002: "AgentId 不是这个应用的",
}


#: Where in WeCom's console things are set.
CONSOLE = "管理后台 › 应用管理 › 应用 › 群备"
RECEIVER = f"{CONSOLE} › 接收消息 › 设置API接收"
TRUSTED_IP = f"{CONSOLE} › 企业可信IP"
RANGE = f"{CONSOLE} › 可见范围"

_SECRET = f"请在{CONSOLE}查看 Secret，填入 WECOM_SECRET 后重启服务。"
_CORP_ID = "请在管理后台 › 我的企业 › 企业信息最下方查看企业ID，填入 WECOM_CORP_ID 后重启服务。"
_AGENT_ID = f"请在{CONSOLE}查看 AgentId，填入 WECOM_AGENT_ID 后重启服务。"
_WHOLE_RANGE = f"请在{RANGE}加入全院（根部门）。"
_RECIPIENT = f"请在{RANGE}加入接收人或其部门，再重发。已离职或停用账号的人收不到，不用重发。"
_LATER = "系统会自动重试，一般不用处理；最后仍未送达的，过几分钟再重发。"
#: errcode: what an administrator does about it, and where.
REMEDIES = {
    -1: _LATER,
    40001: f"Secret 与企业ID不匹配、已被重置，或应用被停用。{_SECRET}请勿反复重试：企业微信会封禁服务器的IP一小时。",
    40003: _RECIPIENT,
    40013: _CORP_ID,
    40014: _LATER,
    40056: _AGENT_ID,
    40091: f"这个 Secret 属于另一个企业。{_SECRET}",
    41002: _CORP_ID,
    41004: _SECRET,
    42001: _LATER,
    43012: f"请在{RECEIVER}填写并保存接收消息的地址，再重发。",
    45009: "调用次数超过限制，请等一小时后再试。",
    45033: _LATER,
    48002: f"WECOM_SECRET 不是自建应用的 Secret，例如用了“通讯录同步”的。{_SECRET}",
    48006: f"请在{CONSOLE}重新启用接口权限。",
    50003: f"请在{CONSOLE}启用应用。",
    60011: _WHOLE_RANGE,
    NOT_TRUSTED: f"请把服务器的出口IP加入{TRUSTED_IP}，约一分钟后生效，再重发。",
    60111: _RECIPIENT,
    81012: _WHOLE_RANGE,
    NO_RECIPIENT: _RECIPIENT,
    301002: _AGENT_ID,
}
NO_NETWORK = "请检查服务器的网络、域名解析、代理和防火墙，确认能访问企业微信的服务器（WECOM_API_URL）。"
UNREACHABLE = "暂时连不上企业微信"


def reason(errcode: int) -> str:
    """Why the platform refused, in plain words, with its code to look up."""
    return f"{REASONS.get(errcode, '企业微信拒绝了请求')}（{errcode}）"


def reason_of(error: str) -> str:
    """The same of an error as a message keeps it; without a code, the platform was not reached."""
    code = re.match(r"-?[0-9]+\b", error)
    return reason(int(code[0])) if code else UNREACHABLE


def remedy(errcode: int | None) -> str:
    """What to do about a refusal, and where; None is the code of a platform that was not reached."""
    if errcode is None:
        return NO_NETWORK
    return REMEDIES.get(errcode, f"请按错误码查询企业微信文档：{errcode}。")
