"""Upstream: customer service and partners, who pass on the papers that customers send, or keep to themselves."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import Enum
from hashlib import sha256
from random import Random
from typing import ClassVar, Final

from ops.demo.luck import Fate, after, between
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event, claim_id_of
from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.intake import InformationRequested, MissingPaper
from shared.events.upstream import BeneficiaryStatusGiven, ClaimSubmitted, DocumentsSubmitted


class Papers(Enum):
    """When the customer sends one paper."""

    WITH_CLAIM = "with the claim"
    WHEN_ASKED = "when asked"
    NEVER = "never"


class Bundle(Enum):
    """Whether all papers come by their time."""

    AS_THEY_COME = "as they come"
    ONE_MISSING = "the last one never comes"
    ONE_LATE = "the last one comes when the time for it is over"
    ALL_LATE = "all come when the time for them is over"


class Sends(Enum):
    """How papers that come with the claim come."""

    RIGHT_AFTER = "right after the claim"
    BEFORE = "before the claim"
    HOURS_LATER = "some hours later"
    DAYS_LATER = "days later, whoever asks for them meanwhile"
    IN_PARTS = "one at a time"


class Medicare(Enum):
    """What is said of whether the injured person is a beneficiary."""

    NO = "is none"
    YES = "is one"
    UNANSWERED = "nothing"


PAPERS: Final = {Papers.WITH_CLAIM: 80, Papers.WHEN_ASKED: 15, Papers.NEVER: 5}
BUNDLES: Final = {Bundle.AS_THEY_COME: 94, Bundle.ONE_MISSING: 2, Bundle.ONE_LATE: 2, Bundle.ALL_LATE: 2}
SENDS: Final = {Sends.RIGHT_AFTER: 68, Sends.BEFORE: 10, Sends.HOURS_LATER: 9, Sends.DAYS_LATER: 3, Sends.IN_PARTS: 10}
MEDICARE: Final = {Medicare.NO: 55, Medicare.YES: 25, Medicare.UNANSWERED: 20}

PAPER_FOR: Final = {
    LossKind.PURCHASE_PRICE: (DocumentKind.RECEIPT,),
    LossKind.MEDICAL: (DocumentKind.BILL, DocumentKind.BILL, DocumentKind.MEDICAL_RECORD),
    LossKind.LOST_EARNINGS: (DocumentKind.PAYSLIP,),
    LossKind.PROPERTY_DAMAGE: (DocumentKind.ESTIMATE, DocumentKind.ESTIMATE, DocumentKind.RECEIPT),
}
"""What customers have at hand for each kind of loss; for the others there is no paper."""
ADULT: Final = 18


class Upstream:
    name: ClassVar = "upstream"
    hears: ClassVar = frozenset[type[Event]]({InformationRequested})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._first: dict[str, str] = {}

    def file(self, claim: ClaimSubmitted, at: datetime) -> list[Saying]:
        """The papers that come with a claim submitted at this moment."""
        luck = self._chance(claim.submission_id, "papers")
        items = self._with_claim(claim)
        documents = [_paper_for(luck, claim, item) for item in items]
        documents += [document for document in _authority(claim) if self._plan(claim.submission_id, None)]
        match self._sends_how(claim.submission_id):
            case Sends.BEFORE:
                at -= after(luck, 0.001, 0.02)
            case Sends.HOURS_LATER:
                at += after(luck, 0.05, 0.3)
            case Sends.DAYS_LATER:
                at += after(luck, 3, 5)
            case Sends.IN_PARTS:
                return _sent(claim.submission_id, documents, at, in_parts=True)
            case Sends.RIGHT_AFTER:
                pass
        return _sent(claim.submission_id, documents, at)

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case InformationRequested():
                again = self._first.setdefault(event.submission_id, envelope.id) != envelope.id
                papers = self._papers(event, envelope.time, again=again)
                return [*papers, *self._beneficiary(event, envelope.time)]
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _plan(self, submission_id: str, item: int | None) -> bool:
        """Whether this paper comes with the claim."""
        return self._when(submission_id, item) is Papers.WITH_CLAIM

    def _when(self, submission_id: str, item: int | None) -> Papers:
        return self._fate.decides(claim_id_of(submission_id), self._chance(submission_id, "paper", item), PAPERS)

    def _sends_how(self, submission_id: str) -> Sends:
        return self._fate.decides(claim_id_of(submission_id), self._chance(submission_id, "sends"), SENDS)

    def _bundle(self, submission_id: str) -> Bundle:
        return self._fate.decides(claim_id_of(submission_id), self._chance(submission_id, "bundle"), BUNDLES)

    def _with_claim(self, claim: ClaimSubmitted) -> list[int]:
        """The losses whose papers come with the claim."""
        provable = [item for item, loss in enumerate(claim.losses, start=1) if loss.kind in PAPER_FOR]
        match self._bundle(claim.submission_id):
            case Bundle.AS_THEY_COME:
                return [item for item in provable if self._plan(claim.submission_id, item)]
            case Bundle.ALL_LATE:
                return []
            case Bundle.ONE_MISSING | Bundle.ONE_LATE:
                return provable[:-1]

    def _papers(self, request: InformationRequested, at: datetime, *, again: bool) -> list[Saying]:
        """By the customer's plan; who had a claim reopened has found everything."""
        luck, submission_id = self._chance(request.submission_id, "asked"), request.submission_id
        wanted = [missing for missing in request.missing if missing.any_of]
        in_time, late = between(luck, at, request.respond_by, 0.03, 0.6), request.respond_by + after(luck, 0.3, 2.5)
        if again:
            return self._sends(luck, submission_id, wanted, in_time)
        if self._sends_how(submission_id) is Sends.DAYS_LATER:
            wanted = [missing for missing in wanted if not self._plan(submission_id, missing.item)]
        match self._bundle(submission_id):
            case Bundle.AS_THEY_COME:
                found = [m for m in wanted if self._when(submission_id, m.item) is not Papers.NEVER]
                return self._sends(luck, submission_id, found, in_time)
            case Bundle.ALL_LATE:
                return self._sends(luck, submission_id, wanted, late)
            case Bundle.ONE_LATE:
                first, last = wanted[:-1], wanted[-1:]
                return [
                    *self._sends(luck, submission_id, first, in_time),
                    *self._sends(luck, submission_id, last, late),
                ]
            case Bundle.ONE_MISSING:
                return self._sends(luck, submission_id, wanted[:-1], in_time)

    def _sends(self, luck: Random, submission_id: str, wanted: Iterable[MissingPaper], at: datetime) -> list[Saying]:
        documents = [asked_for(luck, submission_id, missing, at.date()) for missing in wanted]
        return _sent(submission_id, documents, at, in_parts=luck.random() < 0.15)

    def _beneficiary(self, request: InformationRequested, at: datetime) -> list[Saying]:
        if not request.asks_beneficiary:
            return []
        luck = self._chance(request.submission_id, "medicare")
        told = self._fate.decides(request.claim_id, luck, MEDICARE)
        if told is Medicare.UNANSWERED:
            return []
        event = BeneficiaryStatusGiven(submission_id=request.submission_id, beneficiary=told is Medicare.YES)
        return [Saying(event, between(luck, at, request.respond_by, 0.02, 0.5))]


def asked_for(luck: Random, submission_id: str, missing: MissingPaper, today: date) -> Document:
    """A paper as it was asked for, found some days ago."""
    reference = f"doc:{submission_id[:60]}/{missing.item or 'claim'}/asked"
    return Document(
        kind=luck.choice(missing.any_of),
        item=missing.item,
        dated_on=today - timedelta(days=luck.randint(1, 5)),
        reference=reference,
        sha256=_hash(reference),
    )


def _paper_for(luck: Random, claim: ClaimSubmitted, item: int) -> Document:
    """The paper for one loss. Its bytes follow from what it shows: told by two people, it is one paper."""
    loss = claim.losses[item - 1]
    days = max(0, (claim.reported_on - claim.incident_on).days)
    bought = loss.kind is LossKind.PURCHASE_PRICE
    return Document(
        kind=luck.choice(PAPER_FOR[loss.kind]),
        item=item,
        dated_on=claim.purchased_on if bought else claim.incident_on + timedelta(days=luck.randint(0, days)),
        reference=f"doc:{claim.submission_id[:60]}/{item}",
        sha256=_hash(claim.seller_id, claim.incident_on, claim.purchased_on, loss.kind, loss.amount_minor),
    )


def _authority(claim: ClaimSubmitted) -> list[Document]:
    """That somebody may act for an injured child, or for the estate of who has died."""
    age = (claim.injured or claim.claimant).age
    if claim.injury is None:
        return []
    if "fatality" in claim.injury.disposition:
        kind = DocumentKind.ESTATE_AUTHORITY
    elif age is not None and age < ADULT:
        kind = DocumentKind.GUARDIAN_AUTHORITY
    else:
        return []
    reference = f"doc:{claim.submission_id[:60]}/claim"
    return [Document(kind=kind, dated_on=claim.reported_on, reference=reference, sha256=_hash(reference))]


def _sent(submission_id: str, documents: list[Document], at: datetime, *, in_parts: bool = False) -> list[Saying]:
    """In one envelope, or one paper at a time."""
    parts = [[document] for document in documents] if in_parts else [documents] if documents else []
    return [
        Saying(DocumentsSubmitted(submission_id=submission_id, documents=tuple(part)), at + n * timedelta(hours=3))
        for n, part in enumerate(parts)
    ]


def _hash(*shown: object) -> str:
    return sha256("/".join(map(str, shown)).encode()).hexdigest()
