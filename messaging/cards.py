"""What each message says, in our words, once. The platforms' modules turn a card into what they speak."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from models import (
    ChangeKind,
    Commitment,
    ContactRole,
    Department,
    DepartmentChange,
    Filing,
    Group,
    Handover,
    HandoverItem,
    Opinion,
    Outcome,
    Step,
)
from models.filings import Decision

COLLEGE_TIME = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Card:
    """One message: a title (the group), what it is about, facts in rows, and the page it opens.

    `decides` is true for a card that carries 同意, which acts at once, and 退回修改, which opens the page;
    `takes_over` for one that carries 确认接任, which acts at once, and 不接任, which opens the page; `commits` for one
    that carries 确认职责, which acts at once, and 查看, which opens the page; `registers` for one with 办理备案 alone,
    which opens the page.
    `path` is the page's path on our own site.
    """

    title: str
    lead: str
    path: str
    rows: tuple[tuple[str, str], ...] = ()
    text: str = ""
    decides: bool = False
    takes_over: bool = False
    commits: bool = False
    registers: bool = False

    @property
    def asks(self) -> bool:
        """Whether the card carries a button that asks for something, and so has to be closed one day."""
        return self.decides or self.takes_over or self.commits or self.registers

    def stored(self) -> dict[str, Any]:
        """The card as the outbox keeps it; `Card.restored` reads it back."""
        return asdict(self)

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> "Card":
        """The card that `stored` was made from."""
        return cls(**{**stored, "rows": tuple((label, value) for label, value in stored["rows"])})


def moment(at: datetime) -> str:
    """A moment as people read it on a card, in the college's time."""
    return at.astimezone(COLLEGE_TIME).strftime("%m-%d %H:%M")


#: So many names a digest spells out.
MOST_NAMES = 5


def digest(cards: Sequence[Card]) -> Card:
    """One card for several that would reach a person at once; each of them stands in the inbox."""
    return Card(
        title="消息汇总",
        lead=f"您有{len(cards)}条新消息",
        path="/messages",
        text=names_in_short(card.title for card in cards),
    )


def names_in_short(titles: Iterable[str]) -> str:
    """The names among these titles, each once, and no more than fit on a card."""
    names = list(dict.fromkeys(titles))
    return "、".join(names[:MOST_NAMES]) + ("等" if len(names) > MOST_NAMES else "")


def decision_request(filing: Filing, step: Step) -> Card:
    """Asks the holder of the step's post for a decision, with the facts needed for it. No phone number."""
    again = f"（第{step.round}次提交）" if step.round > 1 else ""
    return Card(
        title=filing.group.name,
        lead=f"{filing.kind.label}{again}，请您审核（{step.article}）",
        path=path_of(filing),
        rows=_facts(filing),
        text=_shortened(f"用途：{filing.group.purpose}"),
        decides=True,
    )


def registration_request(filing: Filing) -> Card:
    """Asks a registrar for the 备案登记 of an approved filing."""
    return Card(
        title=filing.group.name,
        lead="审核通过，请办理备案",
        path=path_of(filing),
        rows=_facts(filing),
        registers=True,
    )


def handed_on(card: Card, giver: str, text: str) -> Card:
    """The request as whoever a step was passed on to (转办) gets it: by whom, and what they were told.

    One row more and no other: WeCom takes six, and the reason of a large group must be among them (第十条).
    """
    told = f"{_shortened(f'说明：{text}', 80).rstrip('。')}。"
    return replace(card, rows=(("转办人", giver), *card.rows), text=_shortened(told + card.text))


def vacancy(filing: Filing, step: Step) -> Card:
    """Tells an administrator that nobody holds the post whose turn it is."""
    return Card(
        title=filing.group.name,
        lead="岗位空缺，备案无人审核",
        path=path_of(filing),
        rows=(("空缺岗位", step.post_label), ("备案部门", filing.department_name)),
        text="请尽快任命该岗位。任命后系统会自动通知新的审核人。",
    )


def progress(filing: Filing, decision: Decision) -> Card:
    """Tells the applicant that one post agreed and who is next, or that only the registration is left."""
    last = filing.pending_step is not None and filing.pending_step.is_registration
    return Card(
        title=filing.group.name,
        lead="审核通过，尚未备案，不得运营" if last else "审核有进展",
        path=path_of(filing),
        rows=(_decided(decision), ("下一步", filing.pending_step.post_label if filing.pending_step else "")),
    )


def refusal(filing: Filing, decision: Decision) -> Card:
    """Tells that a filing was sent back or refused, with the reason."""
    lead = "备案已退回，请修改后重新提交" if decision.outcome is Outcome.RETURNED else "备案未获同意"
    return Card(
        title=filing.group.name,
        lead=lead,
        path=path_of(filing),
        rows=(_decided(decision),),
        text=_shortened(f"原因：{decision.reason}"),
    )


def nudged(filing: Filing, step: Step) -> Card:
    """Tells whoever has the filing that its applicant asks them to see to it, and since when it waits."""
    since = (("等待自", moment(step.pending_since)),) if step.pending_since else ()
    return Card(
        title=filing.group.name,
        lead=f"申请人催办，请尽快{'办理备案' if step.is_registration else '审核'}",
        path=f"{path_of(filing)}#decide",
        rows=(("申请人", filing.applicant_name), ("备案部门", filing.department_name), *since),
    )


def opinion_asked(filing: Filing, opinion: Opinion) -> Card:
    """Asks somebody for their opinion on a filing; it decides nothing, so there is no button."""
    return Card(
        title=filing.group.name,
        lead=f"{opinion.asked_by_name}征求您的意见",
        path=f"{path_of(filing)}#opinion",
        rows=(("备案部门", filing.department_name), ("申请人", filing.applicant_name)),
        text=_shortened(f"问题：{opinion.question}"),
    )


def opinion_given(filing: Filing, opinion: Opinion) -> Card:
    """Tells the asker, and whoever has the filing now, what somebody thinks of it."""
    return Card(
        title=filing.group.name,
        lead=f"{opinion.adviser_name}已答复意见",
        path=f"{path_of(filing)}#decide",
        rows=(("提问人", opinion.asked_by_name),),
        text=_shortened(f"意见：{opinion.answer}"),
    )


def withdrawn(filing: Filing) -> Card:
    """Tells a registrar who was asked that the applicant took the filing back."""
    return Card(title=filing.group.name, lead="申请人已撤回备案，无需办理", path=path_of(filing))


def passed_on(filing: Filing, name: str) -> Card:
    """Tells a registrar who was asked that somebody else was given the registration alone (转办)."""
    return Card(title=filing.group.name, lead=f"备案登记已转由{name}办理，您不用再处理", path="/")


def registered(filing: Filing) -> Card:
    """Tells those concerned that the group is registered, with its number."""
    return Card(
        title=filing.group.name,
        lead="已办理备案，请建群后补报" if filing.group.number_due_on else "已办理备案，可以运营",
        path=path_of(filing),
        rows=(
            ("备案编号", filing.group.registration_number or ""),
            ("备案部门", filing.department_name),
            *_still_owed(filing.group),
        ),
        text="群成员请实名入群，群昵称改为“实名+部门”（第九条）。",
    )


def _still_owed(group: Group) -> Iterator[tuple[str, str]]:
    """What the group is registered without, and until when it is waited for."""
    if group.number_due_on is not None:
        yield ("待建群", f"{group.number_due_on}前建好并补报")
    if group.rename_due_on is not None:
        yield ("须改名", f"{group.rename_due_on}前改名（第九条）")


def shared_group_registered(filing: Filing) -> Card:
    """Tells the head of a 参与单位 that a group which their unit shares is registered, and who leads it."""
    return Card(
        title=filing.group.name,
        lead="贵单位参与的群组已备案",
        path=path_of(filing),
        rows=(
            ("备案编号", filing.group.registration_number or ""),
            ("牵头单位", filing.department_name),
            ("群组类型", filing.group.platform_label),
        ),
        text="群由牵头单位管理。请提醒本单位成员实名入群，群昵称改为“实名+部门”（第九条）。",
    )


def number_given(filing: Filing, name: str) -> Card:
    """Tells the registry what a group that has been made is known by, and who said so (第十三条)."""
    group = filing.group
    known_by = ("群号", group.number) if group.number else ("群主微信名", group.owner_account)
    return Card(
        title=group.name,
        lead="群已建好，已补报群号和开通时间" if group.number else "群已建好，已补报开通时间",
        path=path_of(filing),
        rows=(
            ("备案编号", group.registration_number or ""),
            known_by,
            ("开通时间", str(group.opened_on or "")),
            ("办理人", name),
        ),
    )


def name_given(filing: Filing, former: str, name: str) -> Card:
    """Tells the registry that a group goes by a new name, by which before, and who said so (第九条, 第十三条)."""
    return Card(
        title=filing.group.name,
        lead="群名已改（第九条）",
        path=path_of(filing),
        rows=(("备案编号", filing.group.registration_number or ""), ("原群名", former), ("办理人", name)),
    )


def given_up(filing: Filing, name: str) -> Card:
    """Tells that a group which was registered will not be made, and who said so."""
    return Card(
        title=filing.group.name,
        lead="已注明不再建群，备案注销",
        path=path_of(filing),
        rows=(("备案编号", filing.group.registration_number or ""), ("办理人", name)),
        text="备案编号不再使用。以后需要建群时，请重新备案。",
    )


#: What happened to a unit, as its head reads it.
CHANGED = {
    ChangeKind.RENAMED: "单位已更名",
    ChangeKind.SHORT_NAME: "单位简称已调整",
    ChangeKind.MERGED: "已有部门并入",
    ChangeKind.SPLIT: "已有群组划入",
}


def names_to_change(unit: Department, change: DepartmentChange, count: int) -> Card:
    """Tells the head of a unit how many of its groups' names no longer fit after a change (第九条)."""
    return Card(
        title=unit.name,
        lead=f"{CHANGED[change.kind]}，{count}个群建议改名",
        path=f"/departments/{unit.id}/names",
        rows=_change(unit, change),
        text="群名应为“单位简称+群名”（第九条）。请打开页面查看改名建议。",
    )


def _change(unit: Department, change: DepartmentChange) -> tuple[tuple[str, str], ...]:
    """Groups that came from another department were not renamed: they have another home."""
    if change.kind is ChangeKind.MERGED:
        return (("原部门", change.old_name), ("已并入", unit.name))
    if change.kind is ChangeKind.SPLIT:
        return (("原部门", change.old_name), ("已划入", unit.name))
    return (("原名称", change.old_name), ("现名称", change.new_name))


def taken_over(filing: Filing) -> Card:
    """Tells who filed it that the department's head goes on with it: it is theirs to see no longer."""
    return Card(
        title=filing.group.name,
        lead=f"备案已由{filing.applicant_name}接办，您不用再处理",
        path="/",
        rows=(("备案部门", filing.department_name),),
    )


def to_hand_over(handover: Handover, groups: Sequence[str]) -> Card:
    """Tells a department's head what somebody who left still answers for: one task for all of it."""
    return Card(
        title=f"{handover.department.name}群组移交",
        lead=f"{handover.person_name}已离职，{len(groups)} 个群组责任人缺位，请办理移交",
        path=path_of_handover(handover.id),
        text=_shortened(f"群组：{'、'.join(groups)}"),
    )


#: Whoever becomes 群主 or 管理员 confirms by that what 第六条 and 第七条 ask of them; 第一责任人 has other duties.
TAKES_DUTIES = "。确认接任，即确认知悉并履行职责（第六条、第七条）。"
RESPONSIBLE = ContactRole.RESPONSIBLE.label


def take_over_request(handover: Handover, roles: Sequence[tuple[str, str]], asker: str) -> Card:
    """Asks somebody to take over these roles, each given with its group's name."""
    groups = list(dict.fromkeys(group for group, _ in roles))
    held = list(dict.fromkeys(role for _, role in roles))
    return Card(
        title=groups[0] if len(groups) == 1 else f"{handover.department.name}群组移交",
        lead=f"请您接任{handover.person_name}的{len(groups)}个群组",
        path=path_of_handover(handover.id),
        rows=(
            ("部门", handover.department.name),
            ("提出人", asker),
            ("担任", "、".join(held)),
        ),
        text=_shortened(f"群组：{'、'.join(groups)}", 110) + ("" if set(held) <= {RESPONSIBLE} else TAKES_DUTIES),
        takes_over=True,
    )


def handed_over(handover: Handover, items: Sequence[HandoverItem], left: int) -> Card:
    """Tells that somebody confirmed what they were asked to take over (第十三条), and what is still open."""
    names = list(dict.fromkeys(item.group.name for item in items))
    return Card(
        title=names[0] if len(names) == 1 else f"{handover.department.name}群组移交",
        lead=f"{items[0].successor_name}已确认接任{len(names)}个群组",
        path=path_of_handover(handover.id),
        rows=(
            ("部门", handover.department.name),
            ("原责任人", handover.person_name),
            ("接任人", items[0].successor_name),
            ("未移交", f"{left}项" if left else "无"),
        ),
        text=_shortened(f"群组：{'、'.join(names)}"),
    )


def filings_to_take_over(name: str, number: int) -> Card:
    """Tells a department's head that filings of somebody who left wait for somebody to go on with them."""
    return Card(
        title="备案接办",
        lead=f"{name}已离职，{number}份办理中的备案待接办",
        path="/handovers",
        text="请打开后逐份查看，由您接办。",
    )


def leaver_is_back(handover: Handover) -> Card:
    """Tells a department's head that there is nothing to hand over any more: whoever had left is here again."""
    return Card(
        title=f"{handover.department.name}群组移交",
        lead=f"{handover.person_name}已返岗，移交已取消",
        path=path_of_handover(handover.id),
        text="还没有人接任的群组仍由本人负责，已经移交的不变。",
    )


def not_taken_over(handover: Handover, items: Sequence[HandoverItem], why: str) -> Card:
    """Tells the head that somebody will not take over what they were asked to."""
    names = list(dict.fromkeys(item.group.name for item in items))
    return Card(
        title=names[0] if len(names) == 1 else f"{handover.department.name}群组移交",
        lead=f"{items[0].successor_name}{why}，请另选接任人",
        path=path_of_handover(handover.id),
        rows=(("部门", handover.department.name), ("原责任人", handover.person_name)),
        text=_shortened(f"群组：{'、'.join(names)}"),
    )


def particulars_wanted(handover: Handover, items: Sequence[HandoverItem]) -> Card:
    """Asks somebody who has just taken groups over for the mobile that the annex asks for (备案登记表)."""
    names = list(dict.fromkeys(item.group.name for item in items))
    return Card(
        title=names[0] if len(names) == 1 else f"{handover.department.name}群组移交",
        lead="您已接任，请到“我的信息”填写手机",
        path=path_of_handover(handover.id),
        text=_shortened(f"群组：{'、'.join(names)}"),
    )


def commitment_request(filing: Filing, roles: Sequence[str]) -> Card:
    """Asks 群主 and 管理员 whether they know their duties (第六条, 第七条), naming the group and who filed it."""
    named = "、".join(roles)
    return Card(
        title=filing.group.name,
        lead=f"请确认{named}职责（第六条、第七条）",
        path=path_of(filing),
        rows=(("备案部门", filing.department_name), ("申请人", filing.applicant_name), ("担任", named)),
        text="“查看”里有职责全文。点“确认职责”，表示您已知悉，并愿意担任和履行。",
        commits=True,
    )


def delegation_given(post: str, holder: str, delegate: str, days: tuple[date, date]) -> Card:
    """Tells somebody that they act in a post for its holder, and from when until when."""
    return Card(
        title=post,
        lead=f"{holder}委托{delegate}代为办理",
        path=DELEGATIONS,
        rows=(("期限", f"{days[0]} 至 {days[1]}"),),
        text="期间需要这个岗位审核的备案会发给受托人，记录为代委托人办理。到期自动结束。",
    )


def delegation_ended(post: str, holder: str, delegate: str, days: tuple[date, date]) -> Card:
    """Tells both sides that a delegation ended before its time."""
    return Card(
        title=post,
        lead=f"{holder}对{delegate}的委托已结束",
        path=DELEGATIONS,
        rows=(("原定期限", f"{days[0]} 至 {days[1]}"),),
        text="今后需要这个岗位审核的备案不再发给原受托人。",
    )


def closing_text(decision: Decision) -> str:
    """What a spent card reads: the outcome, who decided and when; or why nobody had to."""
    if decision.by_rule:
        return f"{decision.reason}，已转下一步 · {moment(decision.decided_at)}"
    return f"{decision.label} · {decision.who} · {moment(decision.decided_at)}"


def withdrawal_text(at: datetime) -> str:
    """What a spent card reads when the applicant took the filing back."""
    return f"申请人已撤回 · {moment(at)}"


#: What a card reads that was tapped when there was nothing to decide any more, or by somebody who may not.
TAPPED_AFTER_WITHDRAWAL = "申请人已撤回，无需处理"
TAPPED_BY_ANOTHER = "您不是当前审核人，未作处理"
#: What a card reads whose holder gave the post up before they decided.
PASSED_ON = "已转由现任审核人办理"


def passed_on_to(name: str) -> str:
    """What the card reads of whoever had a step that was passed on (转办)."""
    return f"已转由{name}办理"


#: The page of whoever delegates, or acts for somebody.
DELEGATIONS = "/delegations"


def answered_text(item: HandoverItem) -> str:
    """What the card reads of somebody who said whether they take over."""
    at = item.confirmed_at or item.declined_at
    assert at is not None  # noqa: S101 - asked of an answered one only
    return f"{'已确认接任' if item.confirmed_at else '不接任'} · {item.successor_name} · {moment(at)}"


def returned_text(name: str) -> str:
    """What the card reads when whoever had left is back."""
    return f"{name}已返岗，无需接任"


def committed_text(commitment: Commitment) -> str:
    """What the card reads of somebody who confirmed their duties."""
    assert commitment.confirmed_at is not None  # noqa: S101 - asked of a confirmed one only
    return f"已确认职责 · {commitment.person_name} · {moment(commitment.confirmed_at)}"


#: What a card reads that asked somebody to confirm duties which nobody has any more.
NO_LONGER_NAMED = "您已不是群主或管理员，无需确认"
WITHDRAWN = "申请人已撤回，无需确认"
REJECTED = "备案未获同意，无需确认"
DISSOLVED = "群组已解散，无需确认"
TAPPED_BY_NOBODY_NAMED = "这张卡片不是发给您的，未作处理"


#: What a card reads that asked for a takeover which was given to somebody else, or asked for again with more groups.
REASSIGNED = "移交安排已变更，未作处理"
ASKED_ANEW = "已更新，请看新的消息"
TAPPED_BY_NO_SUCCESSOR = "您不是接任人，未作处理"


def path_of_handover(handover_id: int) -> str:
    """The handover's page."""
    return f"/handovers/{handover_id}"


def path_of(filing: Filing) -> str:
    """The filing's page."""
    return f"/filings/{filing.id}"


def _facts(filing: Filing) -> tuple[tuple[str, str], ...]:
    group = filing.group
    # In one row with the unit that leads: WeCom takes six rows, and the reason of a large group must be among them.
    partners = f"（{'、'.join(partner.name for partner in group.partners)}参与）" if group.partners else ""
    return (
        ("备案部门", filing.department_name + partners),
        ("群组类型", group.platform_label),
        ("群人数", f"{group.member_count}人"),
        ("申请人", filing.applicant_name),
        *((("超员原因", group.size_reason),) if group.size_reason else ()),
    )


def _decided(decision: Decision) -> tuple[str, str]:
    return (decision.label, f"{decision.who} {moment(decision.decided_at)}")


def _shortened(text: str, longest: int = 150) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
