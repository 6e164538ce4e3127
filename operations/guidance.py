"""What the page about the regulation says of one person's own department."""

from extensions import db
from models import Department
from operations.actors import Actor
from operations.rules import rules_in_force
from regulation import Tier

#: What follows the prefix in an example of each tier, the ones that every department may have.
EXAMPLES = {Tier.DEPARTMENT: "工作群", Tier.COLLEGE: "教职工群"}


def example_names(actor: Actor) -> dict[Tier, str]:
    """A name of 第九条 for a group of the person's department, and for one of the college; the latter alone for
    somebody without a department, or of the college itself."""
    rules = rules_in_force()
    unit = db.session.get(Department, actor.department_id) if actor.department_id else None
    own = unit if unit is not None and not unit.is_college else None
    short_name = own.unit_short_name(rules.college_short_name) if own else ""
    return {
        tier: rules.succeed_name(tier, said, short_name, ())
        for tier, said in EXAMPLES.items()
        if own is not None or tier is Tier.COLLEGE
    }
