"""同步通讯录: how the syncs of the directory went, the one under way, and the button for another."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.views import administration
from blueprints.guards import may
from blueprints.paging import asked_before
from operations import absences, permissions, syncing


@administration.get("/directory")
@may(permissions.can_administer)
def directory() -> ResponseReturnValue:
    """The syncs, newest first; on the first page the one under way, or the way to another."""
    before = asked_before()
    syncs = syncing.recent_syncs(before=before)
    newest = syncs.rows[0] if syncs.rows and not before else None
    return render_template("administration/directory.html", syncs=syncs, newest=newest, is_first=before is None)


@administration.post("/directory")
@may(permissions.can_administer)
def sync_directory() -> ResponseReturnValue:
    """Ask for a sync, and show how it goes."""
    syncing.ask((g.actor.id, g.actor.name))
    return redirect(url_for(".directory"))


@administration.get("/directory/removals")
@may(permissions.can_administer)
def removals() -> ResponseReturnValue:
    """Say which departments and who would be taken for gone, and ask whether they are; back where nothing waits for
    that answer."""
    refused = syncing.find_refused()
    if refused is None:
        return _nothing_to_accept()
    return render_template("administration/removals.html", refused=refused, gone=absences.absences_of(refused.id))


@administration.post("/directory/removals")
@may(permissions.can_administer)
def accept_removals() -> ResponseReturnValue:
    """Sync once more, and let as many people and departments be gone as the page said, but not more."""
    refused = syncing.find_refused()
    if refused is None:
        return _nothing_to_accept()
    if request.form.get("sync_id") != str(refused.id):
        flash("通讯录又有变动，请按最新情况核对。", "warning")
        return redirect(url_for(".removals"))
    syncing.ask((g.actor.id, g.actor.name), accepts=syncing.shown_by(refused))
    flash("已接受，将再同步一次；变动超过这个数目时仍会停下。", "success")
    return redirect(url_for(".directory"))


def _nothing_to_accept() -> ResponseReturnValue:
    flash("目前没有等待确认的变动。", "info")
    return redirect(url_for(".directory"))
