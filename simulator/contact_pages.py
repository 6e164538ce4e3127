"""通讯录 in the simulated console: somebody leaves the college, or comes back."""

from dataclasses import asdict

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from simulator import contact_events
from simulator.college import Member
from simulator.people import by_department, describe
from simulator.state import State

contacts = Blueprint("contacts", __name__, url_prefix="/console/contacts")


@contacts.get("")
def show() -> str:
    """Everybody in the corp with a button that takes them out, and those taken out with one that brings them back."""
    state, wanted = _state(), request.args.get("q", "").strip()
    with state.lock:
        gone = [describe(state, member) for member in state.college.members if not state.directory.find(member.userid)]
        groups = by_department(state, wanted)
    told = state.contact_callbacks is not None
    return render_template("contacts.html", groups=groups, gone=gone, wanted=wanted, told=told)


@contacts.post("/<userid>/remove")
def remove(userid: str) -> BaseResponse:
    """离职: the member is deleted, as an administrator of the corp does it."""
    if _state().directory.find(userid) is None:
        abort(404)
    contact_events.change(_state(), lambda directory: directory.remove(userid))
    return redirect(url_for(".show"), 303)


@contacts.post("/<userid>/restore")
def restore(userid: str) -> BaseResponse:
    """The member is made again, as the college's file has them."""
    member = _of_file(userid)
    if member is None or _state().directory.find(userid):
        abort(404)
    row = asdict(member)
    contact_events.change(_state(), lambda directory: directory.put(row))
    return redirect(url_for(".show"), 303)


def _of_file(userid: str) -> Member | None:
    return next((member for member in _state().college.members if member.userid == userid), None)


def _state() -> State:
    state: State = current_app.extensions["simulator"]
    return state
