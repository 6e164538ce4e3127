"""What the platform tells about the app and about itself: agent/get [90227], getcallbackip [92521]."""

from typing import Any
from urllib.parse import urlsplit

from simulator.calls import Call
from simulator.errors import ApiError

APP_NAME = "群备"


def get_agent(call: Call) -> dict[str, Any]:
    """GET agent/get: the token's own app only."""
    settings, visible = call.state.settings, call.state.directory.visible
    if not call.args.get("agentid"):
        raise ApiError(41011)
    if call.args["agentid"] != str(settings.agent_id):
        raise ApiError(301002)
    return {
        "agentid": settings.agent_id,
        "name": APP_NAME,
        "square_logo_url": "",
        "description": "互联网群组备案",
        "allow_userinfos": {"user": [{"userid": userid} for userid in visible.members]},
        "allow_partys": {"partyid": visible.departments},
        "allow_tags": {"tagid": [int(tag) for tag in visible.tags]},
        "close": 0,
        "redirect_domain": urlsplit(settings.home_url).netloc,
        "report_location_flag": 0,
        "isreportenter": 1,
        "home_url": settings.home_url,
    }


def get_callback_ips(_call: Call) -> dict[str, Any]:
    """GET getcallbackip: callbacks come from this machine."""
    return {"ip_list": ["127.0.0.1"]}
