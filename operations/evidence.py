"""附件: adding a file to a filing, taking it away, opening it, and what becomes of files that nothing names."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from extensions import db
from models import AuditEntry, Evidence, EvidenceKind, Filing, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import evidence_files, permissions
from operations.actors import Actor
from operations.errors import NotAllowed, NotFound, OperationRefused, RefusedField
from operations.evidence_files import Prepared
from operations.turns import locked_filing

#: How many files a filing may have.
MOST = 5
#: Somebody who opens a file again within this time leaves one trace: a viewer may ask for it twice.
ONE_LOOK = timedelta(hours=1)
SAME_FILE = "这个文件已经在附件里了，不用重复上传。"


class EvidenceClosed(OperationRefused):
    """The filing is where its 附件 stay as they are."""


def evidence_of(filing_id: int) -> Sequence[Evidence]:
    """The filing's files, oldest first."""
    return db.session.scalars(_kept(filing_id)).all()


def get_evidence(evidence_id: int) -> Evidence:
    """The file's row; raises NotFound, also for one that was removed."""
    evidence = db.session.get(Evidence, evidence_id)
    if evidence is None or evidence.removed_at is not None:
        raise NotFound
    return evidence


def add_evidence(actor: Actor, filing_id: int, kind: EvidenceKind, files: Sequence[Prepared]) -> None:
    """Let these files be the filing's: all of them, or none and they are gone.

    Raises NotFound, NotAllowed, EvidenceClosed, or RefusedField for a kind that is not theirs to add, too many, or one
    that is there already.
    """
    try:
        with unit_of_work() as session:
            filing = locked_filing(session, filing_id)
            if not permissions.brings_evidence(actor, filing):
                raise NotAllowed
            kinds = permissions.kinds_to_add(actor, filing)
            if not kinds:
                raise EvidenceClosed(why_closed(filing))
            if kind not in kinds:
                raise RefusedField("kind", f"您只能添加{kinds[0].label}，其他附件由申请人添加。")
            _refuse_what_does_not_fit(session.scalars(_kept(filing_id)).all(), files)
            for file in files:
                _add(session, actor, filing_id, kind, file)
    except BaseException:
        evidence_files.discard(file.stored_name for file in files)
        raise


def why_closed(filing: Filing) -> str:
    """Why somebody who may bring evidence cannot now."""
    if filing.state in permissions.BEFORE_REGISTRATION:
        return "备案登记以前，附件由申请人添加。"
    return f"备案目前是“{filing.state.label}”，不能再添加附件。"


def why_it_stays(filing: Filing, evidence: Evidence) -> str:
    """Why somebody who brought a file cannot take it away now."""
    if permissions.proves_approval(filing, evidence):
        return "已按签字的登记表补录线下审核，登记表要留存，不能删除。"
    return f"备案目前是“{filing.state.label}”，附件不能再删除。"


def how_many_more(kept: Sequence[Evidence], sent: int) -> str:
    """What to say of so many more files; "" if there is room."""
    if len(kept) + sent <= MOST:
        return ""
    there = f"已有{len(kept)}个，" if kept else ""
    return f"附件最多{MOST}个，{there}这次选了{sent}个，请减少一些。"


def remove_evidence(actor: Actor, filing_id: int, evidence_id: int) -> None:
    """Take a file away again. Raises NotFound, NotAllowed or EvidenceClosed; one that is gone already stays so."""
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        evidence = session.get(Evidence, evidence_id, populate_existing=True)
        if evidence is None or evidence.filing_id != filing.id:
            raise NotFound
        if not permissions.brought_evidence(actor, filing, evidence):
            raise NotAllowed
        if not permissions.can_remove_evidence(actor, filing, evidence):
            raise EvidenceClosed(why_it_stays(filing, evidence))
        if evidence.removed_at is not None:
            return
        stored_name = _remove(session, actor, evidence)
    evidence_files.discard([stored_name])


def has_removed(actor: Actor, filing_id: int, evidence_id: int) -> bool:
    """Whether this was a file of the filing that they might take away, and it was."""
    evidence, filing = db.session.get(Evidence, evidence_id), db.session.get(Filing, filing_id)
    if evidence is None or evidence.removed_at is None or evidence.filing_id != filing_id:
        return False
    return filing is not None and not filing.deleted_at and permissions.brought_evidence(actor, filing, evidence)


def remove_all_of(session: Session, actor: Actor, filing: Filing) -> list[str]:
    """Take away the files of a draft that is deleted, in the transaction of that.

    Returns what `evidence_files.discard` is to delete once it is committed; the sweep does where nobody does.
    """
    return [_remove(session, actor, evidence) for evidence in session.scalars(_kept(filing.id)).all()]


def note_seen(actor: Actor, evidence: Evidence) -> None:
    """Leave a trace that this person opened a file that somebody else added: once for each look."""
    evidence_id = evidence.id
    looked = exists().where(
        AuditEntry.subject_type == Evidence.__tablename__,
        AuditEntry.subject_id == evidence_id,
        AuditEntry.action == "evidence.view",
        AuditEntry.actor_id == actor.id,
        AuditEntry.at > utc_now() - ONE_LOOK,
    )
    if evidence.uploaded_by_id == actor.id or db.session.scalar(select(looked)):
        return
    with unit_of_work() as session:
        record(session, "evidence.view", session.get_one(Evidence, evidence_id), by=(actor.id, actor.name))


def sweep_files() -> None:
    """Delete the files older than a day that no row names: of uploads that failed and of what was removed."""
    named = set(db.session.scalars(select(Evidence.stored_name).where(Evidence.removed_at.is_(None))))
    evidence_files.discard(name for name in evidence_files.old_files() if name not in named)


def _kept(filing_id: int) -> Select[Evidence]:
    return select(Evidence).where(Evidence.filing_id == filing_id, Evidence.removed_at.is_(None)).order_by(Evidence.id)


def _refuse_what_does_not_fit(kept: Sequence[Evidence], files: Sequence[Prepared]) -> None:
    if too_many := how_many_more(kept, len(files)):
        raise RefusedField("files", too_many)
    digests = [row.digest for row in kept] + [file.digest for file in files]
    if len(set(digests)) < len(digests):
        raise RefusedField("files", SAME_FILE)


def _add(session: Session, actor: Actor, filing_id: int, kind: EvidenceKind, file: Prepared) -> None:
    evidence = Evidence(
        filing_id=filing_id,
        kind=kind,
        stored_name=file.stored_name,
        media_type=file.media_type,
        size=file.size,
        digest=file.digest,
        uploaded_by_id=actor.id,
        uploaded_by_name=actor.name,
    )
    session.add(evidence)
    details = {"filing": filing_id, "kind": kind.value, "digest": file.digest}
    record(session, "evidence.add", evidence, by=(actor.id, actor.name), details=details)


def _remove(session: Session, actor: Actor, evidence: Evidence) -> str:
    evidence.removed_at = utc_now()
    details = {"filing": evidence.filing_id}
    record(session, "evidence.remove", evidence, by=(actor.id, actor.name), details=details)
    return evidence.stored_name
