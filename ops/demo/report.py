"""What came of a run: the figures, and whether every claim and every cent is where it must be."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import ceil
from typing import Any, Final

import asyncpg as _asyncpg

from ops.demo import quotes
from ops.demo.facts import Facts
from ops.demo.quotes import QuoteFigures
from ops.demo.rings import compared
from ops.demo.standing import Claim, Money
from ops.demo.stories import Findings
from ops.reach import database
from ops.reconcile import reconcile
from ops.reconcile.numbered import PUBLISHED
from shared.events.base import Fact
from shared.events.escalation import Outcome
from shared.events.intake import HazardLevel
from shared.money import display
from shared.runtime.settings import Settings

asyncpg: Any = _asyncpg  # it ships no types; what it returns is narrowed here

_AT_ONCE: Final = 1000
SHOWN: Final = 20
"""Problems and waiting claims that are named on the screen; the file names them all."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What must not be. ``kind``: lost, paid_twice, sums, told or differs."""

    kind: str
    claim_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the services have on record: the ledger, and what a claim that runs waits for."""

    ledger: Mapping[str, tuple[str, Money]] = field(default_factory=dict[str, tuple[str, Money]])
    """Claim → currency and money."""
    totals: Mapping[str, Money] = field(default_factory=dict[str, Money])
    """By currency, from the trial balance."""
    claim_due: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """Claim → when it is asked again."""
    recovery_due: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    parked: Mapping[str, str] = field(default_factory=dict[str, str])
    """Claim → why one of the services could not decide about it."""
    overdue: int = 0
    """Claims and submissions whose handling clock has run out, and which still wait."""


class Ways(Fact):
    """Of one named route: how many claims took it, and how they ended."""

    claims: int
    outcomes: dict[str, int]


class Investigations(Fact):
    """How well screening found the fraud that was planted. None: what was planted is not known, or there is none."""

    investigated: int
    planted: int | None = None
    found: int | None = None
    precision: float | None = None
    recall: float | None = None


class Overdue(Fact):
    """Customers who were told of a delay; and what was still overdue by a handling clock when the run ended."""

    told_of_delay: int
    at_the_end: int


class Figures(Fact):
    """What is reported. Money in minor units; ``waiting`` claims wait on a deadline that is on record.

    ``claims_per_second``: claims by the real seconds from the first submission to the last first decision, which is
    what the machine needed; ``seconds``: the whole run, in which the compressed days pass.
    """

    claims: int
    lost: int
    paid_twice: int
    outcomes: dict[str, int]
    money: dict[str, dict[str, int]]
    claims_per_second: float
    decision_latency_ms: dict[str, float | None]
    seconds: float
    waiting_recoveries: int
    routes: dict[str, Ways]
    investigations: Investigations
    hazards: dict[str, int]
    """Level → products that were flagged at it, and at no higher one."""
    overdue: Overdue
    quotes: QuoteFigures
    problems: tuple[str, ...]


async def on_record(database_url: str, facts: Facts, now: datetime) -> OnRecord:
    """Reads the ledger, and of claims that have not ended the deadlines. ``now``: by the services' clock."""
    connection = await asyncpg.connect(database_url, timeout=20, command_timeout=60)
    try:
        ledger = {
            str(row["claim_id"]): (row["currency"], _money(row))
            for row in await connection.fetch("select * from recovery.claim_money")
        }
        totals = {row["currency"]: _money(row) for row in await connection.fetch("select * from recovery.money")}
        claims, recoveries, parked = dict[str, datetime](), dict[str, datetime](), dict[str, str]()
        for some in _batches(facts.waiting()):
            submissions = {claim.submission_id: claim.claim_id for claim in some}
            ids = [claim.claim_id for claim in some]
            for row in await connection.fetch(_INTAKE_DUE, list(submissions)):
                claims[submissions[row["key"]]] = row["due"]
            claims.update({row["key"]: row["due"] for row in await connection.fetch(_ESCALATION_DUE, ids)})
            recoveries.update({row["key"]: row["due"] for row in await connection.fetch(_RECOVERY_DUE, ids)})
            for row in await connection.fetch(_PARKED, [*ids, *submissions]):
                parked[submissions.get(row["key"]) or row["key"]] = f"{row['process']}: {row['error']}"
        overdue = await connection.fetchval(_OVERDUE, now)
    finally:
        await connection.close()
    return OnRecord(ledger, totals, claims, recoveries, parked, overdue)


def find_problems(facts: Facts, record: OnRecord, overdue: datetime) -> list[Problem]:
    """Everything that must not be, claim by claim, and the sums. A deadline before ``overdue`` is none any more."""
    problems = [problem for claim in facts.submitted() for problem in _problems_of(claim, record, overdue)]
    unheard = record.ledger.keys() - facts.claims.keys()
    problems += (Problem("sums", claim_id, "is in the ledger, and no event tells of it") for claim_id in unheard)
    for currency, money in record.totals.items():
        if not money.adds_up:
            problems.append(Problem("sums", currency, f"the ledger does not add up: {money}"))
    for currency in facts.money().keys() | record.totals.keys():
        told, booked = facts.money().get(currency, Money()), record.totals.get(currency, Money())
        if told != booked:
            problems.append(Problem("sums", currency, f"the events tell of {told}, the ledger of {booked}"))
    return problems


async def find_differences(settings: Settings) -> list[Problem]:
    """What `makegood reconcile` finds; but what was decided last, while the services ended, may be unpublished."""
    async with database(settings) as look:
        account = await reconcile(look, None, settings)
    return [
        Problem("differs", where, f"{check.name}: {what}")
        for check in account.checks
        if check.name != PUBLISHED
        for where, what in check.found
    ]


def figures(
    facts: Facts,
    record: OnRecord,
    problems: Sequence[Problem],
    *,
    findings: Findings,
    planted: Collection[str] | None,
    seconds: float,
) -> Figures:
    """The figures of a run that took so many real seconds. ``planted``: the submissions that are fraud, if known."""
    outcomes, latencies = facts.outcomes(), facts.latencies()
    claims = outcomes.total()
    deciding = (facts.last_decided_at - facts.first_submitted_at) / 1000
    money = record.totals or facts.money()
    hazards = Counter(facts.hazards.values())
    return Figures(
        claims=claims,
        lost=len({problem.claim_id for problem in problems if problem.kind == "lost"}),
        paid_twice=len({problem.claim_id for problem in problems if problem.kind == "paid_twice"}),
        outcomes={outcome.value: outcomes[outcome] for outcome in Outcome},
        money={currency: _as_dict(sums) for currency, sums in sorted(money.items())},
        claims_per_second=round(claims / deciding, 1) if deciding > 0 else 0.0,
        decision_latency_ms={"p50": quantile(latencies, 0.50), "p99": quantile(latencies, 0.99)},
        seconds=round(seconds, 1),
        waiting_recoveries=sum(claim.in_recovery for claim in facts.waiting()),
        routes={name: _ways(ends) for name, ends in findings.routes.items()},
        quotes=quotes.figures(quotes.spreads(findings.quotes)),
        investigations=_investigations(facts, planted),
        hazards={level.value: hazards[level] for level in HazardLevel},
        overdue=Overdue(told_of_delay=sum(claim.delayed for claim in facts.submitted()), at_the_end=record.overdue),
        problems=tuple(f"{problem.claim_id}: {problem.sentence}" for problem in problems),
    )


def _ways(ends: Counter[str]) -> Ways:
    return Ways(claims=ends.total(), outcomes=dict(ends.most_common()))


def _investigations(facts: Facts, planted: Collection[str] | None) -> Investigations:
    investigated = [claim.submission_id for claim in facts.submitted() if claim.investigated]
    if planted is None:
        return Investigations(investigated=len(investigated))
    found = compared(planted, investigated)
    return Investigations(
        investigated=found.investigated,
        planted=found.planted,
        found=found.found,
        precision=found.precision,
        recall=found.recall,
    )


def by_submission(facts: Facts) -> dict[str, dict[str, Any]]:
    """Submission id → outcome and every reason code."""
    return {
        c.submission_id: {"outcome": c.named_outcome().value, "reasons": c.all_reasons()} for c in facts.submitted()
    }


def quantile(ascending: Sequence[int], share: float) -> float | None:
    """The smallest value that at least this share of all does not exceed; None of nothing."""
    if not ascending:
        return None
    return float(ascending[max(0, ceil(share * len(ascending)) - 1)])


def waiting_lines(facts: Facts, record: OnRecord) -> list[str]:
    """What waits, for whom and until when."""
    waiting = list(facts.waiting())
    lines = [_waits(claim, record) for claim in waiting[:SHOWN]]
    return [*lines, f"… and {len(waiting) - SHOWN:,} more"] if len(waiting) > SHOWN else lines


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


COLUMNS: Final = ("paid_out", "recovered", "waived", "written_off", "outstanding")


def _problems_of(claim: Claim, record: OnRecord, overdue: datetime) -> Iterator[Problem]:
    yield from _lost(claim, record, overdue)
    yield from _paid_twice(claim)
    if claim.outcome is not None and claim.closed is not None and claim.outcome is not claim.closed:
        yield Problem("told", claim.claim_id, f"ended as {claim.closed}, and the customer was told {claim.outcome}")
    told, (_, booked) = claim.money(), record.ledger.get(claim.claim_id, ("", Money()))
    if told != booked:
        yield Problem("sums", claim.claim_id, f"the events tell of {told}, its ledger of {booked}")
    elif not booked.adds_up:
        yield Problem("sums", claim.claim_id, f"its ledger does not add up: {booked}")
    elif booked.outstanding and not claim.in_recovery:
        sentence = f"its recovery is closed and {display(booked.outstanding, claim.currency)} are outstanding"
        yield Problem("sums", claim.claim_id, sentence)
    if owed := claim.recovery.owed_to_seller:
        yield Problem("sums", claim.claim_id, f"{display(owed, claim.currency)} are owed to the seller, and not paid")


def _lost(claim: Claim, record: OnRecord, overdue: datetime) -> Iterator[Problem]:
    if not claim.ended:
        what, due = f"submission {claim.submission_id}", record.claim_due.get(claim.claim_id)
    elif claim.in_recovery:
        what, due = "was paid, and its recovery", record.recovery_due.get(claim.claim_id)
    else:
        return
    why = record.parked.get(claim.claim_id)
    because = f" ({why})" if why else ""
    if due is None:
        yield Problem("lost", claim.claim_id, f"{what} waits for nothing{because}")
    elif due < overdue:
        yield Problem("lost", claim.claim_id, f"{what} was due on {due:%Y-%m-%d}, and nothing followed{because}")


def _paid_twice(claim: Claim) -> Iterator[Problem]:
    for payout_id, payout in claim.payouts.items():
        if payout.net_minor > payout.authorised_minor:
            more = display(payout.net_minor - payout.authorised_minor, claim.currency)
            references = ", ".join(payout.paid)
            yield Problem("paid_twice", claim.claim_id, f"payout {payout_id} was paid {more} too much: {references}")
    borne, decided = sum(payout.borne_minor for payout in claim.payouts.values()), sum(claim.decided.values())
    if borne > decided:
        sentence = f"{display(borne, claim.currency)} were paid and {display(decided, claim.currency)} decided"
        yield Problem("paid_twice", claim.claim_id, sentence)


def _waits(claim: Claim, record: OnRecord) -> str:
    if not claim.ended:
        what = f"is {claim.status.replace('_', ' ')}"
        who = f", the next step is the {claim.owner}'s" if claim.owner else ""
        due = record.claim_due.get(claim.claim_id)
    else:
        what, who = f"has ended ({claim.named_outcome()}), its recovery has not", ""
        due = record.recovery_due.get(claim.claim_id)
    until = f"until {due:%Y-%m-%d %H:%M} of the demo's clock" if due else "with no deadline on record"
    return f"{claim.submission_id} {what}{who}: waits {until}"


def _money(row: Any) -> Money:
    return Money(*(int(row[name]) for name in COLUMNS))


def _as_dict(money: Money) -> dict[str, int]:
    return {name: getattr(money, name) for name in COLUMNS}


def _batches(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    rest = iter(claims)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


_INTAKE_DUE = """
select key, due from intake.state where process = 'intake' and key = any($1::text[]) and due is not null
"""
_ESCALATION_DUE = """
select key, due from escalation.state where process = 'escalation' and key = any($1::text[]) and due is not null
"""
_RECOVERY_DUE = """
select key, due from recovery.state where process = 'recovery' and key = any($1::text[]) and due is not null
"""
_OVERDUE = """
select (select count(*) from intake.state where late_at <= $1)
    + (select count(*) from escalation.state where late_at <= $1)
    + (select count(*) from recovery.state where late_at <= $1)
"""
_PARKED = " union all ".join(
    f"select process, key, error from {schema}.held where key = any($1::text[]) and error is not null"  # noqa: S608
    for schema in ("intake", "seller_notifier", "escalation", "recovery")
)
