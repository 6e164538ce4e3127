"""附件 of a filing: seeing which there are, adding some, opening one, and taking one away."""

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from blueprints.errors import refused
from blueprints.evidence.forms import NOTHING_SENT, EvidenceForm
from blueprints.guards import LARGEST_ID, may
from blueprints.statuses import UNPROCESSABLE
from blueprints.uploads import accepts_files
from models import Evidence, Filing
from operations import permissions, reading
from operations.errors import NotFound, RefusedField
from operations.evidence import (
    MOST,
    EvidenceClosed,
    add_evidence,
    evidence_of,
    has_removed,
    how_many_more,
    note_seen,
    remove_evidence,
    why_closed,
    why_it_stays,
)
from operations.evidence_files import LARGEST, MEGABYTE, PDF, SUFFIXES, path_of

evidence = Blueprint("evidence", __name__)

LIMITS = f"每个不超过{LARGEST // MEGABYTE} MB，最多{MOST}个"
TOO_LARGE = f"选的文件加起来太大，没有上传。附件{LIMITS}；照片请截图，或者分几次上传。"
#: Nothing in what somebody sent is run, whatever a browser takes it for.
OF_FILES = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
}


@evidence.get("/filings/<int:filing_id>/evidence")
@may(permissions.sees_evidence)
def index(filing: Filing) -> ResponseReturnValue:
    """The filing's files, and the form for more."""
    return _page_of(filing, EvidenceForm(permissions.kinds_to_add(g.actor, filing), formdata=None))


@evidence.post("/filings/<int:filing_id>/evidence")
@accepts_files(most=MOST * LARGEST + MEGABYTE, sentence=TOO_LARGE)
@may(permissions.brings_evidence)
def add(filing: Filing) -> ResponseReturnValue:
    """Add the files that were chosen: all, or none of them if one cannot be taken."""
    kinds = permissions.kinds_to_add(g.actor, filing)
    if not kinds:
        raise EvidenceClosed(why_closed(filing))
    form, filing_id = EvidenceForm(kinds), filing.id
    if not _take(form, filing_id):
        return _page_of(reading.get_filing(filing_id), form), UNPROCESSABLE
    flash(f"已添加{len(form.sent)}个附件。", "success")
    return redirect(url_for(".index", filing_id=filing_id))


@evidence.get("/filings/<int:filing_id>/evidence/<int:evidence_id>")
@may(permissions.can_see_evidence)
def show(filing: Filing, row: Evidence) -> ResponseReturnValue:
    """The file itself: a picture in the browser, a PDF as a download."""
    _refuse_others(filing, row)
    path, media_type = path_of(row.stored_name), row.media_type
    if not path.is_file():
        raise NotFound("附件的文件不在服务器上，请联系系统管理员。")
    name = f"evidence-{row.id}{SUFFIXES[media_type]}"
    note_seen(g.actor, row)
    g.stricter_headers = OF_FILES
    return send_file(
        path, media_type, as_attachment=media_type == PDF, download_name=name, conditional=False, etag=False
    )


@evidence.route("/filings/<int:filing_id>/evidence/<int:evidence_id>/removal", methods=["GET", "POST"])
@may(permissions.brought_evidence)
def removal(filing: Filing, row: Evidence) -> ResponseReturnValue:
    """Ask whether to take a file away, and do it."""
    _refuse_others(filing, row)
    filing_id = filing.id
    if request.method == "GET" and permissions.can_remove_evidence(g.actor, filing, row):
        return render_template("evidence/removal.html", filing=filing, evidence=row)
    if request.method == "GET":
        raise EvidenceClosed(why_it_stays(filing, row))
    remove_evidence(g.actor, filing_id, row.id)
    return _removed(filing_id)


@evidence.errorhandler(NotFound)
def say_it_is_done(error: NotFound) -> ResponseReturnValue:
    """Whoever may take the file away reads a second press as the first; to everybody else there is no such file."""
    keys = request.view_args or {}
    asked = request.endpoint == "evidence.removal" and max(keys.values()) <= LARGEST_ID
    return _removed(keys["filing_id"]) if asked and has_removed(g.actor, **keys) else refused(error)


def _removed(filing_id: int) -> ResponseReturnValue:
    flash("附件已删除。", "success")
    return redirect(url_for(".index", filing_id=filing_id))


@evidence.errorhandler(EvidenceClosed)
def show_the_truth(error: EvidenceClosed) -> ResponseReturnValue:
    """The page was old: say so, and show how things stand."""
    flash(error.sentence, "warning")
    filing_id = (request.view_args or {})["filing_id"]
    return redirect(url_for(".index", filing_id=filing_id))


def _take(form: EvidenceForm, filing_id: int) -> bool:
    """Whether the files were added; where not, the form says why."""
    kind = form.chosen_kind
    if not form.sent:
        form.refuse(NOTHING_SENT)
    elif too_many := how_many_more(evidence_of(filing_id), len(form.sent)):
        form.refuse(too_many)
    if kind is None or form.files.errors:
        return False
    files = form.prepared()
    if not files:
        return False
    try:
        add_evidence(g.actor, filing_id, kind, files)
    except RefusedField as refused:
        form[refused.field].errors = [refused.sentence]
        return False
    return True


def _refuse_others(filing: Filing, row: Evidence) -> None:
    """A file is found under its own filing only. Raises NotFound."""
    if row.filing_id != filing.id:
        raise NotFound


def _page_of(filing: Filing, form: EvidenceForm) -> str:
    return render_template(
        "evidence/index.html",
        filing=filing,
        form=form,
        evidence=evidence_of(filing.id),
        most=MOST,
        limits=LIMITS,
        errors=[("", field) for field in form if field.errors],
    )
