"""Why a sync of the directory changed nothing, in words for an administrator, with the remedy."""

from messaging.platforms.errors import PlatformRefused, PlatformUnreachable
from operations.directory import EmptyDirectory, TooManyGone, Unseen

CREDENTIALS = "应用凭证不被企业微信接受。请在企业微信管理后台核对 WECOM_CORP_ID 和 WECOM_SECRET，改正后重启服务再同步。"
BUSY = "企业微信限制了调用频率。请过一小时再同步。"
#: By WeCom's errcode [90313].
REFUSALS = {
    60020: "企业微信不接受这台服务器的地址。请在应用的“企业可信IP”中加入服务器的出口地址，约一分钟后再同步。",
    **dict.fromkeys((40001, 40013, 40091, 41002, 41004), CREDENTIALS),
    50003: "应用已被停用。请在企业微信管理后台启用它，再同步。",
    48002: "应用没有读取通讯录的权限。请核对 WECOM_SECRET 是自建应用的 Secret，再同步。",
    48009: "“通讯录同步”的 Secret 不能读取成员资料。请把 WECOM_SECRET 换成自建应用的 Secret，重启服务再同步。",
    60011: "有部门不在应用的可见范围内。请在企业微信管理后台核对应用的可见范围，再同步。",
    **dict.fromkeys((60003, 60123), "同步时有部门刚被删除。请再同步一次。"),
    **dict.fromkeys((45009, 45033), BUSY),
    -1: "企业微信系统繁忙。请过几分钟再同步。",
}
UNREACHABLE = "连不上企业微信，或者它没有正常应答。请检查服务器的网络，过几分钟再同步。"
EMPTY = "没有读到任何成员：只在标签里的成员读不出来。请在企业微信管理后台把部门或成员加入应用的可见范围，再同步。"
UNFORESEEN = "同步意外中断。请再同步一次；仍然如此时，请查看服务的日志。"


def problem_of(error: BaseException) -> str:
    """What an administrator is told of the error that ended a sync."""
    if isinstance(error, TooManyGone):
        return _too_many(error)
    if isinstance(error, EmptyDirectory):
        return EMPTY
    if isinstance(error, PlatformRefused):
        reason = REFUSALS.get(error.errcode, "企业微信拒绝了读取通讯录的请求。请按错误码查明原因，再同步。")
        return f"{reason}（错误码 {error.errcode}）"
    return UNREACHABLE if isinstance(error, PlatformUnreachable) else UNFORESEEN


def _too_many(error: TooManyGone) -> str:
    counted = ((error.people, "人"), (error.departments, "个部门"))
    unseen = "、".join(_of_known(of, unit) for of, unit in counted if of.ids)
    return (
        f"{unseen}在通讯录里已看不到，超过十分之一，可能是可见范围被改小了。"
        "请先在企业微信管理后台核对应用的可见范围；如果他们确实已离开、部门确实已撤销，可以接受这次变动。"
    )


def _of_known(unseen: Unseen, unit: str) -> str:
    return f"现有{unseen.known}{unit}中有{len(unseen.ids)}{unit}"
