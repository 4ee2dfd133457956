"""What must hold of what is said, at every moment."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from zlib import crc32

from ops.simulation.invariants.statement import NUMBERED, Fact, Invariant, Seen
from shared.events.adjusters import person_of
from shared.runtime.codec import numbers_of


class OneIdOneContent(Invariant):
    """No id stands for two contents."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._contents: dict[tuple[str, str], int] = {}

    def appended(self, fact: Fact) -> None:
        record = fact.record
        party = "" if record.place.topic in NUMBERED else record.place.topic
        content = crc32(record.value or b"", crc32(fact.type.encode(), crc32(record.key or b"")))
        if self._contents.setdefault((party, fact.id), content) != content:
            raise self.wrong(f"{fact.type} {fact.id} of {(record.key or b'').decode()} was said with another content")


class OneNumberOneFact(Invariant):
    """No number of a stream stands for two facts."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._ids: dict[tuple[object, ...], str] = {}

    def appended(self, fact: Fact) -> None:
        numbers = numbers_of(fact.record.headers) if fact.record.place.topic in NUMBERED else None
        if numbers is not None and self._ids.setdefault((fact.record.place, *numbers), fact.id) != fact.id:
            raise self.wrong(f"number {numbers[1]} of lane {numbers[0]} on {fact.record.place} was another fact before")


def _comes_to(order: Mapping[str, Any]) -> int:
    """A round's payout, with what holders of liens keep of earlier attempts at it."""
    return order["amount_minor"] + order.get("kept_minor", 0)


class OnePayoutPerRound(Invariant):
    """A claim has one payout id and one amount per round, and no payout id serves two claims."""

    hears: ClassVar = ("PayoutAuthorized",)

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._orders: dict[tuple[str, int], tuple[object, ...]] = {}
        self._claims: dict[str, str] = {}

    def said(self, fact: Fact) -> None:
        claim, payout = fact.body["claim_id"], fact.body["payout_id"]
        order = (payout, _comes_to(fact.body), fact.body["currency"])
        before = self._orders.setdefault((claim, fact.body["round"]), order)
        if before != order:
            raise self.wrong(f"round {fact.body['round']} of {claim} was ordered as {before}, and now as {order}")
        if self._claims.setdefault(payout, claim) != claim:
            raise self.wrong(f"payout {payout} is ordered for {claim} and for {self._claims[payout]}")


class NeverMoreThanDecided(Invariant):
    """What is ordered is what was decided before, and together no more than the cap."""

    hears: ClassVar = ("ClaimDecided", "PayoutAuthorized", "ClaimAccepted")

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._decided: dict[tuple[str, int], set[int]] = {}
        self._ordered: dict[tuple[str, int], tuple[str, int]] = {}

    def said(self, fact: Fact) -> None:
        body = fact.body
        if fact.type == "ClaimDecided":
            # On another topic than the order: it may come after it, and is compared when both are there.
            self._decided.setdefault((body["claim_id"], body["round"]), set()).add(body["allowed_minor"])
        elif fact.type == "PayoutAuthorized":
            self._ordered[body["claim_id"], body["round"]] = (body["policy"], _comes_to(body))
            total = sum(amount for (claim, _), (_, amount) in self._ordered.items() if claim == body["claim_id"])
            cap = self.seen.policies.version(body["policy"]).handling.cap_minor
            if total > cap:
                raise self.wrong(f"{body['claim_id']} is to be paid {total}, and the cap is {cap}")

    def ended(self) -> None:
        for (claim, number), (_, amount) in self._ordered.items():
            if amount not in self._decided.get((claim, number), ()):
                raise self.wrong(f"{amount} were ordered for round {number} of {claim}, and nobody decided that")


class FourEyes(Invariant):
    """Above the authority limit two people have said yes, to one question, and neither decided a review of the claim.

    To each payee anew; and all rounds of a claim come to one sum. What failed or came back of a round is in it, because
    it is ordered again in its own; but not once the claim has been reopened, when the new round may pay it instead.
    """

    hears: ClassVar = (
        *("PayoutApproved", "ReviewDecided", "ReopeningRecorded"),
        *("PayoutAuthorized", "PayoutFailed", "PayoutReturned"),
    )

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._approvers: defaultdict[str, dict[str, set[str]]] = defaultdict(dict)
        """By payout and question."""
        self._adjusters: defaultdict[str, list[str]] = defaultdict(list)
        self._payees: dict[str, str] = {}
        self._orders: defaultdict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        """By claim and payout, each as it was ordered last."""
        self._back: Counter[str] = Counter()
        """By payout, what the payee does not have of the last attempt."""
        self._reopened: set[str] = set()

    def said(self, fact: Fact) -> None:
        body, claim = fact.body, fact.body["claim_id"]
        match fact.type:
            case "PayoutApproved":
                self._approvers[body["payout_id"]].setdefault(body["question_id"], set()).add(
                    person_of(body["approver"])
                )
            case "ReviewDecided":
                self._adjusters[claim].append(person_of(body["adjuster"]))
            case "ReopeningRecorded":
                self._reopened.add(claim)
            case "PayoutReturned":
                self._back[body["payout_id"]] += body["amount_minor"]
            case "PayoutFailed":
                self._fails(body["payout_id"], body.get("attempt"), self._orders[claim])
            case _:
                self._ordered(body, self._orders[claim])

    def _fails(self, payout: str, attempt: int | None, orders: Mapping[str, Mapping[str, Any]]) -> None:
        order = orders.get(payout)
        if order is not None and attempt in (None, order["attempt"]):
            self._back[payout] = order["amount_minor"]

    def _ordered(self, body: Mapping[str, Any], orders: dict[str, Mapping[str, Any]]) -> None:
        claim, payout, payee = body["claim_id"], body["payout_id"], body["payee_ref"]
        if payout not in orders or orders[payout]["attempt"] != body["attempt"]:
            orders[payout], self._back[payout] = body, 0
        if self._payees.get(payout) == payee:
            return
        limit = self.seen.policies.version(body["policy"]).handling.authority_limit_minor
        if self._sum(claim) > limit:
            self._look_at_approvers(payout, claim)
            self._approvers[payout] = {}
        self._payees[payout] = payee

    def _sum(self, claim: str) -> int:
        """What all rounds of a claim come to."""
        back = self._back if claim in self._reopened else Counter[str]()
        return sum(max(_comes_to(order) - back[payout], 0) for payout, order in self._orders[claim].items())

    def _look_at_approvers(self, payout: str, claim: str) -> None:
        answered, adjusters = self._approvers[payout], set(self._adjusters[claim])
        if all(len(yes - adjusters) < 2 for yes in answered.values()):
            yes = sorted(set[str]().union(*answered.values()))
            raise self.wrong(f"{claim} is paid, {self._sum(claim)} over all rounds, on the word of {yes}")


class NoticeBeforeDebit(Invariant):
    """No debit before its notice was handed over, or tried on every contact, and its time has passed."""

    hears: ClassVar = ("DebitNoticed", "NoticeHandedOver", "NoticeUndeliverable", "SellerDebitRequested")

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._days: dict[str, int] = {}
        self._out: defaultdict[str, list[datetime]] = defaultdict(list)

    def said(self, fact: Fact) -> None:
        body, claim = fact.body, fact.body["claim_id"]
        if fact.type == "DebitNoticed":
            self._days[claim] = body["notice_days"]
        elif fact.type == "SellerDebitRequested":
            wait = timedelta(days=self._days.get(claim, 0))
            if not any(out + wait <= fact.said_at for out in self._out[claim]):
                raise self.wrong(
                    f"{claim} is debited on {fact.said_at:%d %b}, and the notice was out on {self._out[claim]}"
                )
        elif body["kind"] == "debit":
            self._out[claim].append(datetime.fromisoformat(body.get("handed_over_at") or body["attempted_at"]))


class RevisionsRiseByOne(Invariant):
    """The statuses that a customer is told are numbered without a gap."""

    hears: ClassVar = ("StatusChanged",)

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._revision: dict[str, int] = {}

    def said(self, fact: Fact) -> None:
        claim, revision = fact.body["claim_id"], fact.body["revision"]
        before = self._revision.get(claim, 0)
        if revision != before + 1:
            raise self.wrong(f"revision {revision} of {claim} follows on {before}")
        self._revision[claim] = revision


SAID: Final[tuple[type[Invariant], ...]] = (
    OneIdOneContent,
    OneNumberOneFact,
    OnePayoutPerRound,
    NeverMoreThanDecided,
    FourEyes,
    NoticeBeforeDebit,
    RevisionsRiseByOne,
)
