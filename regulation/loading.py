"""Reads a regulation's data file, and says exactly what is wrong with one that cannot be used."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from typing import Any

from regulation.naming import PREFIX_PATTERNS, Naming
from regulation.rules import (
    Deadlines,
    Duties,
    Limits,
    OwnFiling,
    PeopleRules,
    Regulation,
    RouteStep,
)
from regulation.table import RegulationError, Table
from regulation.text import normalize_name
from regulation.words import Platform, PostKind, Tier, Whose
from regulation.working_days import Calendar, QuietHours

DEFAULT_FILE = Path(__file__).with_name("sichuan_nursing.toml")

_APPROVING_POSTS = [post for post in PostKind if post.for_department]
_ARTICLE = re.compile(r"第[一二三四五六七八九十百]+条(第[0-9]+[款项])?")
_NUMBER_LENGTH = 40
#: The most administrators that a group's row of particulars has positions for (models.Contact).
MOST_ADMINISTRATORS = 9
#: As long as a group's name may be at all (models.Group).
LONGEST_NAME = 64
_SAMPLE_PATTERN = "川护群备〔{year}〕{sequence:04d}号"


def load_regulation(path: str | Path | None) -> Regulation:
    """The regulation of a data file; None means this college's own.

    Raises RegulationError with a sentence that names the file, the key and what to write there.
    """
    file = Path(path) if path is not None else DEFAULT_FILE
    try:
        return parse_regulation(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RegulationError(f"{file} cannot be read ({reason}). Name a readable file.") from error
    except UnicodeDecodeError as error:
        raise RegulationError(f"{file} is not UTF-8 text. Save it as UTF-8.") from error
    except RegulationError as error:
        raise RegulationError(f"{file}: {error}") from error


def parse_regulation(source: str) -> Regulation:
    """The regulation of a data file's text. Raises RegulationError naming the key and what to write there."""
    try:
        table = Table(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise RegulationError(f"it is not valid TOML: {error}. Correct that line.") from error
    regulation = _regulation(table, source)
    table.refuse_unknown()
    return regulation


def _regulation(table: Table, source: str) -> Regulation:
    notes, tiers = table.table("notes"), _tiers(table.table("tiers"))
    return Regulation(
        version=table.text("version"),
        title=table.text("title"),
        document_number=table.text("document_number"),
        registry_office=table.text("registry_office"),
        commitment=table.text("commitment"),
        retroactive_note=notes.text("retroactive"),
        organization_note=notes.text("organization"),
        registration_pattern=_registration_pattern(table.table("numbering")),
        naming=_naming(table.table("college"), tiers),
        routes={tier: _route(rules) for tier, rules in tiers.items()},
        source=source,
        _limits=_limits(table.table("limits")),
        **_later_rules(table),
    )


def _later_rules(table: Table) -> dict[str, Any]:
    """What came into the file later: a text that was kept before may lack any of these tables."""
    readers: dict[str, tuple[str, Callable[[Table], Any]]] = {
        "deadlines": ("deadlines", _deadlines),
        "quiet_hours": ("quiet_hours", _quiet_hours),
        "calendar": ("calendar", _calendar),
        "approval": ("own_filing", lambda rules: OwnFiling(rules.choice("own_filing", list(OwnFiling)))),
        "people": ("people", _people_rules),
        "duties": ("duties", _duties),
        "sizes": ("size_reasons", lambda rules: tuple(rules.texts("reasons"))),
        "name_lengths": ("name_lengths", _name_lengths),
    }
    return {name: read(table.table(key)) for key, (name, read) in readers.items() if table.has(key)}


def _deadlines(table: Table) -> Deadlines:
    remind_after = table.integer("remind_after", 1, 60)
    return Deadlines(
        remind_after=remind_after,
        escalate_after=table.integer("escalate_after", remind_after, 60),
        number=table.integer("number", 1, 365),
        rename=table.integer("rename", 1, 365),
    )


def _quiet_hours(table: Table) -> QuietHours:
    return QuietHours(begin=table.integer("begin", 12, 23), end=table.integer("end", 0, 12))


def _calendar(table: Table) -> Calendar:
    days_off, working_days = frozenset(table.days("days_off")), frozenset(table.days("working_days"))
    if days_off & working_days:
        raise table.error("working_days", "leave out the days that are in days_off")
    return Calendar(days_off, working_days)


def _people_rules(table: Table) -> PeopleRules:
    return PeopleRules(
        student_titles=tuple(table.texts("student_titles")), most_groups=table.integer("most_groups", 1, 1_000)
    )


def _duties(table: Table) -> Duties:
    return Duties(members=tuple(table.texts("members")), administrators=tuple(table.texts("administrators")))


def _name_lengths(table: Table) -> dict[Platform, int]:
    """How long a name may be where the file says so; another platform has no limit of its own."""
    return {
        platform: table.integer(platform.value, 4, LONGEST_NAME) for platform in Platform if table.has(platform.value)
    }


def _tiers(table: Table) -> dict[Tier, Table]:
    return {tier: table.table(tier.value) for tier in Tier}


def _naming(college: Table, tiers: dict[Tier, Table]) -> Naming:
    return Naming(
        college_name=normalize_name(college.text("name")),
        college_short_name=normalize_name(college.text("short_name")),
        patterns={tier: _prefixes(rules) for tier, rules in tiers.items()},
    )


def _prefixes(rules: Table) -> tuple[str, ...]:
    return tuple(rules.choices("name_prefixes", PREFIX_PATTERNS))


def _route(rules: Table) -> tuple[RouteStep, ...]:
    return tuple(_step(step) for step in rules.tables("route"))


def _step(step: Table) -> RouteStep:
    article = step.text("article")
    if not _ARTICLE.fullmatch(article):
        raise step.error("article", "write it like 第八条 or 第八条第2项")
    return RouteStep(
        post=PostKind(step.choice("post", _APPROVING_POSTS)),
        of=Whose(step.choice("of", list(Whose))),
        article=article,
        sentence=step.text("sentence"),
    )


def _limits(table: Table) -> Limits:
    fewest = table.integer("min_administrators", 1, MOST_ADMINISTRATORS)
    return Limits(
        size=table.integer("size", 1, 100_000),
        min_administrators=fewest,
        max_administrators=table.integer("max_administrators", fewest, MOST_ADMINISTRATORS),
    )


def _registration_pattern(numbering: Table) -> str:
    """The pattern of the 备案编号, sure to give every registration of every year a number of its own."""
    pattern = numbering.text("registration_number")
    if not _is_registration_pattern(pattern):
        raise numbering.error(
            "registration_number",
            f'write {{year}} once and {{sequence}} or {{sequence:04d}} once, like "{_SAMPLE_PATTERN}", '
            f"for a number of at most {_NUMBER_LENGTH} characters",
        )
    return pattern


def _is_registration_pattern(pattern: str) -> bool:
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        return False
    fields = [(name, spec) for _, name, spec, conversion in parts if name is not None and not conversion]
    whole = len(fields) == 2 and {name for name, _ in fields} == {"year", "sequence"}
    plain = all(re.fullmatch("" if name == "year" else "(0[1-9])?d?", spec or "") for name, spec in fields)
    return whole and plain and len(pattern.format(year=2026, sequence=999_999)) <= _NUMBER_LENGTH
