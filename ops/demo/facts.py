"""Keeps what the events tell of all claims, as they are heard. No I/O.

What a service of ours says is heard once, in the order of its topic; topics are heard in no order among each other.
What the outside says may be heard again.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ops.demo.standing import Claim, Money, Payout
from shared.events.adjusters import ReviewKind
from shared.events.base import Event, claim_id_of
from shared.events.escalation import (
    ClaimClosed,
    ClaimDecided,
    Notice,
    Outcome,
    PayoutAuthorized,
    PayoutRecalled,
    ReviewOpened,
    StatusChanged,
)
from shared.events.finance import (
    InsurerPaymentReceived,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    HazardLevel,
    InformationRequested,
    ProductHazardFlagged,
    SubmissionRefused,
)
from shared.events.recovery import (
    DebitNoticed,
    FinanceResultQuestioned,
    InsurerDemanded,
    ProofRequested,
    RecoveryClosed,
    RecoveryDisputed,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    RecoveryWrittenOff,
    ReimbursementWaived,
    ResultProblem,
    SellerDebitRequested,
    SellerRefundRequested,
)
from shared.events.upstream import ClaimSubmitted

_LEVELS: Final = tuple(HazardLevel)


class Facts:
    """Everything heard so far."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self.hazards: dict[str, HazardLevel] = {}
        """Product → the highest level at which it was flagged."""
        self.changed_at = time.monotonic()
        """When something last happened to a claim or its money; a deadline that only moved is nothing."""
        self.first_submitted_at = 0
        self.last_decided_at = 0

    def hear(self, kind: str, key: str, value: bytes | None, at: int) -> None:
        """One event of a type in ``WATCHED``: its key, its body, and the record's moment."""
        if kind == ProductHazardFlagged.__name__:
            level = HazardLevel(json.loads(value or b"")["level"])
            self.hazards[key] = max(self.hazards.get(key, level), level, key=_LEVELS.index)
            return
        if kind == ClaimSubmitted.__name__:
            key = key.replace("\x00", "")[:128]  # as intake names one that it refuses
            claim_id = str(claim_id_of(key))
        else:
            claim_id = key
        claim = self.claims.get(claim_id)
        if claim is None:
            claim = self.claims[claim_id] = Claim(claim_id)
        bare = _BARE.get(kind)
        try:
            moved = bare(self, claim, key, at) if bare else _TOLD[kind](claim, json.loads(value or b""))
        except (ValueError, LookupError, TypeError):
            return  # no fact: services keep it as a dead letter
        if moved:
            self.changed_at = time.monotonic()

    def submitted(self) -> Iterator[Claim]:
        """Claims whose submission was published; a submission sent twice is one claim."""
        return (claim for claim in self.claims.values() if claim.submitted_at)

    def waiting(self) -> Iterator[Claim]:
        """Claims that have not ended, or whose recovery has not."""
        return (claim for claim in self.submitted() if not claim.ended or claim.in_recovery)

    def states(self) -> Counter[str]:
        """Claims by where they stand: a status while they run, their outcome when they have ended."""
        return Counter(c.named_outcome().value if c.ended else c.status for c in self.submitted())

    def outcomes(self) -> Counter[Outcome]:
        return Counter(claim.named_outcome() for claim in self.submitted())

    def money(self) -> dict[str, Money]:
        """By currency."""
        found: dict[str, Money] = {}
        for claim in self.claims.values():
            if claim.paid:
                found[claim.currency] = found.get(claim.currency, Money()).plus(claim.money())
        return dict(sorted(found.items()))

    def latencies(self) -> list[int]:
        """Milliseconds from submission to first decision, in ascending order."""
        return sorted(max(0, c.decided_at - c.submitted_at) for c in self.submitted() if c.decided_at)

    def note_submitted(self, claim: Claim, key: str, at: int) -> bool:
        if claim.submitted_at:
            return False
        claim.submission_id, claim.submitted_at = key, at
        self.first_submitted_at = min(self.first_submitted_at or at, at)
        return True

    def note_decided(self, claim: Claim, _: str, at: int) -> bool:
        if claim.decided_at:
            return False
        claim.decided_at = at
        self.last_decided_at = max(self.last_decided_at, at)
        return True


def _refused(claim: Claim, body: Any) -> bool:
    """What was no claim; not what contradicts a claim that stands."""
    before = claim.refused
    claim.refused = before or not body.get("contradicts", False)
    return claim.refused != before


def _status_changed(claim: Claim, body: Any) -> bool:
    before = claim.status, claim.owner, claim.outcome
    claim.status, claim.owner, claim.by = body["status"], body["owner"], body["by"]
    claim.outcome = Outcome(body["outcome"]) if body["outcome"] else None
    claim.delayed = claim.delayed or body["notice"] == Notice.DELAYED
    claim.item_reasons = tuple(reason for item in body["items"] for reason in item["reasons"])
    return before != (claim.status, claim.owner, claim.outcome)


def _closed(claim: Claim, body: Any) -> bool:
    claim.closed, claim.reasons = Outcome(body["outcome"]), tuple(body["reasons"])
    return True


def _reviewed(claim: Claim, body: Any) -> bool:
    claim.investigated = claim.investigated or body["review"] == ReviewKind.INVESTIGATION
    return False


def _decided(claim: Claim, body: Any) -> bool:
    claim.decided[body["round"]] = body["allowed_minor"]
    return True


def _authorised(claim: Claim, body: Any) -> bool:
    payout = claim.payouts.setdefault(body["payout_id"], Payout())
    payout.currency, payout.authorised_minor = body["currency"], body["amount_minor"]
    return True


def _paid(claim: Claim, body: Any) -> bool:
    payout = claim.payouts.setdefault(body["payout_id"], Payout(currency=body["currency"]))
    return _kept_once(payout.paid, body["finance_reference"], body["amount_minor"])


def _returned(claim: Claim, body: Any) -> bool:
    payout = claim.payouts.setdefault(body["payout_id"], Payout(currency=body["currency"]))
    return _kept_once(payout.returned, body["finance_reference"], body["amount_minor"])


def _received(name: str) -> "Callable[[Claim, Any], bool]":
    """Money that came in under a debit, a demand, or of the seller's own accord."""

    def note(claim: Claim, body: Any) -> bool:
        return _kept_once(claim.recovery.received, (body[name], body["finance_reference"]), body["amount_minor"])

    return note


def _refund_requested(claim: Claim, body: Any) -> bool:
    return _kept_once(claim.recovery.refunds, body["refund_id"], body["amount_minor"])


def _refund_paid(claim: Claim, body: Any) -> bool:
    return _kept_once(claim.recovery.refunded, body["refund_id"], body["amount_minor"])


def _waived(claim: Claim, body: Any) -> bool:
    claim.recovery.waived += body["amount_minor"]
    return True


def _reversed(claim: Claim, body: Any) -> bool:
    claim.recovery.disputed = False
    return _waived(claim, body)


def _written_off(claim: Claim, body: Any) -> bool:
    claim.recovery.written_off += body["amount_minor"]
    return True


def _recovery_closed(claim: Claim, body: Any) -> bool:
    """What was waived and written off over time is told anew, as it is when all is over."""
    recovery = claim.recovery
    recovery.stage = RecoveryClosed.__name__
    recovery.waived, recovery.written_off = body["waived_minor"], body["written_off_minor"]
    return True


def _demanded(claim: Claim, body: Any) -> bool:
    claim.recovery.demands.add(body["demand_id"])
    return _pursued(InsurerDemanded)(claim, body)


def _questioned(claim: Claim, body: Any) -> bool:
    """Of an insurer's money what was not ours, or is not any more; the seller's is told of as a refund."""
    key, sellers = body["idempotency_key"], body["problem"] != ResultProblem.OVER_COLLECTED
    if sellers or not (key in claim.recovery.demands or key in claim.payouts):
        return False
    claim.recovery.of_insurers += body["amount_minor"]
    return True


def _disputed(claim: Claim, _: Any) -> bool:
    claim.recovery.disputed, before = True, claim.recovery.disputed
    return not before


def _recalled(claim: Claim, _: Any) -> bool:
    claim.recovery.recalled = True
    return True


def _resumed(claim: Claim, _: Any) -> bool:
    claim.recovery.disputed = False
    return True


def _pursued(kind: type[Event]) -> "Callable[[Claim, Any], bool]":
    """Where the pursuit stands. Debits come on a topic of their own: one may be heard after the closing."""
    begins_again = kind is not SellerDebitRequested

    def note(claim: Claim, _: Any) -> bool:
        stage = claim.recovery.stage
        if stage == kind.__name__ or (stage == RecoveryClosed.__name__ and not begins_again):
            return False
        claim.recovery.stage = kind.__name__
        return True

    return note


def _kept_once(amounts: "dict[Any, int]", key: object, amount: int) -> bool:
    """False: known already."""
    new = key not in amounts
    amounts.setdefault(key, int(amount))
    return new


_BARE: Final[Mapping[str, Callable[[Facts, Claim, str, int], bool]]] = {
    ClaimSubmitted.__name__: Facts.note_submitted,
    **{kind.__name__: Facts.note_decided for kind in (ClaimAccepted, ClaimDenied, InformationRequested)},
}
"""Events that tell enough by having happened: their body is not even looked at."""

_TOLD: Final[Mapping[str, Callable[[Claim, Any], bool]]] = {
    SubmissionRefused.__name__: _refused,
    StatusChanged.__name__: _status_changed,
    ClaimClosed.__name__: _closed,
    ReviewOpened.__name__: _reviewed,
    ClaimDecided.__name__: _decided,
    PayoutAuthorized.__name__: _authorised,
    PayoutRecalled.__name__: _recalled,
    PayoutPaid.__name__: _paid,
    PayoutReturned.__name__: _returned,
    SellerDebitCollected.__name__: _received("debit_id"),
    SellerPaymentReceived.__name__: _received("claim_id"),
    InsurerPaymentReceived.__name__: _received("demand_id"),
    SellerRefundRequested.__name__: _refund_requested,
    SellerRefundPaid.__name__: _refund_paid,
    ReimbursementWaived.__name__: _waived,
    RecoveryReversed.__name__: _reversed,
    RecoveryResumed.__name__: _resumed,
    RecoveryDisputed.__name__: _disputed,
    RecoveryWrittenOff.__name__: _written_off,
    RecoveryClosed.__name__: _recovery_closed,
    FinanceResultQuestioned.__name__: _questioned,
    InsurerDemanded.__name__: _demanded,
    **{kind.__name__: _pursued(kind) for kind in (RecoveryOpened, ProofRequested, DebitNoticed, SellerDebitRequested)},
}

WATCHED: Final = frozenset((*_BARE, *_TOLD, ProductHazardFlagged.__name__))
"""Types of events that are looked at; all others are skipped by their header."""
