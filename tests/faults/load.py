"""A steady stream of claims on several routes, the outside that answers about them, and finance's own book."""

import asyncio
import itertools
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from ops.wire import Speech, Wire
from shared.events.adjusters import ReviewDecided
from shared.events.base import PARTITIONS, Envelope, Event, claim_id_of
from shared.events.carriers import CarrierQuoted
from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.escalation import (
    ClaimClosed,
    Outcome,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    RouteChosen,
)
from shared.events.finance import PayoutPaid, SellerDebitCollected
from shared.events.insurance_accelerator import QuotesCompared, QuotesRequested, SellerNotQualified
from shared.events.marketplace import SellerProceedsReported, SellerRegistered
from shared.events.recovery import RecoveryClosed, SellerDebitRequested
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice, CertificateSubmitted, InsurerRating, QuotesWanted, SellerAnswered
from shared.events.upstream import Claimant, ClaimSubmitted, DocumentsSubmitted, Injury, Loss, ReleaseSigned
from shared.money import Currency
from shared.runtime.clock import Clock
from shared.runtime.lanes import partition_of

SMALL = (
    Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=39_99),
    Loss(kind=LossKind.MEDICAL, amount_minor=99_50),
)
LARGE = (
    Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=39_99),
    Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=2_400_00),
)
PAPER = {
    LossKind.PURCHASE_PRICE: DocumentKind.RECEIPT,
    LossKind.MEDICAL: DocumentKind.BILL,
    LossKind.PROPERTY_DAMAGE: DocumentKind.ESTIMATE,
}
EXACT = timedelta(days=0.5)
"""Of the fast clock: a quarter of a real second, by which two processes of one machine may differ under load."""
SELLERS = 24
"""Of each kind, insured or not."""


class Way(Enum):
    """What becomes of a claim, as far as it depends on the outside."""

    DIRECT = "small, seller insured, nobody objects"
    SILENT = "large, the seller never answers"
    ACCEPTED = "large, the seller accepts"
    CONTESTED = "large, the seller contests, the adjuster finds it valid"
    DENIED = "large, the seller contests, the adjuster finds it not valid"


MIX = (*(Way.DIRECT,) * 5, Way.SILENT, Way.ACCEPTED, Way.CONTESTED, Way.CONTESTED, Way.DENIED)
ANSWER = {
    Way.ACCEPTED: AnswerChoice.PAY_THROUGH_US,
    Way.CONTESTED: AnswerChoice.CONTEST,
    Way.DENIED: AnswerChoice.CONTEST,
}
ENDS = {
    Way.DIRECT: {Outcome.DIRECT_PAID},
    Way.SILENT: {Outcome.STEPPED_IN_SILENT},
    # What a seller answers during an outage may reach us after his time, and then counts as silence.
    Way.ACCEPTED: {Outcome.RESOLVED_BY_SELLER, Outcome.STEPPED_IN_SILENT},
    Way.CONTESTED: {Outcome.STEPPED_IN_REJECTED, Outcome.STEPPED_IN_SILENT},
    Way.DENIED: {Outcome.DENIED},
}


@dataclass(slots=True)
class Claim:
    """One claim, what it should come to, and how far it is."""

    way: Way
    submission_id: str
    seller_id: str
    claim_id: UUID = field(init=False)
    closed: list[Outcome] = field(default_factory=list[Outcome])
    recovered: bool = False
    routed: bool = False
    respond_by: datetime | None = None
    """Until when the seller may answer or comment, as he was told."""

    def __post_init__(self) -> None:
        self.claim_id = claim_id_of(self.submission_id)

    @property
    def owed(self) -> int:
        """What the customer must have got at the end."""
        if self.way is Way.DENIED:
            return 0
        return sum(loss.amount_minor for loss in (SMALL if self.way is Way.DIRECT else LARGE))

    @property
    def ended(self) -> bool:
        return bool(self.closed) and (self.recovered or self.way is Way.DENIED)


class Book:
    """Finance's own: what it paid under each payout id, and collected under each debit id. Idempotent by id."""

    def __init__(self) -> None:
        self.paid: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict[UUID, int])
        """Claim → payout id → amount."""
        self.collected: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict[UUID, int])
        self.wrong: list[str] = []

    def enter(self, book: dict[UUID, int], number: UUID, amount: int) -> None:
        if book.setdefault(number, amount) != amount:
            self.wrong.append(f"{number} was ordered over {book[number]}, and again over {amount}")


class Load:
    """Publishes claims until told to stop, and answers what the services ask about them."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self.claims: dict[UUID, Claim] = {}
        self.book = Book()
        self.shoppers: dict[str, list[str]] = {}
        """Seller who wants quotes → what he was told: what carriers ask, or that he does not qualify."""
        self.silent: set[str] = set()
        """Parties that say nothing for now; what they would have said is kept."""
        self.lateness: list[float] = []
        """Real seconds between the end of each seller's time for comments and the payout that waited for it."""
        self.wrong: list[str] = []
        self._kept: list[tuple[Event, str]] = []
        self.insured, self.uninsured = _names("insured"), _names("uninsured")
        self._wire, self._clock = wire, clock
        self._mark = uuid.uuid4().hex[:8]
        self._numbers = itertools.count()
        self._speeches: asyncio.Queue[list[Speech]] = asyncio.Queue()
        self._mouth = asyncio.create_task(self._speak())
        self._stream: asyncio.Task[None] | None = None

    # The directory, before any claim.

    async def opens(self) -> None:
        """Every seller is known, and the insured ones have handed in a certificate without a defect."""
        sellers = [*self.insured, *self.uninsured]
        await self._says(*(event for seller in sellers for event in self._known(seller)))
        await self._says(*map(self._certificate, self.insured))

    def _known(self, seller: str) -> Iterator[Event]:
        yield SellerRegistered(seller_id=seller, name=seller, language="en", contacts=(f"{seller}@sellers.example",))
        yield SellerProceedsReported(
            seller_id=seller,
            account_name=seller,
            marketplace="US",
            month=f"{self._clock.now():%Y-%m}",
            currency=Currency.USD,
            amount_minor=5_000_00,
        )

    def _certificate(self, seller: str) -> CertificateSubmitted:
        today = self._clock.now().date()
        return CertificateSubmitted(
            seller_id=seller,
            certificate_id=f"coi-{seller}",
            marketplace="US",
            insured_name=seller,
            insurer="Harbour Mutual",
            insurer_rating=InsurerRating.A_OR_BETTER,
            occurrence_basis=True,
            currency=Currency.USD,
            per_occurrence_minor=200_000_000,
            aggregate_minor=200_000_000,
            deductible_minor=500_000,
            additional_insured=True,
            global_claims_handling=True,
            cancellation_notice_days=30,
            valid_from=today - timedelta(days=100),
            valid_to=today + timedelta(days=30 * 365),
        )

    # Claims.

    def starts(self, per_second: float) -> None:
        """From now on, so many claims a second; each second a new seller joins, with a certificate."""
        assert self._stream is None
        self._stream = asyncio.create_task(self._flow(per_second))

    @property
    def flowing(self) -> bool:
        return self._stream is not None

    async def stops(self) -> None:
        """Returns when all that was to be said is in the log."""
        if self._stream is not None:
            self._stream.cancel()
            await asyncio.gather(self._stream, return_exceptions=True)
            self._stream = None

    async def ends(self) -> None:
        await self.stops()
        self._mouth.cancel()
        await asyncio.gather(self._mouth, return_exceptions=True)

    def is_well(self) -> None:
        """Raises what went wrong in the background."""
        for task in (self._mouth, self._stream):
            if task is not None and task.done():
                task.result()

    def file(self, *ways: Way) -> list[Claim]:
        """One claim for each; they are on their way when this returns."""
        filed = [self._claim(way, f"fault-{self._mark}-{next(self._numbers)}") for way in ways]
        self._publish(filed)
        return filed

    def file_in_every_lane(self) -> list[Claim]:
        """Small claims, so many that every lane of every service has one to work on."""
        by_submission, by_claim = set(range(PARTITIONS)), set(range(PARTITIONS))
        filed: list[Claim] = []
        while by_submission or by_claim:
            claim = self._claim(Way.DIRECT, f"probe-{self._mark}-{next(self._numbers)}")
            lanes = partition_of(claim.submission_id, PARTITIONS), partition_of(str(claim.claim_id), PARTITIONS)
            if lanes[0] in by_submission or lanes[1] in by_claim:
                by_submission.discard(lanes[0])
                by_claim.discard(lanes[1])
                filed.append(claim)
        self._publish(filed)
        return filed

    def _claim(self, way: Way, submission_id: str) -> Claim:
        sellers = self.insured if way is Way.DIRECT else self.uninsured
        return Claim(way, submission_id, sellers[next(self._numbers) % SELLERS])

    def _publish(self, claims: list[Claim]) -> None:
        for claim in claims:
            self.claims[claim.claim_id] = claim
        self._say(*(self._speech(event) for claim in claims for event in self._submission(claim)))

    async def _flow(self, per_second: float) -> None:
        for number in itertools.count():
            claims = [self._claim(MIX[(number * 7 + n) % len(MIX)], f"load-{self._mark}-{next(self._numbers)}")
                      for n in range(max(1, round(per_second / 4)))]  # fmt: skip
            self._publish(claims)
            if number % 4 == 0:
                self._join(f"joined-{self._mark}-{next(self._numbers)}", wants_quotes=number % 8 == 0)
            await asyncio.sleep(max(0.25, 1 / per_second))

    def _join(self, seller: str, *, wants_quotes: bool) -> None:
        if wants_quotes:
            self.shoppers[seller] = []
            wish: Event = QuotesWanted(seller_id=seller, request_id=f"wish-{seller}", marketplace="US")
        else:
            wish = self._certificate(seller)
        self._say(*map(self._speech, (*self._known(seller), wish)))

    def _submission(self, claim: Claim) -> Iterator[Event]:
        today = self._clock.now().date()
        losses = SMALL if claim.way is Way.DIRECT else LARGE
        papers = tuple(
            Document(kind=PAPER[loss.kind], item=n, dated_on=today - timedelta(days=9))
            for n, loss in enumerate(losses, start=1)
        )
        yield DocumentsSubmitted(submission_id=claim.submission_id, documents=papers)
        yield ClaimSubmitted(
            submission_id=claim.submission_id,
            marketplace="US",
            currency=Currency.USD,
            order_id=f"order-{claim.submission_id}",
            seller_id=claim.seller_id,
            product="Electric Kettle",
            purchased_on=today - timedelta(days=40),
            incident_on=today - timedelta(days=10),
            reported_on=today - timedelta(days=2),
            claimant=Claimant(id=f"customer-{claim.submission_id}", age=41, sex="female", beneficiary=False),
            injury=Injury(diagnosis="burn, scald", body_part="hand", disposition="treated and released"),
            narrative="The lid came off while pouring and hot water ran over the hand.",
            losses=losses,
        )

    # The outside answers.

    def hear(self, event: Event, envelope: Envelope) -> None:
        """What a service said, once."""
        if isinstance(event, QuotesCompared | SellerNotQualified) and event.seller_id in self.shoppers:
            self.shoppers[event.seller_id].append(event.type_name())
        elif isinstance(event, QuotesRequested) and event.seller_id in self.shoppers:
            self._answers(self._quote(event), envelope)
        claim = self.claims.get(event.claim_id) if isinstance(event, Asking) else None
        if claim is None:
            return
        self._note(claim, event, envelope)
        answer = self._answer(claim, event)
        if answer is not None:
            self._answers(answer, envelope)

    def _answers(self, answer: Event, envelope: Envelope) -> None:
        assert answer.topic is not None
        if answer.topic.party in self.silent:
            self._kept.append((answer, envelope.id))
            return
        # The portal has it at the moment at which it was asked for, however long the way to us takes.
        at = envelope.time if isinstance(answer, SellerAnswered) else None
        self._say(self._speech(answer, cause=envelope.id, at=at))

    def speaks_again(self, party: str) -> list[Event]:
        """What this party would have said meanwhile, it says now."""
        self.silent.discard(party)
        said = [pair for pair in self._kept if pair[0].topic and pair[0].topic.party == party]
        self._kept = [pair for pair in self._kept if pair not in said]
        self._say(*(self._speech(event, cause=cause) for event, cause in said))
        return [event for event, _ in said]

    def _note(self, claim: Claim, event: Event, envelope: Envelope) -> None:
        """How far the claim is; and whether a deadline was early."""
        match event:
            case ClaimClosed():
                claim.closed.append(event.outcome)
            case RecoveryClosed():
                claim.recovered = True
            case RouteChosen():
                claim.routed = True
            case SellerNotified():
                claim.respond_by = event.respond_by
            case PayoutAuthorized() if claim.way is Way.DIRECT and claim.respond_by is not None and event.attempt == 1:
                self.lateness.append(self._clock.real_seconds(envelope.time - claim.respond_by))
                if self._clock.now() < claim.respond_by - EXACT:
                    self.wrong.append(f"{claim.submission_id} was paid before the seller's time was over")
            case _:
                pass
        if envelope.time > self._clock.now() + EXACT:
            self.wrong.append(f"{claim.submission_id}: {envelope.type} is from the future")

    def _answer(self, claim: Claim, event: Event) -> Event | None:
        match event:
            case RouteChosen() if claim.way in ANSWER:
                return SellerAnswered(
                    claim_id=claim.claim_id,
                    seller_id=claim.seller_id,
                    answer_id=f"answer-{claim.claim_id}",
                    choice=ANSWER[claim.way],
                )
            case ReviewOpened():
                valid = claim.way is not Way.DENIED
                return ReviewDecided(
                    claim_id=claim.claim_id, review=event.review, adjuster="adjuster-7", valid=valid, round=event.round,
                    question_id=event.question_id,
                )  # fmt: skip
            case ReleaseRequested():
                return ReleaseSigned(submission_id=claim.submission_id, release=f"release-{claim.claim_id}")
            case PayoutAuthorized():
                self.book.enter(self.book.paid[claim.claim_id], event.payout_id, event.amount_minor)
                return _result(PayoutPaid, event, payout_id=event.payout_id)
            case SellerDebitRequested():
                self.book.enter(self.book.collected[claim.claim_id], event.debit_id, event.amount_minor)
                return _result(SellerDebitCollected, event, debit_id=event.debit_id)
            case _:
                return None

    def _quote(self, asked: QuotesRequested) -> CarrierQuoted:
        return CarrierQuoted(
            seller_id=asked.seller_id,
            request_id=asked.request_id,
            quote_id=f"carrier-south-{asked.seller_id}",
            carrier="carrier-south",
            rating=InsurerRating.A_OR_BETTER,
            currency=Currency.USD,
            premium_minor=840_00,
            per_occurrence_minor=200_000_000,
            deductible_minor=500_000,
            valid_until=self._clock.now() + timedelta(days=365),
        )

    # Saying.

    def _speech(self, event: Event, cause: str | None = None, at: datetime | None = None) -> Speech:
        assert event.topic is not None
        name = f"{event.type_name()}-{cause or uuid.uuid4()}"
        source = f"/faults/{event.topic.party}"
        envelope = Envelope(name, event.type_name(), source, at or self._clock.now(), event.key)
        return Speech(event.topic.name, event.key, event, envelope)

    async def _says(self, *events: Event) -> None:
        await self._wire.publish([self._speech(event) for event in events])

    def _say(self, *speeches: Speech) -> None:
        self._speeches.put_nowait(list(speeches))

    async def _speak(self) -> None:
        """One batch after the other, whatever the broker does; none is given up."""
        while True:
            speeches = await self._speeches.get()
            while not self._speeches.empty() and len(speeches) < 500:
                speeches += self._speeches.get_nowait()
            await self._wire.publish(speeches)

    def counts(self) -> Counter[str]:
        """For a message: how many claims of each way have ended, and how many wait."""
        return Counter(f"{claim.way.name} {'ended' if claim.ended else 'open'}" for claim in self.claims.values())


Asking = (
    *(RouteChosen, SellerNotified, ReviewOpened, ReleaseRequested, PayoutAuthorized),
    *(SellerDebitRequested, ClaimClosed, RecoveryClosed),
)
"""What the outside answers, and what tells how far a claim is."""


def _names(kind: str) -> list[str]:
    mark = uuid.uuid4().hex[:8]
    return [f"{kind}-{mark}-{n}" for n in range(SELLERS)]


def _result(kind: Any, order: PayoutAuthorized | SellerDebitRequested, **number: UUID) -> Event:
    """Finance's answer, in full."""
    [name] = number.values()
    return kind(
        claim_id=order.claim_id,
        currency=order.currency,
        amount_minor=order.amount_minor,
        finance_reference=f"{kind.__name__}-{name}",
        **number,
    )


def ended(claims: Iterable[Claim]) -> bool:
    return all(claim.ended for claim in claims)
