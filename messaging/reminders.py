"""What people are reminded of, in our words: one card for one thing, and one digest for several."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from messaging.cards import Card, moment, names_in_short, path_of
from models import Commitment, Filing, Opinion, Step

#: So many reasons of failures are named: a card takes six rows.
MOST_REASONS = 5
HOME, APPROVALS = "/", "/approvals"


@dataclass(frozen=True)
class Notice:
    """One thing that somebody is reminded of: its own card, and in a digest the word that it is counted under.

    `is_task` is true for what waits for the person on 待我办理; `step_id` is the step with which it is over.
    """

    card: Card
    word: str
    is_task: bool = False
    step_id: int | None = None


def card_of(notices: Sequence[Notice]) -> Card:
    """The one card that a person gets for all of these."""
    if len(notices) == 1:
        return notices[0].card
    words = list(dict.fromkeys(notice.word for notice in notices))
    return Card(
        title="提醒汇总",
        lead=f"您有{len(notices)}项待办提醒",
        path=APPROVALS if any(notice.is_task for notice in notices) else HOME,
        rows=tuple((word, f"{sum(notice.word == word for notice in notices)}项") for word in words),
        text=names_in_short(notice.card.title for notice in notices),
    )


def steps_of(notices: Sequence[Notice]) -> list[int]:
    """The steps with which all of these are over; none where one of them is about something else."""
    steps = {notice.step_id for notice in notices}
    return [] if None in steps else sorted(step_id for step_id in steps if step_id is not None)


def step_waits(filing: Filing, step: Step, days: int) -> Notice:
    """Reminds whoever is asked that a step waits for them."""
    lead = f"已等待{_days(days)}，请尽快{_act(step)}"
    card = Card(filing.group.name, lead, f"{path_of(filing)}#decide", rows=_facts(filing, step))
    return Notice(card, _word(step), is_task=True, step_id=step.id)


def post_is_vacant(filing: Filing, step: Step, days: int) -> Notice:
    """Reminds those who stand in for an empty post that somebody has to be appointed."""
    card = Card(
        filing.group.name,
        f"岗位空缺，备案已等待{_days(days)}",
        path_of(filing),
        rows=(("空缺岗位", step.post_label), *_facts(filing, step)),
        text="请尽快任命该岗位。任命后系统会自动通知新的审核人。",
    )
    return Notice(card, "岗位空缺", step_id=step.id)


def escalated(filing: Filing, step: Step, days: int, asked: Sequence[str]) -> Notice:
    """Tells whoever is above a post what waits there: they see to it that it is done, and decide nothing."""
    card = Card(
        filing.group.name,
        f"已等待{_days(days)}，请督促{_act(step)}",
        path_of(filing),
        rows=(("岗位", step.post_label), ("等待", "、".join(asked)), *_facts(filing, step)),
        text="这份备案不需要您审核，请督促办理；岗位空缺或本人不能办理的，请安排他人。",
    )
    return Notice(card, "超时上报", step_id=step.id)


def step_was_escalated(filing: Filing, step: Step, days: int, above: Sequence[str]) -> Notice:
    """Tells whoever is asked that their step was reported, and to whom."""
    lead = f"已等待{_days(days)}，已上报{'、'.join(above)}"
    card = Card(filing.group.name, lead, f"{path_of(filing)}#decide", rows=_facts(filing, step))
    return Notice(card, _word(step), is_task=True, step_id=step.id)


def your_filing_was_escalated(filing: Filing, step: Step, days: int, above: Sequence[str]) -> Notice:
    """Tells the applicant that their filing was reported as overdue, and to whom."""
    card = Card(
        filing.group.name,
        f"备案已等待{_days(days)}，已上报{'、'.join(above)}",
        path_of(filing),
        rows=(("等待", step.post_label), *_since(step)),
    )
    return Notice(card, "我的备案", step_id=step.id)


def duties_wait(commitment: Commitment, name: str) -> Notice:
    """Reminds 群主 or 管理员 of a group that they have not confirmed their duties (第六条, 第七条)."""
    card = Card(
        name,
        "您还没有确认群主、管理员职责（第六条、第七条）",
        f"/filings/{commitment.filing_id}#duties",
        rows=(("等待自", moment(commitment.asked_at)),),
    )
    return Notice(card, "确认职责")


def opinion_waits(filing: Filing, opinion: Opinion) -> Notice:
    """Reminds somebody whose opinion was asked for that it is waited for."""
    card = Card(
        filing.group.name,
        f"{opinion.asked_by_name}在等您的意见",
        f"{path_of(filing)}#opinion",
        rows=(("备案部门", filing.department_name), ("等待自", moment(opinion.asked_at))),
    )
    return Notice(card, "征求意见", is_task=True, step_id=opinion.step_id)


def messages_failed(reasons: Sequence[tuple[str, int]]) -> Card:
    """Tells an administrator how many messages did not arrive, and the main reasons with how many of each."""
    total, named = sum(number for _, number in reasons), reasons[:MOST_REASONS]
    others = total - sum(number for _, number in named)
    rows = tuple((f"{number}条", why) for why, number in named)
    return Card(
        "消息未送达汇总",
        f"有{total}条消息没有送达",
        "/administration/messages",
        rows=(*rows, (f"{others}条", "其他原因")) if others else rows,
        text="请先排除原因，再重发。",
    )


def number_is_owed(group_id: int, name: str, by: date, *, late: bool) -> Notice:
    """Reminds those who answer for a group that what it is known by is still to be given (待建群)."""
    lead = "建群已过期，还需要这个群吗？" if late else "请在期限前建好群并补报"
    return Notice(_of_group(group_id, name, by, lead), "待建群")


def name_is_owed(group_id: int, name: str, by: date, *, late: bool) -> Notice:
    """Reminds those who answer for a group that it has still to be renamed (第九条)."""
    lead = "改名已过期，请改名并填写新群名（第九条）" if late else "请在期限前改名并填写新群名（第九条）"
    return Notice(_of_group(group_id, name, by, lead), "须改名")


def _of_group(group_id: int, name: str, by: date, lead: str) -> Card:
    return Card(name, lead, f"/groups/{group_id}", rows=(("期限", str(by)),))


def _facts(filing: Filing, step: Step) -> tuple[tuple[str, str], ...]:
    return (("备案部门", filing.department_name), ("申请人", filing.applicant_name), *_since(step))


def _since(step: Step) -> tuple[tuple[str, str], ...]:
    return (("等待自", moment(step.asked_since)),) if step.asked_since else ()


def _days(days: int) -> str:
    return f"{days}个工作日"


def _act(step: Step) -> str:
    return "办理备案" if step.is_registration else "审核"


def _word(step: Step) -> str:
    return "待备案" if step.is_registration else "待审核"
