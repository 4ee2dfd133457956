"""One claim's story: what the parties say about it, what is heard of it, and how it ends."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from services.seller_notifier.letter import letter_id
from shared.events.adjusters import AppealDecided, DuplicateEstablished, PayoutApproved, PayoutRefused, ReviewDecided
from shared.events.base import Event, claim_id_of
from shared.events.claim import Document, DocumentKind, ItemFinding, Lien, Reason, ReopeningReason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    ClaimReopened,
    Outcome,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.finance import (
    DebitFailure,
    InsurerPaymentReceived,
    PayoutFailed,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.mail_gateway import LetterBounced
from shared.events.marketplace import SellerProceedsReported, SellerRegistered, Standing
from shared.events.recovery import (
    InsurerDemanded,
    RecoveryClosed,
    RecoveryOpened,
    SellerDebitRequested,
    SellerRefundRequested,
)
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable, SellerNotified
from shared.events.seller_portal import (
    AnswerChoice,
    ExtensionRequested,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from shared.events.upstream import (
    BeneficiaryStatusGiven,
    ClaimAmended,
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
from shared.money import Currency
from tests.journeys import given
from tests.journeys.world import Heard, Tale, World

E = TypeVar("E", bound=Event)
DEBIT_NOTICE = timedelta(days=7)

CORRECTED = (Outcome.PAYOUT_FAILED, Outcome.DUPLICATE, Outcome.NO_RESPONSE)
"""Ends that something heard later may follow: a payment, another payee, papers that were found."""
SERVICES = ("intake", "escalation", "seller_notifier", "recovery")
NOTHING_WAITS = "select where " + " and ".join(
    f"not exists (select from {service}.{rows} and key = any($1))"
    for service in SERVICES
    for rows in ("state where due is not null", "effect where done_at is null", "request where true")
)
SAID = " union all ".join(f"select count(*) from {service}.outbox where key = any($1)" for service in SERVICES)


class Money(NamedTuple):
    """The ledger's word on one claim, in minor units."""

    paid_out: int = 0
    recovered: int = 0
    waived: int = 0
    written_off: int = 0
    outstanding: int = 0
    over_collected: int = 0


class Mail(NamedTuple):
    """A letter that somebody's mail system has accepted."""

    kind: NoticeKind
    to: str


@dataclass(frozen=True)
class Ending:
    """How a claim ended, when nothing about it waits any more. ``letters`` without the reminders."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    statuses: list[Status]
    letters: list[NoticeKind]
    money: Money


def journey(tale: Tale) -> Callable[[World], Awaitable[None]]:
    """Makes a test of a tale: it is told beside all others, and the test is how it goes."""

    async def test(world: World) -> None:
        await world.told(tale)

    test.__name__, test.__doc__, test.__module__ = tale.__name__, tale.__doc__, tale.__module__
    vars(test)["tale"] = tale
    return test


class Story:
    """``says…`` and the verbs of the parties publish at once; ``hears`` waits for what a service says next."""

    def __init__(self, world: World, name: str, before: "Story | None" = None) -> None:
        """``before``: another story of the same seller and claimant."""
        mark = uuid.uuid4().hex[:10]
        self.world = world
        self.submission_id = f"{name[:100]}-{mark}"
        self.claim_id: UUID = claim_id_of(self.submission_id)
        self.seller_id = before.seller_id if before else f"seller-{mark}"
        self.seller_name = before.seller_name if before else f"Brightwater Trading {mark}"
        self.claimant_id = before.claimant_id if before else f"customer-{mark}"
        self.contact = before.contact if before else f"claims-{mark}@sellers.example"
        self.insurer = f"insurer-{mark}@insurers.example"
        self.refusing = f"refused-{self.contact}" if world.mail_dir else "no address at all"
        """Takes no letter: our mail server refuses it; where another one takes everything, it is no address."""
        self.losses: tuple[Loss, ...] = ()
        self._known = before is not None
        self._heard: Counter[object] = Counter()

    # Hearing.

    async def hears(self, kind: type[E], /, **facts: object) -> E:
        """The next of this type (with these values in its fields) about the claim or its seller."""
        place = (kind, tuple(facts.items()))
        await self.has_heard(kind, self._heard[place] + 1, **facts)
        self._heard[place] += 1
        return self.all(kind, **facts)[self._heard[place] - 1]

    async def has_heard(self, kind: type[Event], count: int = 1, /, **facts: object) -> None:
        def missing() -> str:
            return f"{self.submission_id} waited for {kind.__name__} {facts or ''}, and heard: {self._so_far()}"

        await self.world.until(lambda: len(self.all(kind, **facts)) >= count, missing)

    def all(self, kind: type[E], /, **facts: object) -> list[E]:
        """All of this type so far."""
        assert kind.topic is not None
        keys = {"claim_id": str(self.claim_id), "seller_id": self.seller_id, "submission_id": self.submission_id}
        return [
            heard.event
            for heard in self.world.heard(keys[kind.topic.key])
            if isinstance(heard.event, kind) and all(getattr(heard.event, f) == fact for f, fact in facts.items())
        ]

    def times_ordered(self) -> int:
        """How many payments finance was to make: of a silent finance, the same one is ordered once more."""
        return len({(order.payout_id, order.attempt) for order in self.all(PayoutAuthorized)})

    def moment_of(self, event: Event) -> datetime:
        """When a service said it."""
        return next(heard.envelope.time for heard in self.world.heard(event.key) if heard.event is event)

    @property
    def _keys(self) -> list[str]:
        return [str(self.claim_id), self.submission_id]

    def _so_far(self) -> str:
        heard = self.world.heard(*self._keys, self.seller_id)
        return ", ".join(each.envelope.type for each in heard)

    # The marketplace, the seller before any claim, and the customer.

    async def says(self, *events: Event, at: datetime | None = None) -> None:
        await self.world.says(*events, at=at)

    async def seller_is_known(self, *contacts: str, standing: Standing = Standing.ACTIVE) -> None:
        """In the directory with these contacts (with one that works, when none is named), and the notifier knows it."""
        self._known = True
        registered = SellerRegistered(
            seller_id=self.seller_id,
            name=self.seller_name,
            language="en",
            contacts=contacts or (self.contact,),
            standing=standing,
        )
        await self.says(registered)
        await self._on_record("seller_notifier")

    def knows_no_contact(self) -> None:
        """Nobody has put the seller into the directory."""
        self._known = True

    async def seller_sells(self) -> None:
        """Enough that the name of the account is known, too little for a duty to insure."""
        await self.says(
            SellerProceedsReported(
                seller_id=self.seller_id,
                account_name=self.seller_name,
                marketplace="US",
                month="2025-05",
                currency=Currency.USD,
                amount_minor=5_000_00,
            )
        )

    async def seller_is_insured(self, **other: Any) -> None:
        """A certificate without a defect is accepted, and everybody who routes or pursues knows it."""
        if not self._known:
            await self.seller_is_known()
        await self.seller_sells()
        await self.says(given.certificate(self.seller_id, self.seller_name, **other))
        await self.is_covered()

    async def is_covered(self) -> None:
        await self.hears(SellerCoverChanged)
        await self._on_record("escalation")
        await self._on_record("recovery")

    async def is_filed(
        self,
        losses: tuple[Loss, ...] = given.SMALL,
        *,
        papers: bool = True,
        authority: DocumentKind | None = None,
        sha256: str | None = None,
        **other: Any,
    ) -> None:
        """By the customer, with all papers or none, and with the paper by which he may act for somebody else."""
        if not self._known:
            await self.seller_is_known()
        self.losses = losses
        if papers:  # first, so that nobody asks for them
            await self.sends_papers(sha256=sha256)
        if authority is not None:
            await self.sends(Document(kind=authority))
        await self.says(given.claim(self.submission_id, self.seller_id, self.claimant_id, losses, **other))

    async def sends_papers(self, *items: int, sha256: str | None = None) -> None:
        """That prove these items, or all; ``sha256``: of the bytes of each."""
        if papers := given.papers(self.losses, *items):
            await self.sends(*(paper.model_copy(update={"sha256": sha256}) for paper in papers))

    async def sends(self, *papers: Document) -> None:
        await self.says(DocumentsSubmitted(submission_id=self.submission_id, documents=papers))

    async def amends(self, losses: tuple[Loss, ...], *, papers: bool = True) -> None:
        """To these losses; the papers for what is new come with it."""
        self.losses = losses
        amended = ClaimAmended(
            submission_id=self.submission_id, amendment_id=f"amendment-{uuid.uuid4()}", losses=losses
        )
        proof = given.papers(losses) if papers else ()
        documents = [DocumentsSubmitted(submission_id=self.submission_id, documents=proof)] if proof else []
        await self.says(amended, *documents)

    async def asks_to_reopen(self, reason: ReopeningReason) -> None:
        await self.says(
            ReopeningRequested(submission_id=self.submission_id, request_id=f"reopening-{uuid.uuid4()}", reason=reason)
        )

    async def gives_a_new_payee(self, payee: str) -> None:
        await self.says(PayeeChanged(submission_id=self.submission_id, payee=payee))

    async def signs_release(self) -> ReleaseRequested:
        asked = await self.hears(ReleaseRequested)
        await self.says(ReleaseSigned(submission_id=self.submission_id, release=f"release-{uuid.uuid4()}"))
        return asked

    async def lien_is_asserted(self, amount_minor: int) -> None:
        lien = Lien(holder_ref=f"insurer-of-{self.claimant_id}", amount_minor=amount_minor)
        await self.says(LienAsserted(submission_id=self.submission_id, lien=lien))

    async def says_whether_beneficiary(self, beneficiary: bool) -> None:
        await self.says(BeneficiaryStatusGiven(submission_id=self.submission_id, beneficiary=beneficiary))

    async def withdraws(self) -> None:
        await self.says(ClaimWithdrawn(submission_id=self.submission_id))

    async def customer_confirms(self) -> None:
        await self.says(SettlementConfirmed(submission_id=self.submission_id))

    async def customer_disputes(self) -> None:
        await self.says(SettlementDisputed(submission_id=self.submission_id))

    # The seller and his insurer.

    async def seller_answers(
        self, choice: AnswerChoice, *, at: datetime | None = None, seller_id: str | None = None, **other: Any
    ) -> str:
        """The answer's id. ``at``: when the portal received it, where that is not now."""
        answer_id = f"answer-{uuid.uuid4()}"
        who = seller_id or self.seller_id
        answer = SellerAnswered(claim_id=self.claim_id, seller_id=who, answer_id=answer_id, choice=choice, **other)
        await self.says(answer, at=at)
        return answer_id

    async def seller_comments(self, *, contrary: bool, evidence: tuple[str, ...] = ()) -> None:
        await self.says(
            SellerCommented(claim_id=self.claim_id, seller_id=self.seller_id, contrary=contrary, evidence=evidence)
        )

    async def seller_asks_for_more_time(self) -> None:
        await self.says(ExtensionRequested(claim_id=self.claim_id, seller_id=self.seller_id))

    async def seller_reports_settled(self) -> None:
        proof = f"transfer-{self.claim_id}"
        await self.says(SellerReportsSettled(claim_id=self.claim_id, seller_id=self.seller_id, proof=proof))

    async def seller_appeals(self, *evidence: str, at: datetime | None = None) -> None:
        appeal = SellerAppealed(
            claim_id=self.claim_id, seller_id=self.seller_id, appeal_id=f"appeal-{uuid.uuid4()}", evidence=evidence
        )
        await self.says(appeal, at=at)

    async def letter_comes_back(self, letter_id: UUID | None) -> None:
        assert letter_id is not None
        await self.says(LetterBounced(claim_id=self.claim_id, letter_id=letter_id))

    async def insurer_pays(self, demand: InsurerDemanded, amount_minor: int) -> None:
        await self.says(
            InsurerPaymentReceived(
                claim_id=self.claim_id,
                demand_id=demand.demand_id,
                currency=demand.currency,
                amount_minor=amount_minor,
                finance_reference=f"insurer-{demand.demand_id}-{amount_minor}",
            )
        )

    async def insurer_settles(self, amount_minor: int) -> None:
        await self.says(
            InsurerSettled(
                claim_id=self.claim_id, currency=Currency.USD, amount_minor=amount_minor, proof=f"cheque-{uuid.uuid4()}"
            )
        )

    async def insurer_rejects(self) -> None:
        await self.says(InsurerRejected(claim_id=self.claim_id))

    # Adjusters, approvers and finance.

    async def adjuster_decides(
        self, asked: ReviewOpened, *findings: ItemFinding, valid: bool, reasons: tuple[Reason, ...] = ()
    ) -> None:
        decided = ReviewDecided(
            claim_id=self.claim_id,
            review=asked.review,
            adjuster="adjuster-7",
            valid=valid,
            findings=findings,
            reasons=reasons,
            round=asked.round,
            question_id=asked.question_id,
        )
        await self.says(decided)

    async def appeal_is_decided(self, *, won: bool) -> None:
        await self.says(AppealDecided(claim_id=self.claim_id, adjuster="adjuster-9", won=won))

    async def turns_out_to_be(self, other: "Story") -> None:
        """The same claim as another one."""
        await self.says(
            DuplicateEstablished(claim_id=self.claim_id, duplicate_of=other.claim_id, adjuster="adjuster-9")
        )

    async def approver_says_yes(self, asked: ApprovalRequested, approver: str) -> None:
        await self.says(
            PayoutApproved(
                claim_id=self.claim_id, payout_id=asked.payout_id, approver=approver, question_id=asked.question_id
            )
        )

    async def approver_says_no(self, asked: ApprovalRequested, approver: str) -> None:
        await self.says(
            PayoutRefused(
                claim_id=self.claim_id, payout_id=asked.payout_id, approver=approver, question_id=asked.question_id
            )
        )

    async def is_paid(self, **facts: object) -> PayoutAuthorized:
        """By finance, as ordered."""
        order = await self.hears(PayoutAuthorized, **facts)
        await self.finance_pays(order)
        return order

    async def is_released_and_paid(self) -> PayoutAuthorized:
        """Above the line the customer signs a release first."""
        await self.signs_release()
        return await self.is_paid()

    async def finance_pays(self, order: PayoutAuthorized, reference: str = "payment") -> None:
        await self.says(
            PayoutPaid(
                claim_id=self.claim_id,
                payout_id=order.payout_id,
                currency=order.currency,
                amount_minor=order.amount_minor,
                finance_reference=f"{reference}-{order.payout_id}",
            )
        )

    async def finance_gets_back(self, order: PayoutAuthorized, amount_minor: int) -> None:
        await self.says(
            PayoutReturned(
                claim_id=self.claim_id,
                payout_id=order.payout_id,
                currency=order.currency,
                amount_minor=amount_minor,
                finance_reference=f"return-{order.payout_id}-{amount_minor}",
            )
        )
        await self.is_heard("recovery", PayoutReturned)

    async def seller_pays(self, amount_minor: int) -> None:
        await self.says(
            SellerPaymentReceived(
                claim_id=self.claim_id,
                currency=Currency.USD,
                amount_minor=amount_minor,
                finance_reference=f"transfer-{self.claim_id}-{amount_minor}",
            )
        )

    async def is_refunded(self) -> SellerRefundRequested:
        """The seller gets back what we owe him."""
        refund = await self.hears(SellerRefundRequested)
        await self.says(
            SellerRefundPaid(
                claim_id=self.claim_id,
                refund_id=refund.refund_id,
                currency=refund.currency,
                amount_minor=refund.amount_minor,
                finance_reference=f"refund-{refund.refund_id}",
            )
        )
        await self.is_heard("recovery", SellerRefundPaid)
        return refund

    async def is_heard(self, process: str, kind: type[Event]) -> None:
        """What the outside said has been decided on, though nobody says anything about it."""
        sql = f"select from {process}.journal where process = '{process}' and key = $1 and type = $2"
        await self.world.until_row(sql, str(self.claim_id), kind.type_name())

    async def finance_fails(self, order: PayoutAuthorized, *, final: bool) -> None:
        await self.says(PayoutFailed(claim_id=self.claim_id, payout_id=order.payout_id, final=final))

    async def is_collected(self) -> SellerDebitRequested:
        """From the seller's disbursements, in full."""
        debit = await self.hears(SellerDebitRequested)
        await self.finance_collects(debit, debit.amount_minor)
        return debit

    async def finance_collects(self, debit: SellerDebitRequested, amount_minor: int) -> None:
        await self.says(
            SellerDebitCollected(
                claim_id=self.claim_id,
                debit_id=debit.debit_id,
                currency=debit.currency,
                amount_minor=amount_minor,
                finance_reference=f"offset-{debit.debit_id}-{amount_minor}",
            )
        )

    async def finance_cannot_collect(
        self, debit: SellerDebitRequested, reason: DebitFailure = DebitFailure.NO_FUNDS
    ) -> None:
        await self.says(SellerDebitFailed(claim_id=self.claim_id, debit_id=debit.debit_id, reason=reason))

    # The end.

    async def ends(self) -> Ending:
        """Returns when the claim is closed, its recovery is, and nothing about it waits on record."""
        await self.has_heard(ClaimClosed)
        if self.all(PayoutAuthorized) and self.all(ClaimClosed)[-1].outcome is not Outcome.PAYOUT_FAILED:
            await self.world.until(self._is_recovered, lambda: f"the recovery stays open: {self._so_far()}")
        said, before = await self._said(), -1
        while said != before:
            await self.world.all_read()
            await self.world.until_row(NOTHING_WAITS, self._keys)
            said, before = await self._said(), said
        await self.world.until(lambda: self.length >= said, lambda: f"{said} events were said, heard: {self._so_far()}")
        self._holds_what_must_always_hold()
        closed, mail = self.all(ClaimClosed)[-1], self.mail()
        self.world.over[self] = self.length
        return Ending(
            outcome=closed.outcome,
            reasons=closed.reasons,
            statuses=self._statuses(),
            letters=[letter.kind for letter in mail if letter.kind is not NoticeKind.REMINDER],
            money=await self._money(),
        )

    async def _said(self) -> int:
        return sum(row["count"] for row in await self.world.rows(SAID, self._keys))

    def _is_recovered(self) -> bool:
        """Every round that was paid has been pursued to its end."""
        pursuit = [heard.event for heard in self.world.heard(str(self.claim_id))]
        pursuit = [event for event in pursuit if isinstance(event, RecoveryOpened | RecoveryClosed)]
        rounds = {order.round for order in self.all(PayoutAuthorized)}
        opened = sum(isinstance(event, RecoveryOpened) for event in pursuit)
        return opened >= len(rounds) and isinstance(pursuit[-1], RecoveryClosed)

    @property
    def length(self) -> int:
        """How much was heard of the claim."""
        return len(self._in_order())

    def _in_order(self) -> list[Heard]:
        """By the moment it was said."""
        return sorted(self.world.heard(*self._keys), key=lambda heard: heard.envelope.time)

    def since(self, length: int) -> list[str]:
        """The types of what was heard of the claim after so much."""
        return [heard.envelope.type for heard in self._in_order()[length:]]

    def mail(self) -> list[Mail]:
        """What went out, in order: each letter as the mail server has it, and each on record as handed over."""
        on_record = self._handed_over()
        letters = self.world.letters_to(self.contact, f"second-{self.contact}", self.insurer)
        if letters is None:
            return [Mail(kind, "") for kind in on_record]
        kinds = {
            str(letter_id(self.claim_id, kind, contact, ordinal)): kind
            for kind, contact, ordinal in product(NoticeKind, range(3), range(12))
        }
        found = {
            letter.message_id.strip("<>").partition("@")[0]: letter for letter in letters
        }  # a crash may repeat one
        mail = [Mail(kinds[name], letter.recipients[0]) for name, letter in found.items() if name in kinds]
        assert Counter(letter.kind for letter in mail) == Counter(on_record), self._so_far()
        return mail

    def _handed_over(self) -> list[NoticeKind]:
        said = [heard.event for heard in self.world.heard(str(self.claim_id))]
        return [
            NoticeKind.CLAIM if isinstance(event, SellerNotified) else event.kind
            for event in said
            if isinstance(event, SellerNotified | NoticeHandedOver)
        ]

    def _statuses(self) -> list[Status]:
        """In order; a status that only got another date is told once."""
        told = [each.status for each in self.all(StatusChanged)]
        return [status for before, status in zip([None, *told], told, strict=False) if status is not before]

    async def _money(self) -> Money:
        columns = ", ".join(Money._fields)
        rows = await self.world.rows(f"select {columns} from recovery.claim_money where claim_id = $1", self.claim_id)
        return Money(*rows[0]) if rows else Money()

    async def _on_record(self, process: str) -> None:
        """Everybody's picture of the seller is read beside the claims; a test must not race it."""
        sql = f"select from {process}.state where process = '{process}.reference' and key = $1"
        await self.world.until_row(sql, self.seller_id)

    def _holds_what_must_always_hold(self) -> None:
        ends, reopened = self.all(ClaimClosed), self.all(ClaimReopened)
        corrected = [end for end in ends if end.outcome in CORRECTED]
        assert len(ends) <= 1 + len(reopened) + 2 * len(corrected), [end.outcome for end in ends]
        told = self.all(StatusChanged)
        assert [each.revision for each in told] == list(range(1, len(told) + 1))
        for each in told:
            closed = each.status is Status.CLOSED
            assert each.next_step is not None, each
            assert closed or each.by is not None, f"at every moment a claim says what happens next and when: {each}"
        rounds = {order.round: order for order in self.all(PayoutAuthorized)}
        orders = {(order.payout_id, order.amount_minor) for order in self.all(PayoutAuthorized)}
        assert len(orders) == len(rounds) <= 1 + len(reopened), "one payout per claim and round, whatever happens"
        for number, order in rounds.items():
            assert order.amount_minor == self.all(ClaimDecided, round=number)[-1].allowed_minor
        for debit in self.all(SellerDebitRequested):
            noticed = [notice.handed_over_at for notice in self.all(NoticeHandedOver, kind=NoticeKind.DEBIT)]
            tried = [notice.attempted_at for notice in self.all(NoticeUndeliverable, kind=NoticeKind.DEBIT)]
            assert self.moment_of(debit) >= min(noticed + tried) + DEBIT_NOTICE
