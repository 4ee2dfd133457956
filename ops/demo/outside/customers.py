"""Customers, through upstream, once a claim is under way: they change, withdraw, confirm, sign, and come back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after
from ops.demo.outside.party import SCALE, Saying, say
from shared.events.base import Envelope, Event, claim_id_of
from shared.events.claim import Document, DocumentKind, Lien, LossKind, ReopeningReason
from shared.events.escalation import NextStep, Outcome, ReleaseRequested, Status, StatusChanged
from shared.events.intake import InformationRequested
from shared.events.upstream import (
    ClaimAmended,
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    LienAsserted,
    Loss,
    PayeeChanged,
    ReleaseSigned,
    ReopeningRequested,
    SettlementConfirmed,
    SettlementDisputed,
)


class Withdraws(Enum):
    """When a customer takes the claim back."""

    NEVER = "never"
    AT_ONCE = "within hours"
    WHEN_ASKED = "when papers are asked for"
    BEFORE_DECISION = "while the seller is asked"
    DURING_PAYOUT = "while the money is on its way"
    AFTER = "when it has ended"


class Amends(Enum):
    """How a customer changes what is claimed."""

    NEVER = "never"
    BEFORE_ACCEPTANCE = "adds a loss when papers are asked for"
    MORE = "adds a small loss while the seller is asked"
    OVER_LINE = "adds a large loss while the seller is asked"
    OVER_CAP = "adds a loss above every cap while the seller is asked"
    LESS = "claims the price alone after all"
    AFTER_PAYMENT = "adds a loss when it has been paid"
    OVER_LINE_AFTER = "adds a large loss when it has been paid"
    OVER_CAP_AFTER = "adds a loss above every cap when it has been paid"


class Word(Enum):
    """What the customer says of a settlement by the seller or the insurer."""

    CONFIRMS = "confirms"
    DISPUTES = "disputes"
    SILENT = "nothing"


class Reopens(Enum):
    """Why a customer wants a claim that has ended looked at again."""

    NOT = "does not"
    APPEALS = "appeals"
    EVIDENCE = "has new evidence"
    PAPERS_FOUND = "has found the papers"


class NewPayee(Enum):
    """What a customer does whom the money could not be paid to."""

    NAMED = "names another payee"
    NONE = "nothing"


class Payee(Enum):
    """Whether a customer names another payee before anything was paid."""

    KEPT = "keeps the payee"
    CHANGED = "names another"


class Liens(Enum):
    """Whether a health insurer asks for its share of the payment."""

    NONE = "none"
    ASSERTED = "asserted while the seller is asked"


class Release(Enum):
    """Whether the customer signs the release."""

    SIGNED = "signs"
    REMINDED = "signs when asked once more"
    NEVER = "does not sign"


WITHDRAWS: Final = {
    Withdraws.NEVER: 97,
    Withdraws.AT_ONCE: 0.5,
    Withdraws.WHEN_ASKED: 0.5,
    Withdraws.BEFORE_DECISION: 1,
    Withdraws.DURING_PAYOUT: 0.5,
    Withdraws.AFTER: 0.5,
}
AMENDS: Final = {
    Amends.NEVER: 95,
    Amends.BEFORE_ACCEPTANCE: 0.5,
    Amends.MORE: 1,
    Amends.OVER_LINE: 1,
    Amends.OVER_CAP: 0.2,
    Amends.LESS: 1,
    Amends.AFTER_PAYMENT: 0.8,
    Amends.OVER_LINE_AFTER: 0.4,
    Amends.OVER_CAP_AFTER: 0.1,
}
WORDS: Final = {Word.CONFIRMS: 60, Word.DISPUTES: 15, Word.SILENT: 25}
NEW_PAYEES: Final = {NewPayee.NAMED: 65, NewPayee.NONE: 35}
PAYEES: Final = {Payee.KEPT: 98, Payee.CHANGED: 2}
LIENS: Final = {Liens.NONE: 97.5, Liens.ASSERTED: 2.5}
RELEASES: Final = {Release.SIGNED: 84, Release.REMINDED: 8, Release.NEVER: 8}
_PAID: Final = {Reopens.NOT: 97.5, Reopens.APPEALS: 2.5}
REOPENS: Final[Mapping[Outcome, Mapping[Reopens, float]]] = {
    Outcome.DENIED: {Reopens.NOT: 82, Reopens.APPEALS: 11, Reopens.EVIDENCE: 7},
    Outcome.NO_RESPONSE: {Reopens.NOT: 70, Reopens.PAPERS_FOUND: 30},
    Outcome.WITHDRAWN: {Reopens.NOT: 85, Reopens.EVIDENCE: 15},
    Outcome.RESOLVED_BY_SELLER: _PAID,
    Outcome.DIRECT_PAID: _PAID,
    Outcome.STEPPED_IN_SILENT: _PAID,
    Outcome.STEPPED_IN_REJECTED: _PAID,
}
"""By how the claim ended."""
_OPEN: Final = frozenset({Status.WITH_SELLER, Status.DIRECT_PAY})
_WHILE_OPEN: Final = frozenset({Amends.MORE, Amends.OVER_LINE, Amends.OVER_CAP, Amends.LESS})
_AFTERWARDS: Final = frozenset({Amends.AFTER_PAYMENT, Amends.OVER_LINE_AFTER, Amends.OVER_CAP_AFTER})
PAID_OUTCOMES: Final = frozenset(
    {Outcome.DIRECT_PAID, Outcome.RESOLVED_BY_SELLER, Outcome.STEPPED_IN_SILENT, Outcome.STEPPED_IN_REJECTED}
)
_ADDED_MINOR: Final = {
    Amends.BEFORE_ACCEPTANCE: 4_500,
    Amends.MORE: 6_500,
    Amends.AFTER_PAYMENT: 8_900,
    Amends.OVER_LINE: 185_000,
    Amends.OVER_LINE_AFTER: 185_000,
    Amends.OVER_CAP: 120_000_000,
    Amends.OVER_CAP_AFTER: 120_000_000,
}
"""What the added loss comes to, before the scale of the currency."""


class Customers:
    name: ClassVar = "customers"
    hears: ClassVar = frozenset[type[Event]]({StatusChanged, ReleaseRequested, InformationRequested})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._on_file: dict[str, ClaimSubmitted] = {}
        self._done: set[tuple[str, str]] = set()
        self._asked_to_sign: dict[UUID, list[str]] = {}

    def file(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        """Remembers the claims that will change; a few are taken back at once."""
        if self._amends(claim.submission_id) is not Amends.NEVER or self._lien(claim.submission_id):
            self._on_file[claim.submission_id] = claim
        if self._withdraws(claim.submission_id) is not Withdraws.AT_ONCE:
            return []
        pause = after(self._chance(claim.submission_id, "takes back"), 0.0, 0.1)
        return say(at + pause, ClaimWithdrawn(submission_id=claim.submission_id))

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case StatusChanged(status=Status.CLOSED):
                return self._ended(event, envelope.time)
            case StatusChanged():
                return self._moved(event, envelope.time)
            case ReleaseRequested():
                return self._sign(event, envelope)
            case InformationRequested():
                return self._asked(event, envelope.time)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _withdraws(self, submission_id: str) -> Withdraws:
        return self._fate.decides(claim_id_of(submission_id), self._chance(submission_id, "withdraws"), WITHDRAWS)

    def _amends(self, submission_id: str) -> Amends:
        return self._fate.decides(claim_id_of(submission_id), self._chance(submission_id, "amends"), AMENDS)

    def _lien(self, submission_id: str) -> bool:
        chosen = self._fate.decides(claim_id_of(submission_id), self._chance(submission_id, "lien"), LIENS)
        return chosen is Liens.ASSERTED

    def _once(self, submission_id: str, what: str) -> bool:
        """Whether this is done now; a status is told again and again."""
        if (submission_id, what) in self._done:
            return False
        self._done.add((submission_id, what))
        return True

    def _asked(self, request: InformationRequested, at: datetime) -> list[Saying]:
        said, submission_id = list[Saying](), request.submission_id
        if self._withdraws(submission_id) is Withdraws.WHEN_ASKED and self._once(submission_id, "withdraws"):
            said += say(at + timedelta(minutes=20), ClaimWithdrawn(submission_id=submission_id))
        if self._amends(submission_id) is Amends.BEFORE_ACCEPTANCE and self._once(submission_id, "amends"):
            said += self._amended(submission_id, at + timedelta(minutes=30))
        return said

    def _moved(self, status: StatusChanged, at: datetime) -> list[Saying]:
        submission_id, said = status.submission_id, list[Saying]()
        if status.status in _OPEN and self._once(submission_id, "is open"):
            said += self._while_open(status, at)
        if status.status is Status.PAYOUT_PENDING and self._withdraws(submission_id) is Withdraws.DURING_PAYOUT:
            said += self._taken_back(submission_id, at + timedelta(minutes=1))
        if status.next_step is NextStep.CONFIRM_SETTLEMENT and self._once(submission_id, f"settled {status.round}"):
            said += self._word(status, at)
        return said

    def _while_open(self, status: StatusChanged, at: datetime) -> list[Saying]:
        """What comes between the acceptance and the decision, on direct pay within hours."""
        submission_id, said = status.submission_id, list[Saying]()
        luck = self._chance(submission_id, "open")
        soon = at + after(luck, 0.02, 0.8)
        if self._withdraws(submission_id) is Withdraws.BEFORE_DECISION:
            said += self._taken_back(submission_id, soon)
        if self._amends(submission_id) in _WHILE_OPEN and self._once(submission_id, "amends"):
            said += self._amended(submission_id, soon)
        claim = self._on_file.get(submission_id)
        if claim is not None and self._lien(submission_id):
            medical = sum(loss.amount_minor for loss in claim.losses if loss.kind is LossKind.MEDICAL)
            lien = Lien(holder_ref=f"health-insurer-{luck.randint(1, 9)}", amount_minor=max(500, medical // 3))
            said += say(soon, LienAsserted(submission_id=submission_id, lien=lien))
        if self._fate.decides(status.claim_id, luck, PAYEES) is Payee.CHANGED:
            said += say(soon, PayeeChanged(submission_id=submission_id, payee=f"account-{status.claim_id.hex[:12]}"))
        return said

    def _ended(self, status: StatusChanged, at: datetime) -> list[Saying]:
        submission_id = status.submission_id
        luck = self._chance(submission_id, "ended")
        pause, said = after(luck, 0.5, 6), list[Saying]()
        if status.outcome is None:
            return said
        if status.outcome is Outcome.PAYOUT_FAILED and self._once(submission_id, "payee"):
            if self._fate.decides(status.claim_id, luck, NEW_PAYEES) is NewPayee.NAMED:
                payee = f"other-account-{status.claim_id.hex[:12]}"
                said += say(at + pause, PayeeChanged(submission_id=submission_id, payee=payee))
            return said
        if self._withdraws(submission_id) is Withdraws.AFTER:
            said += self._taken_back(submission_id, at + pause)
        if status.outcome in PAID_OUTCOMES and self._amends(submission_id) in _AFTERWARDS:
            said += self._amended(submission_id, at + pause) if self._once(submission_id, "amends") else []
        elif status.outcome in REOPENS and self._once(submission_id, "reopens"):
            said += self._reopens(status, REOPENS[status.outcome], at + pause)
        return said

    def _reopens(self, status: StatusChanged, shares: Mapping[Reopens, float], at: datetime) -> list[Saying]:
        """A request, and with papers that were found the papers."""
        submission_id = status.submission_id
        match self._fate.decides(status.claim_id, self._chance(submission_id, "reopens"), shares):
            case Reopens.NOT:
                return []
            case Reopens.APPEALS:
                reason = ReopeningReason.CUSTOMER_APPEAL
            case Reopens.EVIDENCE:
                reason = ReopeningReason.NEW_EVIDENCE
            case Reopens.PAPERS_FOUND:
                reason = ReopeningReason.PAPERS_FOUND
        request = ReopeningRequested(
            submission_id=submission_id, request_id=f"reopening-{status.claim_id}", reason=reason
        )
        return say(at, request)

    def _word(self, status: StatusChanged, at: datetime) -> list[Saying]:
        luck = self._chance(status.submission_id, "settled")
        at += after(luck, 0.5, 10)
        match self._fate.decides(status.claim_id, luck, WORDS):
            case Word.CONFIRMS:
                return say(at, SettlementConfirmed(submission_id=status.submission_id))
            case Word.DISPUTES:
                return say(at, SettlementDisputed(submission_id=status.submission_id))
            case Word.SILENT:
                return []

    def _sign(self, asked: ReleaseRequested, envelope: Envelope) -> list[Saying]:
        requests = self._asked_to_sign.setdefault(asked.claim_id, [])
        if envelope.id not in requests:
            requests.append(envelope.id)
        luck = self._chance(asked.submission_id, "release")
        chosen = self._fate.decides(asked.claim_id, luck, RELEASES)
        waits = chosen is Release.REMINDED and requests[0] == envelope.id
        if chosen is Release.NEVER or waits:
            return []
        signed = ReleaseSigned(submission_id=asked.submission_id, release=f"release:{envelope.id}")
        return say(envelope.time + after(luck, 0.5, 12), signed)

    def _taken_back(self, submission_id: str, at: datetime) -> list[Saying]:
        return say(at, ClaimWithdrawn(submission_id=submission_id)) if self._once(submission_id, "withdraws") else []

    def _amended(self, submission_id: str, at: datetime) -> list[Saying]:
        """All losses as they are now, and ten minutes later the paper for the one that is new."""
        claim, amends = self._on_file.get(submission_id), self._amends(submission_id)
        if claim is None:
            return []
        amendment_id, added_minor = f"amendment-{claim_id_of(submission_id)}", _ADDED_MINOR.get(amends)
        if added_minor is None:
            less = ClaimAmended(submission_id=submission_id, amendment_id=amendment_id, losses=claim.losses[:1])
            return say(at, less)
        amount_minor = added_minor * SCALE.get(claim.currency, 1)
        new = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=amount_minor)
        losses = (*claim.losses[:49], new)
        estimate = Document(
            kind=DocumentKind.ESTIMATE, item=len(losses), dated_on=at.date(), reference=f"doc:{amendment_id}"
        )
        more = ClaimAmended(submission_id=submission_id, amendment_id=amendment_id, losses=losses)
        proof = DocumentsSubmitted(submission_id=submission_id, documents=(estimate,))
        return [*say(at, more), *say(at + timedelta(minutes=10), proof)]
