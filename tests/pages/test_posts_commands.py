"""`appoint`, `dismiss` and `posts` as an operator types them."""

from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from blueprints.console.commands import console
from blueprints.console.refusals import Command
from blueprints.console.upkeep import upkeep
from extensions import db
from models import Department, Person, Post, utc_now
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.clock import college_today
from operations.leaving import leave
from regulation import DepartmentKind, PostKind
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


def one_sentence(answer: Result) -> str:
    """What a command that came to nothing says."""
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code == 1
    [line] = answer.output.splitlines()
    return line


def open_posts(app: Flask, college: College, user_id: str) -> int:
    with app.app_context():
        held = select(Post).where(Post.person_id == college.people[user_id], Post.ended_at.is_(None))
        return len(db.session.scalars(held).all())


def change(app: Flask, model: type[Department | Person], row_id: int, **values: object) -> None:
    with app.app_context(), unit_of_work() as session:
        for name, value in values.items():
            setattr(session.get_one(model, row_id), name, value)


def test_the_last_administrator_is_kept_and_the_command_says_why(app: Flask, college: College) -> None:
    line = one_sentence(run(app, "dismiss", "wuguanli", "ADMINISTRATOR"))
    assert line.startswith("Error: Refused, nothing was changed: ")
    assert "请先任命另一位" in line
    assert open_posts(app, college, "wuguanli") == 1


@pytest.mark.parametrize(
    "values",
    [{"kind": DepartmentKind.OFFICE}, {"removed_at": utc_now()}, {"name": "医学系", "short_name": "护理系"}],
)
def test_a_post_ends_whatever_became_of_its_department(app: Flask, college: College, values: dict[str, object]) -> None:
    change(app, Department, college.departments["8"], **values)
    answer = run(app, "dismiss", "chenshuji", "PARTY_SECRETARY", "--department", "护理系")
    assert (answer.exit_code, answer.output) == (0, "chenshuji no longer holds PARTY_SECRETARY.\n")
    assert open_posts(app, college, "chenshuji") == 0


@pytest.mark.parametrize("marked", [False, True])
def test_a_post_that_waits_for_a_leaver_can_be_ended(app: Flask, college: College, marked: bool) -> None:
    with app.app_context(), unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people["zhangzhuren"])])
    change(app, Person, college.people["zhangzhuren"], marked_left=marked)
    assert open_posts(app, college, "zhangzhuren") == 1
    answer = run(app, "dismiss", "ZhangZhuRen", "DEPARTMENT_HEAD", "--department", "8")
    assert (answer.exit_code, answer.output) == (0, "ZhangZhuRen no longer holds DEPARTMENT_HEAD.\n")
    assert open_posts(app, college, "zhangzhuren") == 0


def test_of_several_departments_of_one_name_the_one_that_the_post_is_of_is_meant(app: Flask, college: College) -> None:
    change(app, Department, college.departments["5"], name="护理系", removed_at=utc_now())
    words = ("dismiss", "sunchuzhang", "DEPARTMENT_HEAD", "--department")
    with app.app_context(), unit_of_work() as session:
        kept = {"kind": PostKind.DEPARTMENT_HEAD, "person_id": college.people["sunchuzhang"]}
        session.add(Post(**kept, department_id=college.departments["8"]))
    assert "give one of the ids 5, 8." in one_sentence(run(app, *words, "护理系"))
    assert run(app, *words, "5").exit_code == 0
    assert run(app, *words, "护理系").exit_code == 0
    assert "does not hold" in run(app, *words, "护理系").output


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("nobody-we-know", "REGISTRAR"), "'nobody-we-know'"),
        (("zhougan", "KING"), "'KING'"),
        (("zhougan", "REGISTRAR", "--department", "8"), "leave --department out"),
        (("zhangzhuren", "DEPARTMENT_HEAD"), "add --department"),
        (("zhangzhuren", "DEPARTMENT_HEAD", "--department", "没有这个部门"), "没有这个部门"),
    ],
)
def test_what_cannot_be_ended_is_refused_by_name(
    app: Flask, college: College, words: tuple[str, ...], named: str
) -> None:
    assert named in one_sentence(run(app, "dismiss", *words))


def test_a_command_on_a_trials_data_says_so(app: Flask, college: College) -> None:
    settings = app.config["SETTINGS"]
    assert run(app, "posts").stderr == ""
    try:
        app.config["SETTINGS"] = replace(settings, is_trial=True)
        assert run(app, "posts").stderr == "On the trial's data: neither the environment nor .env names a platform.\n"
    finally:
        app.config["SETTINGS"] = settings


def test_a_post_that_does_not_exist_is_told_before_the_platform_is_asked(app: Flask, college: College) -> None:
    assert "'KING'" in one_sentence(run(app, "appoint", "nobody-we-know", "KING"))


def test_a_platform_that_is_away_is_told_in_one_sentence(app: Flask, college: College) -> None:
    line = one_sentence(run(app, "appoint", "nobody-we-know", "REGISTRAR"))
    assert line.startswith("Error: The platform did not say, nothing was changed: ")


@pytest.mark.parametrize(
    "words",
    [("posts",), ("appoint", "jiwai", "REGISTRAR"), ("dismiss", "jiwai", "REGISTRAR"), ("rotate-keys",), ("doctor",)],
)
def test_a_database_that_is_not_migrated_is_told_with_the_remedy(app: Flask, words: tuple[str, ...]) -> None:
    with app.app_context():
        db.drop_all()
        db.session.connection().exec_driver_sql("DELETE FROM alembic_version")
        db.session.commit()
    assert "run: flask --app app db upgrade" in one_sentence(run(app, *words))


def test_every_command_ends_in_a_sentence() -> None:
    for commands in (console.cli, upkeep.cli):
        assert {type(command) for command in commands.commands.values()} == {Command}
