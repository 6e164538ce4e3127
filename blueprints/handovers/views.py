"""The pages of handovers: what waits, one of them, choosing who takes over, and that person's answer."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from blueprints.handovers.forms import SuccessorForm
from blueprints.paging import asked_before
from blueprints.statuses import CONFLICT, UNPROCESSABLE
from operations import handover_lists, permissions, reading
from operations.errors import ArrangedMeanwhile, NotAsked, RefusedField
from operations.handovers import confirm, decline, nothing_chosen, propose
from operations.rules import rules_in_force
from operations.vacancies import HandoverRecord, get_handover

handovers = Blueprint("handovers", __name__)


@handovers.get("/handovers")
@may(permissions.is_member)
def index() -> ResponseReturnValue:
    """What waits for me, or for whom I asked; for heads, filings to take over; to those who oversee, all."""
    return render_template(
        "handovers/index.html",
        waiting=handover_lists.handovers_waiting_for(g.actor, before=asked_before()),
        asked=handover_lists.handovers_awaiting_answers(g.actor, before=asked_before("asked_before")),
        filings=handover_lists.filings_to_take_over(g.actor, before=asked_before("filings_before"))
        if g.actor.headed_in_person
        else None,
        everything=handover_lists.open_handovers_of_all(g.actor, before=asked_before("all_before"))
        if g.actor.oversees
        else None,
    )


@handovers.get("/handovers/<int:handover_id>")
@may(permissions.can_see_handover)
def show(handed: HandoverRecord) -> ResponseReturnValue:
    """The leaver, the groups and roles, what has become of each, and what this person can do about it."""
    return _page_of(handed, SuccessorForm(handed, formdata=None))


@handovers.post("/handovers/<int:handover_id>/successor")
@may(permissions.can_hand_over)
def choose(handed: HandoverRecord) -> ResponseReturnValue:
    """Ask somebody to take over what is ticked, or take it over oneself, once one has read what that is."""
    form, action = SuccessorForm(handed), request.form.get("action")
    own = action in ("self", "confirm")
    if not form.validate() or (own and form.names_another(g.actor.name)):
        return _page_of(handed, form), UNPROCESSABLE
    if action == "self":
        return _own_page(handed, form)
    person_id, name = (g.actor.id, g.actor.name) if own else _chosen(form)
    if person_id is None:
        return _page_of(handed, form), UNPROCESSABLE
    handover_id, count = handed.handover.id, len(form.items)
    try:
        propose(g.actor, handover_id, form.items, person_id, seen=form.seen.data or "")
    except RefusedField as refused:
        form.refuse(refused)
        return _page_of(get_handover(handover_id), form), UNPROCESSABLE
    except ArrangedMeanwhile as changed:
        return _page_of(get_handover(handover_id), form, changed.sentence), CONFLICT
    taken = person_id == g.actor.id
    flash(f"已由您接任{count}项。" if taken else f"已请{name}确认接任{count}项，对方会收到消息。", "success")
    return redirect(url_for(".show", handover_id=handover_id))


@handovers.post("/handovers/<int:handover_id>/answer")
@may(permissions.can_see_handover)
def answer(handed: HandoverRecord) -> ResponseReturnValue:
    """Take over what one is asked to, or say no."""
    handover_id, said = handed.handover.id, request.form.get("answer")
    if said == "confirm":
        confirm(g.actor, handover_id)
        flash("已确认接任。", "success")
    elif said == "decline":
        decline(g.actor, handover_id)
        flash("已答复不接任，部门负责人会另行安排。", "success")
    else:
        flash("请选择“确认接任”或“不接任”。", "warning")
    return redirect(url_for(".show", handover_id=handover_id))


@handovers.errorhandler(NotAsked)
def show_the_truth(error: NotAsked) -> ResponseReturnValue:
    """The page was old: say so, and show how things stand."""
    flash(error.sentence, "warning")
    return redirect(url_for(".show", handover_id=(request.view_args or {})["handover_id"]))


def _chosen(form: SuccessorForm) -> tuple[int | None, str]:
    person = form.find_person()
    return (person.id, person.name) if person is not None else (None, "")


def _own_page(handed: HandoverRecord, form: SuccessorForm) -> ResponseReturnValue:
    """What somebody takes over themselves, to be confirmed: nothing changes at a single press."""
    chosen = [item for item in handed.open if item.id in form.items]
    if not chosen:
        form.refuse(nothing_chosen())
        return _page_of(handed, form), UNPROCESSABLE
    return render_template(
        "handovers/self.html", handover=handed.handover, chosen=chosen, form=form, duties=rules_in_force().duties
    )


def _page_of(handed: HandoverRecord, form: SuccessorForm, changed: str = "") -> str:
    form.handed = handed
    form.show_as_it_stands()
    asked = handed.waiting_for(g.actor.id)
    took = any(item.successor_id == g.actor.id for item in handed.confirmed)
    return render_template(
        "handovers/show.html",
        handed=handed,
        handover=handed.handover,
        form=form if permissions.can_hand_over(g.actor, handed) and handed.open else None,
        asked=asked,
        others=[item for item in handed.open if item not in asked],
        wants_mobile=bool(asked or took) and not reading.get_person(g.actor.id).mobile,
        changed=changed,
        duties=rules_in_force().duties,
    )
