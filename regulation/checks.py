"""What the articles ask of a proposal beside its name: one function for each question."""

import re
from collections.abc import Iterator

from regulation.findings import Finding, Proposal, refuse, warn
from regulation.text import is_blank, normalize_number
from regulation.words import FilingKind, Platform

MAX_NUMBER_LENGTH = 64
_QQ_NUMBER = re.compile(r"[0-9]{5,11}")


def platform_findings(proposal: Proposal) -> Iterator[Finding]:
    """第一条: a platform that is not on the list is named."""
    if proposal.platform is Platform.OTHER and is_blank(proposal.other_platform):
        rule = "群组类型为“其他”时须写明平台。"
        yield refuse("第一条", "other_platform", rule, "请在“其他类型”中填写平台名称。")


def number_findings(proposal: Proposal) -> Iterator[Finding]:
    """第八条, and the annex's 群名及群号: a QQ group that exists is filed with its number."""
    number = normalize_number(proposal.number)
    if len(number) > MAX_NUMBER_LENGTH:
        rule = f"备案登记表所填群号最多{MAX_NUMBER_LENGTH}个字。"
        yield refuse("第八条", "number", rule, "请只填写群号本身。")
    elif proposal.platform is Platform.QQ:
        yield from _qq_number_findings(proposal.kind, number)


def owner_account_findings(proposal: Proposal) -> Iterator[Finding]:
    """第八条, and the annex's 群名及群号: a WeChat group has no number, and is known by its owner and its opening."""
    exists = proposal.platform is Platform.WECHAT and proposal.kind is FilingKind.RETROACTIVE
    if exists and is_blank(proposal.owner_account):
        rule = "微信群没有群号，靠群主微信名、开通时间和群截图辨认。"
        yield warn("第八条", "owner_account", rule, "请填写群主微信名，核对实际开通时间，并附上群截图。")


def _qq_number_findings(kind: FilingKind, number: str) -> Iterator[Finding]:
    if number and not _QQ_NUMBER.fullmatch(number):
        yield refuse("第八条", "number", "备案登记表所填QQ群号应为5至11位数字。", "请核对后重新填写群号。")
    elif not number and kind is FilingKind.RETROACTIVE:
        rule = "补办备案的QQ群须在备案登记表填写群号。"
        yield refuse("第八条", "number", rule, "请填写5至11位数字的群号。")


def size_findings(proposal: Proposal, limit: int) -> Iterator[Finding]:
    """第十条: a group above the limit gives its reason, and those who decide see it."""
    count = proposal.member_count
    if count is None or count <= limit:
        return
    reason = f"“超过{limit}人的原因和必要性”"
    if is_blank(proposal.size_reason):
        rule = f"群人数为{count}人，超过{limit}人须注明原因和必要性。"
        yield refuse("第十条", "member_count", rule, f"请填写{reason}，或将群人数控制在{limit}人以内。")
        missing = f"群人数超过{limit}人，尚未注明原因和必要性。"
        yield refuse("第十条", "size_reason", missing, f"请填写{reason}。")
    else:
        rule = f"群人数为{count}人，原则上应控制在{limit}人以内。"
        yield warn("第十条", "member_count", rule, "审核和备案时会看到所填的原因，请确认确有必要。")


def composition_findings(proposal: Proposal) -> Iterator[Finding]:
    """第五条: it is clear who is in the group."""
    if is_blank(proposal.composition):
        remedy = "请填写群里有哪些人，例如：本部门全体教职工。"
        yield refuse("第五条", "composition", "建立群组须明确成员组成。", remedy)


def opening_findings(proposal: Proposal) -> Iterator[Finding]:
    """第八条: a new group opens after it is filed, one filed late has opened already."""
    opened_on, today = proposal.opened_on, proposal.today
    if opened_on is None:
        return
    if proposal.kind is FilingKind.ESTABLISH and opened_on < today:
        remedy = f"已经建立的群请把备案类型改为“{FilingKind.RETROACTIVE.label}”，尚未建立的请改填拟开通时间。"
        yield warn("第八条", "opened_on", "开通时间早于今天，而审批备案前不得运营。", remedy)
    if proposal.kind is FilingKind.RETROACTIVE and opened_on > today:
        remedy = f"请填写实际开通时间；尚未建立的群请把备案类型改为“{FilingKind.ESTABLISH.label}”。"
        yield refuse("第八条", "opened_on", "补办备案的群应已经建立，开通时间不能晚于今天。", remedy)


def ending_findings(proposal: Proposal) -> Iterator[Finding]:
    """第十二条: a group for one piece of work says when that ends, and the end lies ahead."""
    ends_on, opened_on = proposal.ends_on, proposal.opened_on
    if ends_on is None:
        if proposal.is_project:
            rule = "专项工作群在工作结束后应及时解散。"
            yield refuse("第十二条", "ends_on", rule, "请填写预计结束日期。")
    elif ends_on < proposal.today:
        rule = "预计结束日期已过，专项工作结束后群组应及时解散。"
        yield refuse("第十二条", "ends_on", rule, "请填写今天或以后的日期；工作已结束的请解散该群。")
    elif opened_on is not None and ends_on < opened_on:
        rule = "预计结束日期早于开通时间。"
        yield refuse("第十二条", "ends_on", rule, "请填写开通时间当天或以后的日期。")
