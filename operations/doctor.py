"""The platform's settings, tried one by one: what is wrong with each, and where in WeCom's console it is mended."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import func, select

from config import Receiver, Settings
from extensions import db
from messaging import sharing
from messaging.platforms.errors import PlatformError, PlatformRefused
from messaging.platforms.wecom import AppFacts, WeComClient, wecom_client
from messaging.platforms.wecom_app import Reply, Trouble, ask, ask_for_echo
from messaging.platforms.wecom_codes import CONSOLE, NO_NETWORK, RANGE, RECEIVER, TRUSTED_IP, reason, remedy
from messaging.platforms.wecom_transport import NOT_TRUSTED
from models import Department, Membership, Person, utc_now
from operations.health.report import Level
from operations.keys import count_unreadable

#: Seconds after which no further trial is begun; the one under way ends within seconds too.
LONGEST_ROUND = 30.0
#: WeCom's signatures hold for five minutes, and so do ours.
MOST_SKEW = 60.0
NO_RIGHT = 60011

CONTACTS_RECEIVER = "管理后台 › 管理工具 › 通讯录同步 › 接收事件服务器"
DOMAIN = f"{CONSOLE} › 网页授权及JS-SDK › 可信域名"
CHAIN = SECRET_NAME, IP_NAME, APP_NAME, RANGE_NAME = "凭证", "企业可信IP", "应用", "可见范围"
CLOCK_NAME, KEY_NAME = "时钟", "加密密钥"

HAIRPIN = "如果本服务器的网络不能访问自己的公网地址，请以管理后台保存时的检查结果为准。"


@dataclass(frozen=True)
class Trial:
    """One setting that was tried: what came of it and, where it is wrong, what to do in the console."""

    name: str
    level: Level
    said: str
    remedy: str = ""
    was_tried: bool = True

    @property
    def is_fault(self) -> bool:
        """Whether something does not work."""
        return self.level is Level.FAULT

    @property
    def word(self) -> str:
        """The outcome in a word."""
        return self.level.label if self.was_tried else "未检测"


class Address(NamedTuple):
    """One of our addresses that the platform calls, and what it signs and encrypts by."""

    name: str
    path: str
    receiver: Receiver
    console: str
    settings: str


def examine_platform() -> list[Trial]:
    """Try every setting, one after the other whatever became of the one before. Waits for the network.

    Needs an app context and no unit of work. Raises nothing of the platform's.
    """
    sharing.let_go()
    settings: Settings = current_app.config["SETTINGS"]
    begun = time.monotonic()
    trials = _try_app(wecom_client(), settings)
    for name, attempt in _further(wecom_client(), settings):
        late = time.monotonic() - begun > LONGEST_ROUND
        trials.append(_untried(name, "前面的检测等待太久，没有检测这一项。") if late else attempt())
    return [*trials, _try_keys()]


def _further(client: WeComClient, settings: Settings) -> Iterator[tuple[str, Callable[[], Trial]]]:
    """What can be tried whether the app is let in or not."""
    for address in _addresses(settings):
        yield address.name, partial(_try_address, settings, address)
    if not settings.domain_verification:
        yield "域名验证文件", _no_files
    for name, content in settings.domain_verification.items():
        yield name, partial(_try_file, settings, name, content)
    yield CLOCK_NAME, partial(_try_clock, client)


def _addresses(settings: Settings) -> list[Address]:
    """The addresses that the platform calls, as far as they are set up."""
    app, contacts = settings.wecom.receiver, settings.wecom.contact_receiver
    keys = "WECOM_CALLBACK_TOKEN、WECOM_CALLBACK_AES_KEY"
    addresses = [Address("回调地址", "/callbacks/wecom", app, RECEIVER, keys)]
    if contacts is not None:
        keys = "WECOM_CONTACT_CALLBACK_TOKEN、WECOM_CONTACT_CALLBACK_AES_KEY"
        addresses.append(Address("通讯录回调地址", "/callbacks/wecom/contacts", contacts, CONTACTS_RECEIVER, keys))
    return addresses


def _try_app(client: WeComClient, settings: Settings) -> list[Trial]:
    """凭证, 企业可信IP, 应用 and 可见范围: each can only be tried once the one before is in order."""
    passed: dict[str, Trial] = {}
    try:
        client.try_secret()
        passed[SECRET_NAME] = _fine(SECRET_NAME, "企业ID和 Secret 正确。")
        app = client.app()
        passed[IP_NAME] = _fine(IP_NAME, "企业微信接受本服务器的请求。")
        passed[APP_NAME] = _judge_app(app, settings)
        passed[RANGE_NAME] = _try_range(client, app)
    except PlatformError as error:
        stopped = _stopped(APP_NAME if passed else SECRET_NAME, error)
        passed[stopped.name] = stopped
    return [passed.get(name) or _untried(name, "先处理其他问题，再检测这一项。") for name in CHAIN]


def _stopped(name: str, error: PlatformError) -> Trial:
    """What became of the trial at which the platform said no; of any, where it does not take calls from our address."""
    if isinstance(error, PlatformRefused) and error.errcode == NOT_TRUSTED:
        return _untrusted(error)
    return _refused(name, error)


def _untrusted(refused: PlatformRefused) -> Trial:
    seen = f"企业微信看到的地址是{refused.caller_ip}。" if refused.caller_ip else ""
    add = f"把{refused.caller_ip or '服务器的出口IP'}加入{TRUSTED_IP}，约一分钟后生效。"
    first = "如果该页不能填写，请先设置可信域名或接收消息的地址。"
    return Trial(IP_NAME, Level.FAULT, f"服务器的IP不在企业可信IP中。{seen}", f"请{add}{first}")


def _judge_app(app: AppFacts, settings: Settings) -> Trial:
    host = urlsplit(settings.public_url).netloc
    faults, remedies = [], []
    if app.is_closed:
        faults.append("应用已停用。")
        remedies.append(f"请在{CONSOLE}启用应用。")
    if app.redirect_domain.lower() != host.lower():
        faults.append(f"可信域名是“{app.redirect_domain or '空'}”，与 PUBLIC_URL 的“{host}”不同，不能登录。")
        remedies.append(f"请在{DOMAIN}填写{host}。")
    if faults:
        return Trial(APP_NAME, Level.FAULT, "".join(faults), "".join(remedies))
    if not f"{app.home_url}/".startswith(f"{settings.public_url}/"):
        said = f"应用主页是“{app.home_url or '空'}”，从工作台打不开群备。"
        return Trial(APP_NAME, Level.CARE, said, f"请在{CONSOLE} › 应用主页填写{settings.public_url}/。")
    return _fine(APP_NAME, f"应用“{app.name}”已启用，可信域名和应用主页正确。")


def _try_range(client: WeComClient, app: AppFacts) -> Trial:
    """How much of the college the app may see."""
    if not (app.departments or app.members or app.tags):
        return Trial(RANGE_NAME, Level.FAULT, "可见范围是空的，没有人能使用群备。", f"请在{RANGE}加入全院（根部门）。")
    try:
        seen = {department.key for department in client.departments()}
    except PlatformError as error:
        if not (isinstance(error, PlatformRefused) and error.errcode == NO_RIGHT):
            return _refused(RANGE_NAME, error)
        seen = set()
    people = db.session.scalar(select(func.count()).select_from(Person).where(Person.left_at.is_(None)))
    elsewhere = _count_elsewhere(seen)
    db.session.rollback()
    said = f"能看到{len(seen)}个部门；已同步{people}人。"
    # The range may hold single members, whose number is known, and tags, of which nobody knows whom they hold.
    unseen = elsewhere - len(app.members)
    if unseen > 0 and not app.tags:
        said += f"其中{unseen}人现在看不到，他们所在的部门都不在可见范围内。"
        remedy = f"请在{RANGE}加回这些部门；如果他们确实已离开，请同步通讯录。"
        return Trial(RANGE_NAME, Level.FAULT, said, remedy)
    if elsewhere:
        said += f"其中{elsewhere}人所在的部门看不到，是否由成员或标签列入可见范围，没有逐个检测。"
    if app.sees_all:
        return _fine(RANGE_NAME, said)
    wanted = f"如需全院使用，请在{RANGE}加入根部门。"
    return Trial(RANGE_NAME, Level.HINT, f"{said}可见范围不是全院，范围之外的人不能登录，也收不到消息。", wanted)


def _count_elsewhere(seen: Collection[str]) -> int:
    """How many people here are in departments, and in none of those that are seen: counted, nobody is asked for."""
    units = select(Membership.person_id).join(Department, Department.id == Membership.department_id)
    count = (
        select(func.count())
        .select_from(Person)
        .where(
            *(Person.left_at.is_(None), Person.identities.any(), Person.memberships.any()),
            Person.id.not_in(units.where(Department.platform_key.in_(seen))),
        )
    )
    return db.session.scalar(count) or 0


def _try_keys() -> Trial:
    """Whether the keys of the settings open what is kept encrypted."""
    lost = count_unreadable()
    if not lost:
        return _fine(KEY_NAME, "加密保存的内容都能打开。")
    said = f"有{lost}条记录里加密保存的手机、邮箱等，用现在的密钥打不开。"
    remedy = "请核对 SECRET_KEY；换过密钥的，把原来的值写进 SECRET_KEY_FALLBACKS，重启服务后运行 rotate-keys。"
    return Trial(KEY_NAME, Level.FAULT, said, remedy)


def _try_address(settings: Settings, address: Address) -> Trial:
    """Whether the address answers the platform's check, as it does when 保存 is pressed in the console [90930]."""
    url = f"{settings.public_url}{address.path}"
    reply, echo = ask_for_echo(url, settings.wecom.corp_id, address.receiver.token, address.receiver.aes_key)
    if reply.status == 200 and reply.text == echo:
        return _fine(address.name, f"{url} 能正确答复企业微信的检查。")
    if reply.status in (400, 403):
        said = f"{url} 拒绝了签名正确的请求：正在运行的服务用的是另一套 Token 或 EncodingAESKey。"
        remedy = f"请核对{address.settings}与{address.console}中的一致，然后重启服务。"
        return Trial(address.name, Level.FAULT, said, remedy)
    return _wrong_reply(address.name, url, reply, "答复的不是解密后的明文")


def _no_files() -> Trial:
    remedy = f"如果{DOMAIN}还没有通过归属验证，请下载验证文件，把文件名和内容填入 WECOM_DOMAIN_VERIFICATION。"
    return Trial("域名验证文件", Level.HINT, "没有设置域名验证文件。", remedy, was_tried=False)


def _try_file(settings: Settings, name: str, content: str) -> Trial:
    """Whether the proof that the domain is ours is there for the platform to read [90315]."""
    url = f"{settings.public_url}/{name}"
    reply = ask(url)
    if reply.status == 200 and reply.text == content:
        return _fine(name, "域名验证文件可以读取。")
    return _wrong_reply(name, url, reply, "内容与 WECOM_DOMAIN_VERIFICATION 中的不同")


def _wrong_reply(name: str, url: str, reply: Reply, otherwise: str) -> Trial:
    said, remedy = _explained(reply, otherwise)
    return Trial(name, Level.FAULT, f"{url} {said}。", remedy)


def _explained(reply: Reply, otherwise: str) -> tuple[str, str]:
    if reply.trouble is Trouble.CERTIFICATE:
        return "的证书不受信任、已过期或与域名不符", "请在反向代理上安装受信任的证书，包括完整的证书链。"
    if reply.trouble is Trouble.SLOW:
        return "没有在规定时间内答复", f"请检查防火墙、反向代理和服务的负载。{HAIRPIN}"
    if reply.trouble is Trouble.AWAY:
        return "无法连接", f"请检查域名解析、端口、防火墙和反向代理。{HAIRPIN}"
    if reply.status == 404:
        return "不存在（404）", "请检查反向代理是否把这个地址转给群备，以及 PUBLIC_URL 是否正确。"
    if 300 <= reply.status < 400:
        return f"跳转到了别处（{reply.status}）", "请让这个地址直接答复，不要跳转到登录页或其他域名。"
    if reply.status >= 500:
        return f"出错（{reply.status}）", "请检查群备的服务是否在运行，并查看反向代理和服务的日志。"
    return otherwise, "请检查反向代理、网关或统一登录是否改写了答复。"


def _try_clock(client: WeComClient) -> Trial:
    """Whether our clock agrees with the platform's: signatures are refused after five minutes."""
    try:
        theirs = client.clock()
    except PlatformError as error:
        return _refused(CLOCK_NAME, error)
    if theirs is None:
        return _untried(CLOCK_NAME, "企业微信的答复没有带时间。")
    skew = (utc_now() - theirs).total_seconds()
    if abs(skew) <= MOST_SKEW:
        return _fine(CLOCK_NAME, "服务器的时钟与企业微信一致。")
    said = f"服务器的时钟比企业微信{'快' if skew > 0 else '慢'}{abs(skew):.0f}秒，超过5分钟时回调会被拒绝。"
    return Trial(CLOCK_NAME, Level.FAULT, said, "请在服务器上启用时间同步，例如 timedatectl set-ntp true。")


def _refused(name: str, error: PlatformError) -> Trial:
    if isinstance(error, PlatformRefused):
        return Trial(name, Level.FAULT, f"{reason(error.errcode)}。", remedy(error.errcode))
    return Trial(name, Level.FAULT, f"连不上企业微信（{error}）。", NO_NETWORK)


def _fine(name: str, said: str) -> Trial:
    return Trial(name, Level.FINE, said)


def _untried(name: str, said: str) -> Trial:
    return Trial(name, Level.HINT, said, was_tried=False)
