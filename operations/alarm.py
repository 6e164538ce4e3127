"""The alarm: the platform lets nothing of this app in, so that messages wait or fail until somebody mends a setting."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, case, exists, func, literal, select

from extensions import db
from messaging.platforms.wecom_codes import NO_TOKEN, reason, remedy
from messaging.platforms.wecom_transport import NOT_TRUSTED
from models import UNDER_WAY, Message, MessageState, Urgency

#: A refusal of our address is believed so long, if nothing was tried since.
LATELY = timedelta(days=1)


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
        return remedy(self.errcode)


def find_alarm(now: datetime) -> Alarm | None:
    """What stops messages at this moment. One statement.

    A message that is due and waits for the secret says so until it has left. Our address is refused while nothing was
    taken after the last message that failed of it.
    """
    due = (Message.state.in_(UNDER_WAY), Message.run_at <= now)
    secret = select(func.min(Message.errcode)).where(*due, Message.errcode.in_(NO_TOKEN)).scalar_subquery()
    last_taken = select(func.max(Message.sent_at)).scalar_subquery()
    untrusted = exists().where(
        Message.state.in_((MessageState.FAILED, MessageState.PENDING)),
        Message.errcode == NOT_TRUSTED,
        # Any; with it an index finds those of the last day, however many failed before.
        Message.urgency.in_(list(Urgency)),
        Message.tried_at > func.coalesce(last_taken, now - LATELY),
        Message.tried_at > now - LATELY,
    )
    refused = func.coalesce(secret, case((untrusted, literal(NOT_TRUSTED)), else_=None))
    errcode = db.session.scalar(select(refused.cast(Integer)))
    return None if errcode is None else Alarm(errcode)
