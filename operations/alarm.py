"""The alarm: the platform lets nothing of this app in, so that messages wait or fail until somebody mends a setting."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, case, exists, func, literal, select

from extensions import db
from messaging.platforms.wecom_codes import reason
from messaging.platforms.wecom_transport import NOT_TRUSTED, SECRET_REFUSED
from models import Message, MessageState
from operations.doctor import CONSOLE, REMEDIES, TRUSTED_IP

#: A refusal of our address is believed so long, if nothing was tried since.
LATELY = timedelta(days=1)
ADDRESS_REMEDY = f"请把服务器的出口IP加入{TRUSTED_IP}，再重发没有送达的消息。"
OTHER_REMEDY = f"请在{CONSOLE}核对企业ID和 Secret，改好设置后重启服务。"


@dataclass(frozen=True)
class Alarm:
    """What the platform refuses, by its code: the app's secret, or the address that we call from."""

    errcode: int

    @property
    def said(self) -> str:
        """What is wrong, and what it means."""
        if self.errcode == NOT_TRUSTED:
            return f"企业微信不接受本服务器的请求，消息没有送达：{reason(self.errcode)}。"
        return f"企业微信拒绝了应用的凭证，消息已停止发送：{reason(self.errcode)}。"

    @property
    def remedy(self) -> str:
        """What to do about it, and where."""
        return ADDRESS_REMEDY if self.errcode == NOT_TRUSTED else REMEDIES.get(self.errcode, OTHER_REMEDY)


def find_alarm(now: datetime) -> Alarm | None:
    """What stops messages at this moment. One statement.

    A message that is due and waits for the secret says so until it has left. Our address is refused while nothing was
    taken after the last message that failed of it.
    """
    due = (Message.state == MessageState.PENDING, Message.run_at <= now)
    secret = select(func.min(Message.errcode)).where(*due, Message.errcode.in_(SECRET_REFUSED)).scalar_subquery()
    last_taken = select(func.max(Message.sent_at)).scalar_subquery()
    untrusted = exists().where(
        Message.state.in_((MessageState.FAILED, MessageState.PENDING)),
        Message.errcode == NOT_TRUSTED,
        Message.tried_at > func.coalesce(last_taken, now - LATELY),
        Message.tried_at > now - LATELY,
    )
    refused = func.coalesce(secret, case((untrusted, literal(NOT_TRUSTED)), else_=None))
    errcode = db.session.scalar(select(refused.cast(Integer)))
    return None if errcode is None else Alarm(errcode)
