"""Upstream: customer service and partners, who pass on what customers send, say and keep to themselves."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import after, between, chance, pick
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event, claim_id_of
from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.intake import ClaimAccepted, InformationRequested, MissingPaper
from shared.events.seller_notifier import SettlementReported
from shared.events.upstream import (
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    SettlementConfirmed,
    SettlementDisputed,
)


class Papers(Enum):
    """When the customer sends the paper that proves one loss."""

    WITH_CLAIM = "with the claim"
    WHEN_ASKED = "when asked"
    NEVER = "never"


class Sends(Enum):
    """How papers that come with the claim come."""

    RIGHT_AFTER = "right after the claim"
    BEFORE = "before the claim"
    HOURS_LATER = "some hours later"


class Word(Enum):
    """What the customer says when the seller reports a settlement."""

    CONFIRMS = "confirms"
    DISPUTES = "disputes"
    SILENT = "silent"


PAPERS: Final = {Papers.WITH_CLAIM: 80, Papers.WHEN_ASKED: 15, Papers.NEVER: 5}
SENDS: Final = {Sends.RIGHT_AFTER: 80, Sends.BEFORE: 10, Sends.HOURS_LATER: 10}
WORDS: Final = {Word.CONFIRMS: 60, Word.DISPUTES: 15, Word.SILENT: 25}
WITHDRAWS: Final = 0.02
"""Share of customers who withdraw, some before the decision, some during it, some after."""

PAPER_FOR: Final = {
    LossKind.PURCHASE_PRICE: (DocumentKind.RECEIPT,),
    LossKind.MEDICAL: (DocumentKind.BILL, DocumentKind.BILL, DocumentKind.MEDICAL_RECORD),
    LossKind.LOST_EARNINGS: (DocumentKind.PAYSLIP,),
    LossKind.PROPERTY_DAMAGE: (DocumentKind.ESTIMATE, DocumentKind.ESTIMATE, DocumentKind.RECEIPT),
}
"""What customers have at hand for each kind of loss; for the others there is no paper."""


class Upstream:
    name: ClassVar = "upstream"
    hears: ClassVar = frozenset[type[Event]]({InformationRequested, ClaimAccepted, SettlementReported})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._submissions: dict[UUID, str] = {}
        self._unmatched: dict[UUID, Envelope] = {}

    def file(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        """What goes with a claim submitted at this moment: papers, and perhaps a withdrawal."""
        self._submissions[claim_id_of(claim.submission_id)] = claim.submission_id
        return [*self._papers(claim, at), *self._withdrawal(claim, at)]

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case InformationRequested():
                return self._answer_request(event, envelope.time)
            case ClaimAccepted():
                self._submissions[event.claim_id] = event.submission_id
                reported = self._unmatched.pop(event.claim_id, None)
                return self._reply(event.claim_id, reported) if reported else []
            case SettlementReported():
                return self._reply(event.claim_id, envelope)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return chance(self._seed, self.name, *about)

    def _plan(self, submission_id: str, item: int | None) -> Papers:
        return pick(self._chance(submission_id, "paper", item), PAPERS)

    def _papers(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        luck = self._chance(claim.submission_id, "sends")
        documents: list[Document] = []
        for item, loss in enumerate(claim.losses, start=1):
            kinds = PAPER_FOR.get(loss.kind)
            if kinds is None or self._plan(claim.submission_id, item) is not Papers.WITH_CLAIM:
                continue
            days = max(0, (claim.reported_on - claim.incident_on).days)
            dated_on = claim.incident_on + timedelta(days=luck.randint(0, days))
            if loss.kind is LossKind.PURCHASE_PRICE:
                dated_on = claim.purchased_on
            documents.append(
                Document(
                    kind=luck.choice(kinds),
                    item=item,
                    dated_on=dated_on,
                    reference=f"doc:{claim.submission_id[:60]}/{item}",
                )
            )
        match pick(luck, SENDS):
            case Sends.BEFORE:
                at -= after(luck, 0.001, 0.02)
            case Sends.HOURS_LATER:
                at += after(luck, 0.05, 0.3)
            case _:
                pass
        return self._send(luck, claim.submission_id, documents, at)

    def _withdrawal(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        luck = self._chance(claim.submission_id, "withdraws")
        if luck.random() >= WITHDRAWS:
            return []
        pause = after(luck, 0.0, 0.1) if luck.random() < 0.3 else after(luck, 0.5, 25)
        return [Saying(ClaimWithdrawn(submission_id=claim.submission_id), at + pause)]

    def _answer_request(self, request: InformationRequested, at: datetime) -> list[Saying]:
        luck = self._chance(request.submission_id, "asked")
        documents = [
            self._paper(luck, request.submission_id, missing, at)
            for missing in request.missing
            if missing.any_of and self._plan(request.submission_id, missing.item) is not Papers.NEVER
        ]
        late = luck.random() < 0.02
        when = request.respond_by + after(luck, 0.5, 3) if late else between(luck, at, request.respond_by, 0.03, 0.7)
        return self._send(luck, request.submission_id, documents, when)

    def _paper(self, luck: Random, submission_id: str, missing: MissingPaper, at: datetime) -> Document:
        return Document(
            kind=luck.choice(missing.any_of),
            item=missing.item,
            dated_on=at.date() - timedelta(days=luck.randint(1, 5)),
            reference=f"doc:{submission_id[:60]}/{missing.item or 'claim'}/asked",
        )

    def _send(self, luck: Random, submission_id: str, documents: list[Document], at: datetime) -> list[Saying]:
        """In one envelope, or for some customers one paper at a time."""
        if len(documents) > 1 and luck.random() < 0.15:
            parts: Iterable[list[Document]] = ([document] for document in documents)
        else:
            parts = [documents] if documents else []
        return [
            Saying(DocumentsSubmitted(submission_id=submission_id, documents=tuple(part)), at + n * timedelta(hours=3))
            for n, part in enumerate(parts)
        ]

    def _reply(self, claim_id: UUID, reported: Envelope) -> list[Saying]:
        submission_id = self._submissions.get(claim_id)
        if submission_id is None:
            self._unmatched[claim_id] = reported
            return []
        luck = self._chance(submission_id, "settled")
        at = reported.time + after(luck, 0.5, 10)
        match pick(luck, WORDS):
            case Word.CONFIRMS:
                return [Saying(SettlementConfirmed(submission_id=submission_id), at, reported)]
            case Word.DISPUTES:
                return [Saying(SettlementDisputed(submission_id=submission_id), at, reported)]
            case Word.SILENT:
                return []
