"""The regulation as one value: who approves, what is checked, how filings are numbered."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from regulation import checks, tiers
from regulation import people as people_checks
from regulation.findings import Finding, Proposal, Severity, warn
from regulation.naming import Naming
from regulation.text import normalize_name
from regulation.tiers import Described
from regulation.words import FilingKind, Platform, PostKind, Tier, Whose, Word
from regulation.working_days import Calendar, QuietHours


@dataclass(frozen=True)
class RouteStep:
    """One approval of a route: which post decides, of which department, and where the regulation says so."""

    post: PostKind
    of: Whose
    article: str
    sentence: str


@dataclass(frozen=True)
class Limits:
    """How many people: members before a reason is due (第十条), administrators of a group (annex)."""

    size: int
    min_administrators: int
    max_administrators: int


@dataclass(frozen=True)
class Deadlines:
    """How long what may wait: an approval, in working days, until it is reminded of and until it is reported; what a
    registered group still owes, in days."""

    remind_after: int = 1
    escalate_after: int = 3
    number: int = 7
    rename: int = 30


class OwnFiling(Word):
    """What becomes of an approval that only the applicant could give: it passes, marked, or the leader gives it."""

    PASS = "pass", "申请人即审核人"
    COLLEGE_LEADER = "college_leader", "由主管院领导审核"


@dataclass(frozen=True)
class PeopleRules:
    """What is asked of those who answer for a group: which 职务 students have, and how many groups are many."""

    student_titles: tuple[str, ...] = ("学生",)
    most_groups: int = 10

    def is_student(self, job_title: str) -> bool:
        """Whether this 职务 says of somebody that they are a student."""
        return normalize_name(job_title) in self.student_titles


@dataclass(frozen=True)
class Duties:
    """What owners and administrators confirm: the conduct of 第六条 and the duties of 第七条, item by item."""

    members: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundTier:
    """In whose name a group is opened as far as can be told, and why, in a sentence that cites 第八条."""

    tier: Tier
    article: str
    reason: str
    certain: bool


@dataclass(frozen=True)
class Regulation:
    """One version of a college's 互联网群组管理办法, as its data file gives it."""

    version: str
    title: str
    document_number: str
    registry_office: str
    commitment: str
    """The annex's 部门意见, which the applicant promises."""
    retroactive_note: str
    organization_note: str
    registration_pattern: str
    naming: Naming
    routes: Mapping[Tier, tuple[RouteStep, ...]] = field(hash=False)
    source: str = field(repr=False)
    """The data file's whole text, so that a filing can keep the rules it was filed under."""
    _limits: Limits = field(repr=False)
    # What a text that was kept before they came does not say stands here as it was done then, or by default.
    deadlines: Deadlines = Deadlines()
    quiet_hours: QuietHours = field(default_factory=QuietHours)
    calendar: Calendar = field(default_factory=Calendar)
    own_filing: OwnFiling = OwnFiling.PASS
    people: PeopleRules = PeopleRules()
    duties: Duties = Duties()
    size_reasons: tuple[str, ...] = ()
    """Reasons that a large group may choose from (第十条)."""
    name_lengths: Mapping[Platform, int] = field(default_factory=dict, hash=False)
    """How many characters each platform has room for in a group's name."""

    @property
    def college_short_name(self) -> str:
        """学院简称, for example 川护."""
        return self.naming.college_short_name

    @property
    def size_limit(self) -> int:
        """The number of members above which a reason is due (第十条)."""
        return self._limits.size

    @property
    def digest(self) -> str:
        """The SHA-256 of the source text in hexadecimal: which rules these are."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def may_remind(self, at: datetime) -> bool:
        """Whether people may be reminded at this moment of the college's time: on a working day, by day."""
        return self.calendar.is_awake(at, self.quiet_hours)

    def awake_from(self, at: datetime) -> datetime:
        """The first moment from this one of the college's time on at which people may be reminded."""
        return self.calendar.counts_from(at, self.quiet_hours)

    def latest_due(self, now: datetime, working_days: int) -> datetime:
        """The latest moment that is due after so many working days, at one when people may be reminded."""
        return self.calendar.latest_due(now, working_days)

    def waited(self, since: datetime, now: datetime) -> int:
        """How many whole working days have passed between two moments of the college's time."""
        return self.calendar.waited(since, now, self.quiet_hours)

    def limits(self) -> Limits:
        """How large a group may grow, and how many administrators it has."""
        return self._limits

    def route(self, tier: Tier) -> tuple[RouteStep, ...]:
        """Who approves a group of this tier, in order (第八条)."""
        return self.routes[tier]

    def check(self, proposal: Proposal) -> list[Finding]:
        """Everything the regulation says about a proposal, refusals first, each part in the form's order.

        A group that is being dissolved is asked nothing: whatever is wrong with it ends with it.
        """
        if proposal.kind is FilingKind.DISSOLVE:
            return []
        findings = chain(
            checks.platform_findings(proposal),
            self._tier_findings(proposal),
            self.naming.findings(
                proposal, rename_within=self.deadlines.rename, longest=self.name_lengths.get(proposal.platform)
            ),
            checks.number_findings(proposal),
            checks.owner_account_findings(proposal),
            checks.size_findings(proposal, self.size_limit),
            checks.composition_findings(proposal),
            checks.opening_findings(proposal),
            checks.ending_findings(proposal),
            people_checks.student_findings(proposal, self.people.is_student),
            people_checks.hint_findings(proposal, self.people.most_groups),
        )
        return sorted(findings, key=lambda finding: finding.severity is Severity.WARN)

    def find_tier(self, group: Described) -> FoundTier:
        """In whose name the group is opened, by what is said of it, and the item of 第八条 that then holds."""
        sign = tiers.find_tier(self.naming, group)
        step = self.route(sign.tier)[-1]
        return FoundTier(sign.tier, step.article, f"{sign.shown_by}，{step.sentence}（{step.article}）。", sign.certain)

    def breaks_naming(self, tier: Tier, name: str, unit_short_name: str) -> bool:
        """Whether a group of this tier and unit may not be called so (第九条)."""
        return self.naming.breaks(tier, name, unit_short_name)

    def propose_name(self, proposal: Proposal) -> str:
        """A name of 第九条 that is none of `proposal.taken_names`, and fits the platform as far as that is possible."""
        return self.naming.propose(proposal, self.name_lengths.get(proposal.platform))

    def _tier_findings(self, proposal: Proposal) -> Iterator[Finding]:
        """第八条: a tier chosen against what the filing says of itself; the choice stands.

        The college's name where its tier was not chosen is a matter of 第九条, and said there.
        """
        group = Described(
            proposal.unit_kind, proposal.unit_short_name, proposal.name, proposal.composition, proposal.purpose
        )
        found = self.find_tier(group)
        if proposal.tier in (found.tier, Tier.COLLEGE) or not found.certain:
            return
        chosen = proposal.tier.label
        if found.tier is not Tier.COLLEGE or (
            proposal.tier is Tier.COLLEGE_ORGANIZATION and not tiers.names_organization(group)
        ):
            remedy = f"现选“{chosen}”，如应为“{found.tier.label}”请改选；确属“{chosen}”的可以不改。"
            yield warn(found.article, "tier", found.reason, remedy)

    def succeed_name(self, tier: Tier, name: str, unit_short_name: str, former_short_names: Iterable[str]) -> str:
        """A name near the group's own that 第九条 accepts; its own, trimmed, if that will do.

        A short name that its unit had before it was renamed, merged or split gives way to the present one.
        """
        return self.naming.succeed(tier, name, unit_short_name, former_short_names)

    def format_registration_number(self, year: int, sequence: int) -> str:
        """The 备案编号 of a year's n-th registration, counted from 1: for example 川护群备〔2026〕0001号."""
        return self.registration_pattern.format(year=year, sequence=sequence)
