"""What escalation knows of one claim."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self, TypeAlias
from uuid import UUID

from pydantic import BeforeValidator, model_validator

from services.escalation.parts import Admitted, Ended, Growth, Line, Payout, Question, Release, Terms
from shared.events.adjusters import ReviewKind
from shared.events.base import derived_id
from shared.events.claim import Lien, Reason, ReopeningReason, Signal
from shared.events.escalation import Outcome, Owner, Route, Status
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.seller_notifier import SellerAnswerRecorded, SellerCommentRecorded, SettlementReported
from shared.events.seller_portal import AnswerChoice
from shared.money import Minor
from shared.policy import Policy
from shared.runtime import Moment, State

At: TypeAlias = Moment[SellerCoverChanged]
Said: TypeAlias = SellerAnswerRecorded | SellerCommentRecorded | SettlementReported

SOON: Final = timedelta(minutes=5)
"""The shortest wait: a policy of 0 days still leaves the others time to speak."""
ONE_DAY: Final = timedelta(days=1)
"""The shortest wait for a word that is owed to us."""


def _as_first_written(value: Any) -> Any:
    """The first version kept no claimed amounts: (item, minor units, reasons)."""
    match value:
        case [int(item), int(minor), [*reasons]]:
            return (item, minor, minor, reasons)
        case _:
            return value


class Case(State):
    """One claim. ``status``, ``owner`` and ``by`` are what the customer is told, and what it waits for."""

    claim_id: UUID
    submission_id: str
    status: Status = Status.NEEDS_INFORMATION
    owner: Owner = Owner.MAKEGOOD
    by: datetime | None = None
    asks_at: datetime | None = None
    """When it asks itself, where that is another moment than the ``by`` that was told."""
    asks_beneficiary: bool = False
    """All papers are there: the customer is asked for nothing but the answer about Medicare."""
    overdue: int = 0
    """How often the present deadline was moved because somebody owes us a word."""
    revision: int = 0
    outcome: Outcome | None = None
    reasons: tuple[Reason, ...] = ()
    ended_at: datetime | None = None
    round: int = 1
    former: Ended | None = None
    """How it had ended, while a later round is looked at."""

    accepted: Terms | None = None
    items: tuple[Annotated[Admitted, BeforeValidator(_as_first_written)], ...] = ()
    payee_ref: str = ""
    liens: tuple[Lien, ...] = ()
    decide_by: datetime | None = None
    """The handling clock: a decision is due by then."""
    pay_by: datetime | None = None
    """By when the payout that is pending should have been paid, however often it is tried, or its payee approved."""
    delay_at: datetime | None = None
    """When the customer hears of a delay, if nothing is decided until then."""

    signals: tuple[Signal, ...] = ()
    suspected: bool = False
    """It looks like fraud, and nobody has investigated that yet."""
    resumes: ReviewKind | None = None
    """The review that an investigation holds up, or the customer's word on a settlement."""
    cut_by_investigator: bool = False

    direct_pay: bool | None = None
    """None: the route is not chosen yet."""
    covered: bool = False
    rerouted: bool = False
    respond_by: datetime | None = None
    """The seller's frozen deadline (direct pay: the end of his comment window); None before the notice."""
    answer: AnswerChoice | None = None
    """The first answer received in time (on direct pay: an objection, or none); later ones are evidence."""
    contested: tuple[int, ...] = ()
    """The items he contests, where he accepts the others."""
    grown: tuple[Growth, ...] = ()
    """What came to more since it was accepted, each item's last time, until he answers: that may be about less."""
    objected: bool = False
    """He spoke against paying before the route was chosen: that counts if it is direct pay."""
    came_back: bool = False
    """His notice, which goes to the next contact now: his time begins with that."""
    unreached: bool = False
    """His notice reached nobody, and a person was asked."""
    settlement_reported: bool = False
    part_minor: Minor = 0
    """What he says he has settled; 0: all, as it was kept before."""
    disputed_at: datetime | None = None
    """When the customer said last that nothing has arrived, of the seller's or of the insurer's."""
    seller_minor: Minor = 0
    """The part that he has settled."""
    insurer_by: datetime | None = None
    insurer_replied: bool = False
    insurer_minor: Minor = 0
    """What the insurer has settled, as the customer has confirmed or an insurer that was asked has said of a part."""
    unconfirmed_minor: Minor = 0
    """What else the insurer says it has settled: only the customer's word moves the claim, or once it is reopened."""
    proofs: tuple[str, ...] = ()
    """Of the insurer's settlements heard so far."""

    review: ReviewKind | None = None
    reviewed: bool = False
    """A person has found the claim valid; an investigation alone does not count."""
    findings: tuple[Line, ...] = ()
    """What the adjuster allowed, for the items he named."""
    adjusters: tuple[str, ...] = ()
    """Who decided reviews in this round: none of them approves the payout."""
    question: Question | None = None
    """None: asked before questions had names, or by a version that gives none, or never."""

    route: Route | None = None
    release: Release | None = None
    approvers: tuple[str, ...] = ()
    decided: tuple[Line, ...] = ()
    """The last decision, item by item."""
    payouts: tuple[Payout, ...] = ()
    """One per round in which something was paid, the one ordered last at the end."""
    to_new_payee: bool = False
    """That one has failed or come back, and waits until two have approved who is payee now."""
    booked: tuple[str, ...] = ()
    """Marks of finance's results, so that one said twice counts once, whenever that is."""
    dealt_with: tuple[tuple[int, Minor], ...] = ()
    """What the claim came to when it was paid: a round that an amendment opened is about what is more."""
    amended: bool = False
    """It comes to something else since the present payout was authorised, and was dealt with as is said above."""
    to_reopen: ReopeningReason | None = None
    """Why the customer asked for another look while the present payout was on its way."""
    medicare_round: int = 0
    """The last round that was reported."""
    attempt: int = 0
    amount_minor: Minor = 0
    """Of the one payout that the first version knew."""

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        """A claim that the first version had begun goes on: it knew one round, one payee and one payout."""
        terms = self.accepted
        if terms is None or not terms.payee_ref:
            return self
        begun = {"accepted": terms.model_copy(update={"payee_ref": ""}), "payee_ref": terms.payee_ref}
        if not self.attempt:
            return self.model_copy(update=begun)
        found = {line.item: line for line in self.findings}
        decided, left = list[Line](), self.amount_minor
        for each in self.items:
            finding = found.get(each.item)
            minor = min(each.minor, left, finding.minor if finding else each.minor)
            reasons = (*each.reasons, *(finding.reasons if finding else ()))
            decided.append(Line(each.item, minor, reasons))
            left -= minor
        given_up = self.outcome is Outcome.PAYOUT_FAILED
        payout = Payout(
            round=self.round,
            amount_minor=self.amount_minor,
            payee_ref=terms.payee_ref,
            small=terms.small,
            lines=tuple((line.item, line.minor) for line in decided if line.minor),
            attempt=self.attempt,
            tries=self.attempt,
            held_minor=self.amount_minor if self.status is Status.CLOSED and not given_up else 0,
        )
        return self.model_copy(update=begun | {"decided": tuple(decided), "payouts": (payout,), "attempt": 0})

    @property
    def wakes_at(self) -> datetime | None:
        """When the present wait is over."""
        return self.asks_at or self.by

    @property
    def due(self) -> datetime | None:
        if self.wakes_at is None or self.delay_at is None or not self.undecided:
            return self.wakes_at
        return min(self.wakes_at, self.delay_at)

    @property
    def late_at(self) -> datetime | None:
        if self.is_being_paid:
            return self.pay_by
        return self.decide_by if self.undecided else None

    @property
    def seller_id(self) -> str | None:
        """Whose cover is the reference."""
        return self.accepted.seller_id if self.accepted else None

    @property
    def terms(self) -> Terms:
        """The terms of a claim that was accepted; only asked for where it was."""
        assert self.accepted is not None, "not accepted yet"
        return self.accepted

    @property
    def payout(self) -> Payout | None:
        """The one ordered last, in whichever round."""
        return self.payouts[-1] if self.payouts else None

    @property
    def undecided(self) -> bool:
        """Accepted, not ended, and no payout of this round authorised: what anybody says still counts."""
        return self.accepted is not None and self.status is not Status.CLOSED and not self.is_being_paid

    @property
    def is_being_paid(self) -> bool:
        """The payout of the last decision is authorised, and nobody knows yet what became of it."""
        return self.status is Status.PAYOUT_PENDING or self.to_new_payee

    @property
    def awaits_customers_word(self) -> bool:
        """The seller says that he has settled, and the customer has neither confirmed nor disputed it.

        On direct pay it is an objection, which a person judges, unless he had none before.
        """
        open_ = self.settlement_reported and self.disputed_at is None and not self.seller_minor
        may = not self.direct_pay or self.answer is AnswerChoice.PAY_THROUGH_US
        return open_ and self.round == 1 and may

    @property
    def investigated(self) -> bool:
        """Whether an investigation is going on: everything else waits for its end."""
        return self.review is ReviewKind.INVESTIGATION

    @property
    def is_held_up(self) -> bool:
        """Whether an investigation, or the customer's word on an insurer's settlement, must end first."""
        return self.investigated or self.unconfirmed_minor > 0

    @property
    def ordered_again(self) -> Payout | None:
        """The payout that waits until two have approved its new payee."""
        return self.payout if self.to_new_payee else None

    @property
    def round_to_approve(self) -> int:
        return self.ordered_again.round if self.ordered_again else self.round

    @property
    def deciders(self) -> tuple[str, ...]:
        """Who decided a review before the payout that is to be approved: each of them has had his say."""
        of_its_round = self.ordered_again.adjusters if self.ordered_again else ()
        return tuple(dict.fromkeys((*self.adjusters, *of_its_round)))

    @property
    def payout_id(self) -> UUID:
        """Of the payout that is to be approved: one per claim and round, whatever happens."""
        return self.payout_id_of(self.round_to_approve)

    def payout_id_of(self, round_: int) -> UUID:
        return derived_id("payout", self.claim_id, round_)

    @property
    def question_id(self) -> UUID | None:
        """By which what is asked of a person now is known to him, and to us when he answers."""
        return derived_id("question", self.claim_id, self.question.number) if self.question else None

    def asking(self, at: At) -> "Case":
        """Asks people something else than before: what they answered to that counts no more.

        Numbered beyond the statuses told, so that no number is given twice, though a former version that served in
        between has forgotten the last one.
        """
        last = self.question.number if self.question else 0
        return self.but(question=Question(max(last, self.revision) + 1, at.now), approvers=())

    def is_answered(self, question_id: UUID | None, at: At) -> bool:
        """Whether an answer to this question is one to what is asked now; one to no question by name: if said since."""
        if self.question is None:
            return True
        return at.said_at >= self.question.put_at if question_id is None else question_id == self.question_id

    @property
    def is_asked_anew(self) -> bool:
        """Whether the notice of the seller's new route is still to reach him: what he answers is the former one."""
        return self.rerouted and not self.direct_pay and self.respond_by is None

    def in_time(self, said: Said) -> bool:
        """What the seller says at the last moment is in time; while his notice is on its way (again) it always is."""
        return self.respond_by is None or self.came_back or said.received_at <= self.respond_by

    def unseen(self, said: Said) -> dict[int, int]:
        """The items that come to more now than when the seller said it, and what they came to then."""
        now = {each.item: each.minor for each in self.items}
        before = {each.item: each.before_minor for each in self.grown if said.received_at < each.at}
        return {item: minor for item, minor in before.items() if now.get(item, 0) > minor}

    def as_seen(self, said: Said) -> "Case":
        """With nothing that the seller cannot have spoken of."""
        unseen = self.unseen(said)
        return self.but(items=tuple(each._replace(minor=unseen.get(each.item, each.minor)) for each in self.items))

    def policy(self, at: At) -> Policy:
        return at.policies.version(self.terms.policy)

    def moved(self, status: Status, owner: Owner, by: datetime | None, **changes: Any) -> "Case":
        """Now stands so, waiting until ``by``; what belonged to the former wait is forgotten."""
        fresh: dict[str, Any] = {
            "asks_at": None,
            "asks_beneficiary": False,
            "overdue": 0,
            "review": None,
            "resumes": None,
            "to_new_payee": False,
        }
        return self.but(**fresh | {"status": status, "owner": owner, "by": by} | changes)

    def paying(self, payout: Payout) -> "Case":
        """With this payout as the one of its round."""
        return self.but(payouts=(*(p for p in self.payouts if p.round != payout.round), payout))

    def still_waiting(self, at: At, span: timedelta) -> "Case":
        """Waits on for a word that is owed to us, asking less and less often: the customer is told each time."""
        by = later(at, max(span, ONE_DAY) * 2 ** min(self.overdue, 5))
        return self.but(by=by, asks_at=None, overdue=self.overdue + 1)

    def within(self, at: At, days: int) -> datetime:
        """So many days of the claim's policy from now, and always after now."""
        return later(at, self.policy(at).wait(at.now, days))


def later(at: At, span: timedelta) -> datetime:
    """That long from now, and always after now."""
    return at.now + max(span, SOON)
