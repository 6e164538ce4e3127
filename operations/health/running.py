"""What runs: messages on their way, the worker, the directory's copying, the addresses that the platform calls."""

from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from extensions import db
from messaging.cards import moment
from messaging.platforms.wecom_codes import reason_of
from messaging.worker import ALIVE
from models import (
    UNDER_WAY,
    DirectorySync,
    Message,
    Person,
    SyncState,
    WorkerHeartbeat,
)
from operations.alarm import find_alarm
from operations.clock import college_today
from operations.doctor import CONTACTS_RECEIVER, RECEIVER
from operations.health.report import MOST_NAMED, Check, Level, Place, Row, Way, found
from operations.hearing import WECOM_CALLBACK, WECOM_CONTACTS
from operations.resending import to_the_point

#: Messages leave within seconds: one that is due for so long is stuck.
STUCK_AFTER = timedelta(minutes=5)
#: A nightly copying that is older was missed.
SYNC_EVERY = timedelta(hours=36)
#: An address that was called before and has been silent for so long may be cut off.
QUIET_AFTER = timedelta(days=30)
WAITING = Way(Place.MESSAGES, "查看", {"show": "waiting"})
ALL_MESSAGES = Way(Place.MESSAGES, "查看全部")


def failed_messages() -> Check:
    """Messages that the platform refused for good and that somebody still needs."""
    query = (
        select(Message.id, Message.card["title"].as_string(), Message.error, Person.name, func.count().over())
        .join(Person, Person.id == Message.recipient_id)
        .where(*to_the_point())
        .order_by(Message.id.desc())
        .limit(MOST_NAMED)
    )
    rows = db.session.execute(query).all()
    return found(
        "未能送达的消息",
        Level.FAULT,
        "先排除原因，再重发。",
        (
            Row(
                f"发给{name}的“{title}”",
                f"messages {message_id}",
                _resend(message_id),
                reason_of(error),
                names_people=True,
            )
            for message_id, title, error, name, _ in rows
        ),
        count=rows[0][4] if rows else 0,
        way=ALL_MESSAGES,
    )


def _resend(message_id: int) -> Way:
    return Way(Place.RESEND, "重发", {"message_id": message_id})


def waiting_messages(now: datetime) -> Check:
    """Messages that have been due for minutes, or that the platform refused and that are tried again."""
    retried = func.sum(case((Message.error != "", 1), else_=0))
    query = select(
        func.count(), func.min(Message.run_at), func.min(Message.created_at), retried, func.max(Message.error)
    )
    count, due, oldest, retries, error = db.session.execute(query.where(Message.state.in_(UNDER_WAY))).one()
    said = f"{count}条消息待发送，最早的一条写于{_moment(oldest, now)}。" if count else "没有消息在等待发送。"
    if due is not None and now - due > STUCK_AFTER:
        return Check("待发送的消息", Level.FAULT, f"{said}消息没有按时发出，请检查后台进程。", count, way=WAITING)
    if retries:
        return Check(
            "待发送的消息", Level.CARE, f"{said}其中{retries}条正在重试：{reason_of(error)}。", retries, way=WAITING
        )
    return Check("待发送的消息", Level.FINE, said, count)


def sending(now: datetime) -> Check:
    """Whether the platform takes our messages at all."""
    alarm = find_alarm(now)
    return Check("发送", Level.FAULT, f"{alarm.said}{alarm.remedy}", 1) if alarm else Check("发送", Level.FINE, "")


def worker(now: datetime) -> Check:
    """Whether a worker gave a sign of life lately."""
    beat_at = db.session.scalar(select(func.max(WorkerHeartbeat.beat_at)))
    if beat_at is not None and now - beat_at <= ALIVE:
        return Check("后台进程", Level.FINE, "后台进程在运行。")
    last = f"最后一次响应是{_moment(beat_at, now)}" if beat_at else "从未响应"
    remedy = "请在服务器上启动：flask --app app run-worker。"
    return Check("后台进程", Level.FAULT, f"后台进程没有运行（{last}），消息不会发出。{remedy}", 1)


def last_sync(now: datetime) -> Check:
    """What came of the last copying of the directory."""
    ended = DirectorySync.state.in_((SyncState.DONE, SyncState.FAILED))
    sync = db.session.scalars(select(DirectorySync).where(ended).order_by(DirectorySync.id.desc()).limit(1)).first()
    way = Way(Place.DIRECTORY, "同步通讯录")
    if sync is None:
        return Check("通讯录同步", Level.FAULT, "还没有同步过通讯录。", 1, way=way)
    at = sync.finished_at or sync.created_at
    if sync.state is SyncState.FAILED:
        return Check("通讯录同步", Level.FAULT, f"上次同步（{_moment(at, now)}）未完成：{sync.problem}", 1, way=way)
    if now - at > SYNC_EVERY:
        return Check("通讯录同步", Level.CARE, f"上次同步是{_moment(at, now)}，之后的夜间同步没有进行。", 1, way=way)
    return Check("通讯录同步", Level.FINE, f"上次同步：{_moment(at, now)}。", way=way)


def app_address(heard: dict[str, datetime], now: datetime) -> Check:
    """Whether the platform calls the address that taps arrive at."""
    never = f"还没有收到过企业微信的消息，卡片上的“同意”不会生效。请在{RECEIVER}填写并保存。"
    silent = f"请按一次消息卡片上的按钮；仍收不到时，请用“检测平台设置”检查回调地址，并在{RECEIVER}重新保存。"
    what = ("接收消息", "企业微信的消息", Level.CARE)
    return _address(what, heard.get(WECOM_CALLBACK), now, never=never, silent=silent)


def contacts_address(heard: dict[str, datetime], now: datetime) -> Check:
    """Whether the platform tells of changes in the directory; without that, the nightly copying finds them."""
    never = f"还没有收到过通讯录变更，人员变动要等夜间同步才会更新。请在{CONTACTS_RECEIVER}填写并保存。"
    silent = (
        f"其间如有人员变动，请用“检测平台设置”检查通讯录回调地址，并在{CONTACTS_RECEIVER}重新保存；"
        "在此之前，人员变动要等夜间同步才会更新。"
    )
    return _address(
        ("通讯录变更", "通讯录变更", Level.HINT), heard.get(WECOM_CONTACTS), now, never=never, silent=silent
    )


def _address(what: tuple[str, str, Level], at: datetime | None, now: datetime, *, never: str, silent: str) -> Check:
    """One of our addresses: `what` are its title, what it hears, and how grave its silence is."""
    title, said, level = what
    if at is None:
        return Check(title, level, never, 1)
    if now - at > QUIET_AFTER:
        since = f"已{(now - at).days}天没有收到{said}，最近一次：{_moment(at, now)}。"
        return Check(title, level, since + silent, 1)
    return Check(title, Level.FINE, f"最近一次收到{said}：{_moment(at, now)}。")


def _moment(at: datetime, now: datetime) -> str:
    """The moment as cards have it, with its year where that is not this one."""
    year = college_today(at).year
    return moment(at) if year == college_today(now).year else f"{year}-{moment(at)}"
