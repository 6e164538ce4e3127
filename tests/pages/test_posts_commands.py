"""`appoint`, `dismiss` and `posts` as an operator types them."""

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Post
from operations.clock import college_today
from tests.college import College
from tests.pages.conftest import one_database
from tests.platform import simulated_platform

pytestmark = one_database


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=words)


def newest_post(app: Flask) -> Post:
    with app.app_context():
        return db.session.scalars(select(Post).order_by(Post.id.desc())).first() or Post()


def test_a_post_is_given_as_deputy_from_a_day_to_a_day(app: Flask, college: College) -> None:
    said = ("--department", "护理系", "--deputy", "--from", "2090-01-01", "--until", "2090-12-31")
    answer = run(app, "appoint", "JiWai", "department_head", *said)
    assert (answer.exit_code, answer.output) == (0, "JiWai holds DEPARTMENT_HEAD as a deputy from 2090-01-01 on.\n")
    post = newest_post(app)
    assert (post.person_id, post.department_id) == (college.people["jiwai"], college.departments["8"])
    assert (post.is_deputy, post.begun, str(post.ends_on)) == (True, False, "2090-12-31")


def test_appointing_may_be_repeated(app: Flask, college: College) -> None:
    for words in ("now holds", "already"):
        answer = run(app, "appoint", "jiwai", "REGISTRAR")
        assert answer.exit_code == 0
        assert words in answer.output
    assert "no longer holds" in run(app, "dismiss", "jiwai", "REGISTRAR").output
    assert "does not hold" in run(app, "dismiss", "jiwai", "REGISTRAR").output


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("jiwai", "KING"), "'KING'"),
        (("jiwai", "DEPARTMENT_HEAD"), "--department"),
        (("jiwai", "DEPARTMENT_HEAD", "--department", "没有这个部门"), "没有这个部门"),
        (("jiwai", "REGISTRAR", "--department", "8"), "REGISTRAR"),
        (("jiwai", "REGISTRAR", "--from", "2090-02-30"), "2090-02-30"),
        (("jiwai", "REGISTRAR", "--until", "tomorrow"), "tomorrow"),
        (("jiwai", "REGISTRAR", "--until", "2020-01-01"), "结束日期"),
        (("jiwai", "REGISTRAR", "--from", "0001-01-01"), "2000年"),
        (("zhougan", "REGISTRAR", "--deputy"), "请先免去"),
    ],
)
def test_what_cannot_be_is_refused_by_name(app: Flask, college: College, words: tuple[str, ...], named: str) -> None:
    before = newest_post(app).id
    answer = run(app, "appoint", *words)
    assert answer.exit_code != 0
    assert named in answer.output
    assert "Traceback" not in answer.output
    assert newest_post(app).id == before


def test_somebody_whom_the_platform_does_not_know_is_refused_by_name(app: Flask, college: College) -> None:
    with simulated_platform(app):
        answer = run(app, "appoint", "nobody-we-know", "REGISTRAR")
    assert answer.exit_code == 1
    assert "'nobody-we-know'" in answer.output


def test_who_holds_what_is_listed_in_the_order_of_the_posts(app: Flask, college: College) -> None:
    run(app, "appoint", "jiwai", "DEPARTMENT_HEAD", "--department", "8", "--deputy", "--until", "2090-12-31")
    answer = run(app, "posts")
    today = college_today()
    lines = answer.output.splitlines()
    assert lines[0].split("\t") == ["DEPARTMENT_HEAD", "学生处", "sunchuzhang", "孙处长", f"since {today}"]
    deputy = ["DEPARTMENT_HEAD deputy", "护理系", "jiwai", "纪外人", f"since {today} until 2090-12-31"]
    assert deputy in [line.split("\t") for line in lines]
    assert lines[-1].startswith("ADMINISTRATOR\t-\twuguanli\t")
    assert len(lines) == 7
