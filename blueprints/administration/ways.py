"""Where the places are at which something is mended: one table."""

from typing import Any

from flask import url_for

from blueprints.administration.returning import here
from operations.health.report import Place, Way

#: The view of each place. What a way names besides what its address holds becomes the query.
VIEWS: dict[Place, str] = {
    Place.APPOINT: "administration.people",
    Place.DEPARTMENT: "administration.department",
    Place.DEPARTMENTS: "administration.departments",
    Place.DIRECTORY: "administration.directory",
    Place.GROUP: "groups.show",
    Place.HANDOVERS: "handovers.index",
    Place.MESSAGES: "administration.messages",
    Place.NAMES: "departments.names",
    Place.PEOPLE: "administration.people",
    Place.PERSON: "administration.person",
    Place.POSTS: "administration.posts",
    Place.RESEND: "administration.resend_messages",
}
#: What an administrator looks after, for the page's own navigation.
MATTERS = (
    (Place.DEPARTMENTS, "部门"),
    (Place.PEOPLE, "人员"),
    (Place.POSTS, "岗位"),
    (Place.DIRECTORY, "通讯录"),
    (Place.HANDOVERS, "移交"),
    (Place.MESSAGES, "消息发送"),
)


#: Where one thing is set, and one returns to the page that said so.
AND_BACK = (Place.APPOINT, Place.DEPARTMENT)


def address_of(way: Way) -> str:
    """The address that the way leads to, from the page at hand."""
    ids: dict[str, Any] = dict(way.ids)
    return url_for(VIEWS[way.place], **ids, back=here() if way.place in AND_BACK else None)
