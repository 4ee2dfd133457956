"""What a case is made of: its terms, items, payouts, the release; compact, because there may be many of each."""

from datetime import date, datetime
from typing import Annotated, NamedTuple

from shared.events.base import PERSONAL, Fact
from shared.events.claim import Lien, Reason
from shared.events.escalation import Outcome, Route
from shared.money import Currency, Minor


class Admitted(NamedTuple):
    """One loss as intake admitted it last: compact, because a claim may have fifty. ``price``: the purchase price."""

    item: int
    claimed_minor: Minor
    minor: Minor
    reasons: tuple[Reason, ...] = ()
    price: bool = False


class Growth(NamedTuple):
    """An item that is new, or came to more: what it was before, and when that was said."""

    item: int
    before_minor: Minor
    at: datetime


class Line(NamedTuple):
    """An amount for one item, and the reasons why it is not more. ``before_minor``: what earlier rounds paid of it."""

    item: int
    minor: Minor
    reasons: tuple[Reason, ...] = ()
    before_minor: Minor = 0


class Release(NamedTuple):
    """What the customer was asked to sign in the present round: at most so much, for these items."""

    minor: Minor
    items: tuple[int, ...]
    signed: bool = False


class Question(NamedTuple):
    """What was asked of a person last, and when first: asked once more as it was it stays the same question."""

    number: int
    put_at: datetime


class Payout(NamedTuple):
    """The one payout of a round, as it was ordered last. ``tries``: attempts with the present payee.

    ``held_minor``: what payee and holders have of it, paid less returned; ``early_minor``: what came back before we
    heard that it was paid. ``lines``: (item, minor units) of what it pays, less what a later round pays in its place.
    """

    round: int
    amount_minor: Minor
    payee_ref: str
    small: bool
    lines: tuple[tuple[int, Minor], ...]
    liens: tuple[Lien, ...] = ()
    attempt: int = 1
    tries: int = 1
    held_minor: Minor = 0
    early_minor: Minor = 0
    route: Route | None = None
    paid_minor: Minor = 0
    """Under the present attempt, whatever came back of it: less than was ordered, and finance owes the rest."""
    adjusters: tuple[str, ...] = ()
    """Who decided the reviews of its round: none of them approves another payee either."""
    kept: tuple[Lien, ...] = ()
    """What holders of liens had under earlier attempts and keep, as the payee's share alone came back."""
    failed_at: datetime | None = None
    """The latest moment that a failure of any attempt has given for itself."""

    @property
    def kept_minor(self) -> int:
        return sum(lien.amount_minor for lien in self.kept)

    @property
    def to_pay_minor(self) -> int:
        """What the present attempt is for."""
        return self.amount_minor - self.kept_minor

    @property
    def is_short(self) -> bool:
        return self.paid_minor < self.to_pay_minor

    @property
    def payee_has_nothing(self) -> bool:
        """It was not paid, or has come back, but for what the holders of liens have, who are paid first."""
        holders = self.kept_minor + sum(lien.amount_minor for lien in self.liens)
        return self.held_minor == 0 or self.held_minor <= holders < self.amount_minor

    def keeping(self) -> "Payout":
        """As it is to be paid once more: what holders of liens have of it they keep."""
        left, kept = self.held_minor, list[Lien]()
        for lien in (*self.kept, *self.liens):
            share = min(lien.amount_minor, left)
            left -= share
            kept += [Lien(holder_ref=lien.holder_ref, amount_minor=share)] if share else []
        return self._replace(kept=tuple(kept), liens=(), held_minor=self.held_minor - left)

    def less(self, minor: Minor) -> "Payout":
        """Without so much, which others have paid: it counts from the first item on."""
        left, lines = minor, list[tuple[int, Minor]]()
        for item, amount in self.lines:
            counted = min(amount, left)
            left -= counted
            if amount > counted:
                lines.append((item, amount - counted))
        return self._replace(amount_minor=max(self.amount_minor - minor, 0), lines=tuple(lines))


class Ended(NamedTuple):
    """How a claim had ended before it was reopened."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    at: datetime


class Terms(Fact):
    """What was accepted, frozen but for what an amendment changes: a later policy never moves a running claim."""

    policy: str
    marketplace: str
    currency: Currency
    seller_id: str
    incident_on: date
    small: bool
    serious: bool
    hurt: bool = False
    others_minor: Minor = 0
    """What the claimant's other claims for the same incident come to."""
    beneficiary: Annotated[bool, PERSONAL] | None = None
    accepted_at: datetime | None = None
    """None: accepted before this was kept."""
    payee_ref: str = ""
    """Where the first version kept the payee."""
