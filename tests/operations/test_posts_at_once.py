"""Several administrators, holders and workers change posts at the same moment: once each, nobody waits for ever."""

from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import func, select

from extensions import db
from models import AuditEntry, Delegation, Filing, FilingState, MessageKind, Outcome, Post
from operations.appointing import Term, end_post, give
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.filings import submit
from operations.terms import change_over
from regulation import PostKind
from tests.college import College
from tests.operations.test_crowds import at_once

BY = (None, "test")


def count(model: type, *which: object) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*which)) or 0  # type: ignore[arg-type]


def test_administrators_who_give_and_end_one_post_at_once_do_it_once(app: Flask, college: College) -> None:
    person_id, unit = college.people["jiwai"], college.departments["8"]
    acts = [partial(give, BY, person_id, PostKind.DEPARTMENT_HEAD, unit, Term())] * 6
    assert at_once(app, acts) == []
    with app.app_context():
        [post] = db.session.scalars(select(Post).where(Post.person_id == person_id))
        post_id = post.id
    assert at_once(app, [partial(end_post, BY, post_id)] * 6) == []
    with app.app_context():
        assert count(AuditEntry, AuditEntry.action == "post.give") == 1
        assert count(AuditEntry, AuditEntry.action == "post.end") == 1


def test_a_delegation_pressed_several_times_at_once_is_one(app: Flask, college: College) -> None:
    with app.app_context():
        head = college.actor("zhangzhuren")
        post_id = db.session.scalars(select(Post.id).where(Post.person_id == head.id)).one()
    days = {"starts_on": college_today(), "ends_on": college_today() + timedelta(days=3)}
    assert at_once(app, [partial(delegate, head, post_id, college.people["jiwai"], **days)] * 6) == []
    with app.app_context():
        assert count(Delegation) == 1
        assert len(college.told("jiwai")) == 1


def test_several_workers_change_over_once(app: Flask, college: College) -> None:
    with app.app_context():
        college.submitted()
        give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, college.departments["8"], Term(is_deputy=True))
        post = db.session.scalars(select(Post).where(Post.person_id == college.people["zhangzhuren"])).one()
        post.ends_on = college_today() - timedelta(days=1)
        db.session.commit()
    assert at_once(app, [change_over] * 6) == []
    with app.app_context():
        assert count(AuditEntry, AuditEntry.action == "post.end") == 1
        assert len([m for m in college.told("jiwai") if m.kind is MessageKind.REQUEST]) == 1


def test_filings_go_their_way_while_posts_change(app: Flask, college: College) -> None:
    with app.app_context():
        drafts = [college.draft(name=f"护理系第{n}群", number=f"66000{n}") for n in range(4)]
        sent = [college.submitted(name=f"护理系再{n}群", number=f"67000{n}") for n in range(4)]
        author, head = college.actor("lilaoshi"), college.actor("zhangzhuren")
    unit = college.departments["8"]
    raised = at_once(
        app,
        [
            *(partial(submit, author, filing_id) for filing_id in drafts),
            *(partial(decide, head, filing_id, Outcome.APPROVED) for filing_id in sent),
            *(
                partial(give, BY, college.people[user_id], PostKind.DEPARTMENT_HEAD, unit, Term())
                for user_id in ("jiwai", "wangqunzhu")
            ),
        ],
    )
    assert raised == []
    with app.app_context():
        assert count(Filing, Filing.state == FilingState.APPROVED) == 4
        assert count(Filing, Filing.state == FilingState.IN_REVIEW) == 4
        asked = {m.filing_id for m in college.told("jiwai") if m.kind is MessageKind.REQUEST}
        assert set(drafts) <= asked
