"""Who watches one claim from outside: each keeps a book of its own of what was heard and said, and objects to what may
not be. None asks the code under test what should follow; of its state they read what the claim stands at."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from services.escalation.state import Case
from shared.events.adjusters import PayoutApproved, ReviewDecided, ReviewKind, person_of
from shared.events.base import Event
from shared.events.claim import InjuryClass, Item, ReopeningReason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimDecided,
    ClaimReopened,
    PayoutAuthorized,
    ReviewOpened,
    RouteChosen,
)
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import AmendmentRecorded, ClaimAccepted, SettlementReplyRecorded
from shared.events.seller_notifier import SettlementReported
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Step:
    """One event, or a deadline that passed, and what came of it."""

    event: Event | None
    said_at: datetime
    now: datetime
    before: Case | None
    after: Case | None
    said: tuple[Event, ...]
    history: Sequence[Event]
    """All that was ever said, this step's at the end."""

    @property
    def finding(self) -> ReviewDecided | None:
        """The answer of an adjuster, if it was one to what was asked."""
        event, before = self.event, self.before
        answers = isinstance(event, ReviewDecided) and before is not None and before.review is event.review
        return event if isinstance(event, ReviewDecided) and answers and self.said else None

    def new(self, kind: type[E]) -> list[E]:
        return [event for event in self.said if isinstance(event, kind)]

    def ever(self, kind: type[E]) -> list[E]:
        return [event for event in self.history if isinstance(event, kind)]


class Referee(Protocol):
    def sees(self, step: Step) -> None:
        """Keeps its book, and raises AssertionError at what may not be."""
        ...


class Claimed:
    """What the claim comes to, by moments: nothing of its own to object to."""

    def __init__(self, acceptance: ClaimAccepted) -> None:
        self._accepted = _by_item(acceptance.items)
        self.most = dict(self._accepted)
        """The most that was ever admitted of each item."""
        self.most_minor = sum(self._accepted.values())
        """And of all of them at one time."""
        self._since: list[tuple[datetime | None, dict[int, int]]] = []
        """None: as it was accepted."""

    def sees(self, step: Step) -> None:
        if isinstance(step.event, AmendmentRecorded):
            amended = _by_item(step.event.items)
            for item, minor in amended.items():
                self.most[item] = max(minor, self.most.get(item, 0))
            self.most_minor = max(self.most_minor, sum(amended.values()))
            self._since.append((step.said_at, amended))
        if step.before is None or step.before.accepted is None:
            self._since = [(None, self._accepted)]

    @property
    def now(self) -> dict[int, int]:
        return self._since[-1][1]

    def at(self, moment: datetime) -> dict[int, int]:
        """By item: what it came to then, as far as is heard by now."""
        return [items for since, items in self._since if since is None or since <= moment][-1]


class Covered:
    """No item is paid beyond what the seller accepted of it, or a review showed and found."""

    def __init__(self, claimed: Claimed) -> None:
        self._claimed = claimed
        self._accepted: dict[int, int] = {}
        """What the seller has accepted of each item."""
        self._shown: dict[int, int] = {}
        """What the last review showed of each item."""
        self._most: dict[int, int] | None = None
        """What may be paid of each item, after the seller's answer or a review; None: neither yet."""

    def sees(self, step: Step) -> None:
        self._hears_an_answer(step)
        if step.finding is not None and step.before is not None:
            self._hears_a_finding(step.finding, step.before)
        decided: ClaimDecided | None = None
        for each in step.said:
            match each:
                case ReviewOpened() if each.review is not ReviewKind.INVESTIGATION:
                    self._shown = {found.item: found.allowed_minor for found in each.items}
                case RouteChosen():
                    accepts = step.after is not None and step.after.answer is AnswerChoice.PAY_THROUGH_US
                    self._most = self._accepted if accepts and not each.direct_pay else None
                case ClaimReopened():
                    self._most = {}
                case ClaimDecided():
                    decided = each
                case PayoutAuthorized() if decided is not None and self._most is not None:
                    for found in decided.findings:
                        assert found.allowed_minor <= self._most.get(found.item, 0), "more than anybody has seen"
                case _:
                    pass

    def _hears_an_answer(self, step: Step) -> None:
        """About each item as it was when he gave it, whenever that is heard."""
        after, before = step.after, step.before
        if after is None or after.round > 1 or after.answer is (before.answer if before else None):
            return
        seen = self._claimed.at(getattr(step.event, "received_at", step.now))
        now = {each.item: min(each.minor, seen.get(each.item, 0)) for each in after.items}
        match after.answer:
            case AnswerChoice.PAY_THROUGH_US:
                self._accepted = now
                self._most = None if after.direct_pay else now
            case AnswerChoice.CONTEST:
                uncontested = set(now) - set(after.contested) if after.contested else set[int]()
                self._accepted = self._most = {item: now[item] for item in uncontested}
            case None:
                self._most = None
            case _:
                self._accepted = self._most = {}

    def _hears_a_finding(self, event: ReviewDecided, before: Case) -> None:
        if event.review is ReviewKind.INVESTIGATION or event.round not in (None, before.round):
            return
        by_item = bool(before.contested) and event.review is ReviewKind.CONTESTED
        asked = set(before.contested) if by_item else set(self._shown)
        found = {item: self._shown.get(item, 0) if event.valid else 0 for item in asked}
        for each in event.findings:
            if each.item in found:
                found[each.item] = min(found[each.item], each.allowed_minor)
        self._most = self._accepted | found if by_item else found


class WhoLooked:
    """Nothing is paid before what looks like fraud was investigated, nor a serious injury before a person looked."""

    def __init__(self, acceptance: ClaimAccepted) -> None:
        self._serious = acceptance.minor_claimant or acceptance.injury is InjuryClass.SERIOUS
        self._suspicion = False
        """Somebody must investigate, and has not found the claim sound yet."""
        self._looked_at = False
        self._ordered: set[UUID] = set()
        self.deciders: dict[int, set[str]] = defaultdict(set)
        """Who decided an open review, by round."""

    def sees(self, step: Step) -> None:
        if isinstance(step.event, AmendmentRecorded):
            self._serious = self._serious or step.event.injury is InjuryClass.SERIOUS
        if step.finding is not None and step.before is not None:
            self._hears_a_finding(step.finding, step.before.round)
        for each in step.said:
            if isinstance(each, PayoutAuthorized) and each.payout_id not in self._ordered:
                self._ordered.add(each.payout_id)
                assert not self._suspicion, "paid before it was investigated"
                assert self._looked_at or not self._serious, "a serious injury paid before a person looked"
            if isinstance(each, ReviewOpened) and each.review is ReviewKind.INVESTIGATION:
                self._suspicion = True

    def _hears_a_finding(self, event: ReviewDecided, round_: int) -> None:
        self.deciders[round_].add(person_of(event.adjuster))
        if event.valid and event.review in (ReviewKind.INVESTIGATION, ReviewKind.REOPENED):
            self._suspicion = False
        self._looked_at = self._looked_at or event.review is not ReviewKind.INVESTIGATION


class Money:
    """What finance has paid of each payout, and what of it the customer should have: never more than is claimed.

    What a round pays that looks at the whole again, no earlier round owes; one about what is more leaves it. The rules
    that play finance write down what moved.
    """

    def __init__(self, claimed: Claimed) -> None:
        self._claimed = claimed
        self._attempts: dict[UUID, int] = {}
        self._holders: dict[UUID, int] = {}
        """What of each payout goes to holders of liens, before its payee."""
        self.net: Counter[UUID] = Counter()
        """What finance has paid, less what came back."""
        self.owes: dict[UUID, int] = {}
        """What the customer should have, less what a later round pays in its place."""
        self.short: Counter[tuple[UUID, int]] = Counter()
        """What finance has paid of an attempt, where that was not all of it."""
        self.refused: set[UUID] = set()
        """The payouts of which finance has paid a part, and will not pay the rest."""
        self.parts: Counter[UUID] = Counter()
        """What came back of it since it was ordered, less what was paid by mistake."""

    def sees(self, step: Step) -> None:
        for order in step.new(PayoutAuthorized):
            if self._attempts.get(order.payout_id) == order.attempt:
                continue  # the same order once more
            self._attempts[order.payout_id] = order.attempt
            self._holders[order.payout_id] = order.kept_minor + sum(lien.amount_minor for lien in order.liens)
            if order.attempt > 1:
                self._is_ordered_again(order)
            else:
                reasons = {event.round: event.reason for event in step.ever(ClaimReopened)}
                self._is_ordered(order, reasons.get(order.round))

    def _is_ordered(self, order: PayoutAuthorized, reason: ReopeningReason | None) -> None:
        if reason is not ReopeningReason.AMENDED:
            for other in self.owes:
                self.owes[other] = min(self.owes[other], max(self.net[other], 0))
                self.parts[other] = self.owes[other] - self.net[other]
        has = sum(min(owed, max(self.net[other], 0)) for other, owed in self.owes.items())
        assert has + order.amount_minor <= sum(self._claimed.now.values()), "more than is claimed by now"
        self.owes[order.payout_id] = order.amount_minor

    def _is_ordered_again(self, order: PayoutAuthorized) -> None:
        """All of it, also where a part had been refused to the attempt before."""
        id_, whole = order.payout_id, order.amount_minor + order.kept_minor
        assert whole == self.owes.get(id_) or id_ in self.refused, "what of it is still owed"
        assert order.kept_minor == max(self.net[id_], 0), "what the holders have"
        self.owes[id_] = whole
        self.refused.discard(id_)
        self.parts[id_] = order.kept_minor - self.net[id_]

    def comes_back(self, id_: UUID, minor: int) -> None:
        if id_ in self.owes:
            self.net[id_] -= minor
            self.parts[id_] += minor

    def is_paid_by_mistake(self, id_: UUID, minor: int) -> None:
        self.net[id_] += minor
        self.parts[id_] -= minor

    def is_refused_the_rest(self, id_: UUID) -> None:
        self.owes[id_], self.parts[id_] = self.net[id_], 0
        self.refused.add(id_)

    def beside_holders(self, id_: UUID) -> int:
        """What the payee has of it."""
        return self.net[id_] - self._holders.get(id_, 0)

    def is_there(self, id_: UUID) -> bool:
        """Whether anything of it is there that is not a holder's of a lien."""
        return self.net[id_] > 0 and not self.net[id_] <= self._holders.get(id_, 0) < self.owes.get(id_, 0)

    def all_is_there(self) -> bool:
        return all(self.is_there(id_) for id_, owed in self.owes.items() if owed)


class OthersHavePaid:
    """What seller or insurer has paid, and nobody has disputed, is not paid once more in the first round.

    Of an insurer: who was asked; of any other, and later, a person decides. Of a seller: what he reported in time,
    unless he contested; on direct pay that is what it counts as, and a person decides.
    """

    def __init__(self, claimed: Claimed) -> None:
        self._claimed = claimed
        self._insurers: dict[str, int] = {}
        """By proof."""
        self._sellers = 0
        self._doubted = False

    def sees(self, step: Step) -> None:
        self._hears(step)
        case = step.after
        if case is None or case.round > 1 or self._doubted:
            return
        for order in step.new(PayoutAuthorized):
            if order.attempt == 1:
                assert self._counted(case) + order.amount_minor <= self._claimed.most_minor

    def _hears(self, step: Step) -> None:
        event, before, after = step.event, step.before, step.after
        unpaid = before is not None and before.accepted is not None and not before.payouts
        match event:
            case InsurerSettled() if event.currency is Currency.USD and unpaid:
                self._insurers.setdefault(event.proof, event.amount_minor)
            case InsurerRejected():
                self._doubted = True
            case SettlementReplyRecorded() if not event.confirmed:
                self._doubted = True
            case None if before and before.unconfirmed_minor and not _is_asked(before):
                self._doubted = True  # silence about an insurer whom nobody has asked
            case SettlementReported() if unpaid and before and after and not before.settlement_reported:
                if after.settlement_reported:
                    came_to = sum(self._claimed.at(event.received_at).values())
                    self._sellers = min(came_to if event.amount_minor is None else event.amount_minor, came_to)
            case _:
                pass

    def _counted(self, case: Case) -> int:
        of_seller = self._sellers if case.answer is not AnswerChoice.CONTEST else 0
        return max(sum(self._insurers.values()) if _is_asked(case) else 0, of_seller)


def _is_asked(case: Case) -> bool:
    """Whether an insurer was: its part counts on its word, and the customer's silence about all of it is a yes."""
    return case.answer is AnswerChoice.REFER_TO_INSURER or case.insurer_by is not None


class FourEyes:
    """Two who decided nothing have said yes to this amount for this payee, where all rounds exceed the limit."""

    def __init__(self, limit_minor: int, money: Money, looked: WhoLooked) -> None:
        self._limit_minor, self._money, self._looked = limit_minor, money, looked
        self.asked: list[ReviewOpened | ApprovalRequested] = []
        """Each question put to a person."""
        self._asked_at: dict[UUID | None, datetime] = {}
        """When each was put first."""
        self._yes: dict[UUID | None, set[str]] = defaultdict(set)
        """Who has approved, by question."""

    def sees(self, step: Step) -> None:
        if isinstance(step.event, PayoutApproved):
            self._hears_a_yes(step.event, step.said_at)
        for each in step.said:
            if isinstance(each, ReviewOpened | ApprovalRequested):
                self.asked.append(each)
                self._asked_at.setdefault(each.question_id, step.now)
            if isinstance(each, PayoutAuthorized):
                self._was_approved(each, step)

    def _hears_a_yes(self, event: PayoutApproved, said_at: datetime) -> None:
        asked = self.asked[-1] if self.asked else None
        if isinstance(asked, ApprovalRequested) and asked.payout_id == event.payout_id:
            in_time = event.question_id is None and said_at >= self._asked_at[asked.question_id]
            if in_time or event.question_id == asked.question_id:
                self._yes[asked.question_id].add(person_of(event.approver))

    def _was_approved(self, order: PayoutAuthorized, step: Step) -> None:
        before = step.history[: step.history.index(order)]
        former = [one for one in before if isinstance(one, PayoutAuthorized) and one.payout_id == order.payout_id]
        to_the_same = bool(former) and former[-1].payee_ref == order.payee_ref
        if sum(self._money.owes.values()) > self._limit_minor and not to_the_same:
            asked = self.asked[-1]
            assert isinstance(asked, ApprovalRequested), "what was asked last"
            assert (asked.payout_id, asked.amount_minor) == (order.payout_id, order.amount_minor)
            assert len(self._yes[asked.question_id] - self._looked.deciders[order.round]) >= 2


def _by_item(items: Sequence[Item]) -> dict[int, int]:
    return {each.item: each.admitted_minor for each in items}
