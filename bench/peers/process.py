"""The small claim process that every peer runs, and what must have come out of it.

A claim is filed and durably recorded; its seller has until ``answer_by`` to answer; whichever comes first, the answer
or that moment, decides; the claim is paid exactly once. This file needs nothing but pydantic, because it is imported in
the peers' own environments as well.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SILENCE: Final = timedelta(seconds=2)
"""How long a seller has who will not answer."""
TIME_ENOUGH: Final = timedelta(hours=1)
"""How long one has who will: his timer is armed as durably as any, and must not fire."""


class Reason(StrEnum):
    """Why a claim was paid."""

    ANSWERED = "answered"
    SILENT = "silent"


class Claim(BaseModel):
    """About half a kilobyte as JSON. Whoever receives it validates it."""

    model_config = ConfigDict(frozen=True)

    claim_id: str = Field(min_length=1, max_length=64)
    filed_at: AwareDatetime
    answer_by: AwareDatetime
    seller_id: str = Field(min_length=1)
    order_id: str = Field(min_length=1)
    product: str
    currency: str = Field(pattern="^[A-Z]{3}$")
    amount_minor: int = Field(gt=0)
    narrative: str = Field(max_length=4000)
    evidence: tuple[str, ...] = ()


class Payout(NamedTuple):
    """One payment, as it stands in the table or on the topic."""

    claim_id: str
    reason: str
    amount_minor: int


SCHEMA: Final = """
create table claims (claim_id text primary key, filed_at timestamptz not null, answer_by timestamptz not null,
                     amount_minor bigint not null, claim jsonb not null, timer bigint);
create table payouts (claim_id text primary key, reason text not null, amount_minor bigint not null,
                      paid_at timestamptz not null default clock_timestamp());
"""
"""The keys are part of the process: steps are repeated after a crash, and an answer races with its timer. So no peer
that writes them can be seen to pay twice; what can be seen are claims not paid, and paid for the wrong reason. Ours has
no table, and is looked at for all three. ``paid_at`` is told by the row itself, however seldom anybody looks at it.
"""
RECORD: Final = "insert into claims values ($1, $2, $3, $4, $5, $6) on conflict do nothing"
PAY: Final = "insert into payouts values ($1, $2, $3) on conflict do nothing"
PAY_RECORDED: Final = """
insert into payouts select claim_id, $2, amount_minor from claims where claim_id = $1 on conflict do nothing
"""
"""For peers whose timers and answers carry no more than the claim's id."""
TIMER: Final = "select timer from claims where claim_id = $1"
"""The number of the timer, where one can be cancelled."""


def is_silent(n: int, count: int) -> bool:
    """Whether the n-th of so many claims waits for its timer.

    Half of them do, all among the first three quarters: the last timers fire while answered claims still come, so that
    no round ends with an idle wait for a timer.
    """
    return n < count * 3 // 4 and n % 3 != 0


def new_claim(claim_id: str, n: int, silent: bool, now: datetime) -> Claim:
    """The n-th claim; amounts differ, so that a sum tells whether the right ones were paid."""
    return Claim(
        claim_id=claim_id,
        filed_at=now,
        answer_by=now + (SILENCE if silent else TIME_ENOUGH),
        seller_id=f"seller-{n % 200}",
        order_id=f"order-{claim_id}",
        product="Electric Kettle",
        currency="EUR",
        amount_minor=1_000 + n * 37 % 9_000,
        narrative="The lid came off while pouring and hot water ran over the hand.",
        evidence=(f"evidence/{claim_id}/receipt.pdf", f"evidence/{claim_id}/hand.jpg"),
    )


def expected(claim: Claim, silent: bool) -> Payout:
    """The one payment that must follow from it."""
    return Payout(claim.claim_id, Reason.SILENT if silent else Reason.ANSWERED, claim.amount_minor)


def wrong_with(found: Iterable[Payout], due: Sequence[Payout]) -> list[str]:
    """What is not as it must be, in sentences: nothing, if every claim was paid exactly once, and rightly."""
    found = list(found)
    times = Counter(payout.claim_id for payout in found)
    owed = {payout.claim_id: payout for payout in due}
    paid, sum_due = (sum(payout.amount_minor for payout in payouts) for payouts in (found, due))
    findings = {
        "paid more than once": [claim_id for claim_id, count in times.items() if count > 1],
        "never paid": [claim_id for claim_id in owed if claim_id not in times],
        "paid and never filed": [claim_id for claim_id in times if claim_id not in owed],
        "paid for the wrong reason": [
            payout.claim_id
            for payout in found
            if payout.claim_id in owed and payout.reason != owed[payout.claim_id].reason
        ],
    }
    wrong = [f"{len(claims)} {what}, such as {claims[0]}" for what, claims in findings.items() if claims]
    return wrong + ([f"{paid} paid in all instead of {sum_due}"] if paid != sum_due else [])
