"""Where the places are at which something is mended: one table."""

import re
from urllib.parse import urlencode

from operations.health.report import Place, Way

#: An id of the way stands where the address names it; what is left of them is the query.
ADDRESSES: dict[Place, str] = {
    Place.APPOINT: "/administration/people",
    Place.DEPARTMENT: "/administration/departments/{department_id}",
    Place.DEPARTMENTS: "/administration/departments",
    Place.DIRECTORY: "/administration/directory",
    Place.GROUP: "/groups/{group_id}",
    Place.HANDOVERS: "/handovers",
    Place.PEOPLE: "/administration/people",
    Place.PERSON: "/administration/people/{person_id}",
    Place.POSTS: "/administration/posts",
    Place.RESEND: "/administration/messages/resend",
}
#: What an administrator looks after, for the page's own navigation.
MATTERS = (
    (Place.DEPARTMENTS, "部门"),
    (Place.PEOPLE, "人员"),
    (Place.POSTS, "岗位"),
    (Place.DIRECTORY, "通讯录"),
    (Place.HANDOVERS, "移交"),
)


def address_of(way: Way) -> str:
    """The address that the way leads to."""
    address = ADDRESSES[way.place]
    named = set(re.findall(r"{(\w+)}", address))
    query = urlencode({name: value for name, value in way.ids.items() if name not in named})
    return address.format(**way.ids) + (f"?{query}" if query else "")
