"""Finding people from a page: our own search, and the way to the platform's."""

from urllib.parse import urlsplit

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from blueprints.guards import may, who_asks
from blueprints.picking import LONGEST_NAME
from extensions import limiter
from messaging.platforms.errors import PlatformError
from messaging.platforms.wecom import PLATFORM, wecom_client
from models import Person
from operations import permissions
from operations.finding import directory_particulars, find_account, search_people
from operations.namesakes import accounts_of_alike

#: As long as the platform takes an address.
LONGEST_URL = 2048

people = Blueprint("people", __name__)


# A search for each letter of a quick typist is far less.
limiter.limit("120 per minute", key_func=who_asks)(people)


@people.get("/people/search")
@may(permissions.is_member)
def search() -> ResponseReturnValue:
    """At most twenty people who fit `q`, or the one whose account is `userid`; never their mobile or e-mail."""
    if user_id := _asked("userid"):
        person = find_account(PLATFORM, user_id)
        return jsonify(people=[_described(person)] if person else [])
    found = search_people(_asked("q"))
    accounts = accounts_of_alike(found)
    return jsonify(people=[_described(person, accounts.get(person.id, "")) for person in found])


def _asked(name: str) -> str:
    """What the address asks for, as far as it may be asked: PostgreSQL takes no zero character."""
    return request.args.get(name, "")[:LONGEST_NAME].replace("\x00", "")


@people.get("/people/signature")
@may(permissions.is_member)
def signature() -> ResponseReturnValue:
    """What a page of ours tells the client it is in [90506]; 503 while the platform gives no ticket."""
    url = request.args.get("url", "").partition("#")[0]
    if not _is_ours(url):
        return jsonify(error="url must be an address of this service"), 400
    try:
        signed = wecom_client().sign_page(url, refused="refused" in request.args)
    except PlatformError:
        return jsonify(error="the platform gives no ticket at present"), 503
    return jsonify(
        corpId=signed.corp_id,
        agentId=signed.agent_id,
        timestamp=signed.timestamp,
        nonceStr=signed.nonce,
        signature=signed.signature,
    )


def _described(person: Person, account: str = "") -> dict[str, object]:
    """`account`: where nothing else tells the person from another who was found."""
    department = person.department.name if person.department else ""
    known = directory_particulars(person)
    return {
        "id": person.id,
        "department": department,
        "account": account,
        "mobile_is_on_record": person.is_reachable,
        **known,
    }


def _is_ours(url: str) -> bool:
    """Whether the address is of our own host: a signature lets whoever holds it act as our app."""
    ours = urlsplit(current_app.config["SETTINGS"].public_url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    here = (parts.scheme, parts.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    return here and url.isprintable() and len(url) <= LONGEST_URL
