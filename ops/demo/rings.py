"""Fraud that is planted among the claims: people who claim with one paper, for one payee, about one order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final

from ops.demo.luck import chance, pick
from ops.demo.outside.party import CURRENCIES
from ops.demo.products import PRODUCTS
from shared.events.claim import LossKind
from shared.events.upstream import ClaimSubmitted, Loss
from shared.policy import load


class Ring(Enum):
    """What the claims of one ring have in common."""

    PAPERS = "the same papers"
    PAYEE_AND_ORDER = "payee and order, each amount just under the line"
    PAYEE = "the payee, each amount just under the line"
    ORDER = "the order, each amount just under the line"


RINGS: Final = {Ring.PAPERS: 40, Ring.PAYEE_AND_ORDER: 30, Ring.PAYEE: 15, Ring.ORDER: 15}
MEMBERS: Final = 4
BLOCK: Final = 150
"""Of so many claims on end, one ring's members are somewhere among them."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One ring: the numbers of its claims, the lowest first, whose story the others tell as well."""

    ring: Ring
    members: tuple[int, ...]


@lru_cache(maxsize=256)
def ring_in(seed: int, block: int, first: int) -> Planted:
    """The ring of one block of claim numbers; numbers below ``first`` are never in one."""
    luck = chance(seed, "rings", block)
    numbers = range(max(first, block * BLOCK), (block + 1) * BLOCK)
    return Planted(pick(luck, RINGS), tuple(sorted(luck.sample(numbers, MEMBERS))))


def ring_of(seed: int, number: int, first: int) -> Planted | None:
    """The ring that a claim number belongs to; those of the numbers below ``first`` are directed elsewhere."""
    if number < first:
        return None
    planted = ring_in(seed, number // BLOCK, first)
    return planted if number in planted.members else None


def retold(lead: ClaimSubmitted, own: ClaimSubmitted, planted: Planted, number: int, today: date) -> ClaimSubmitted:
    """The lead's story, told by one member for himself: what they have in common depends on the ring."""
    one_payee = planted.ring in {Ring.PAYEE, Ring.PAYEE_AND_ORDER}
    one_order = planted.ring in {Ring.ORDER, Ring.PAYEE_AND_ORDER}
    just_under = planted.ring is not Ring.PAPERS
    policy = load().in_force(lead.marketplace, today)
    assert policy is not None
    line_minor = policy.handling.small_claim_line_minor
    price = line_minor // 20
    damage = line_minor * (985 if just_under else 800) // 1000 - price
    apart = 0 if planted.ring is Ring.PAPERS else 100 * planted.members.index(number)
    losses = (
        Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=price + apart),
        Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=damage - 2 * apart),
    )
    return ClaimSubmitted(
        submission_id=own.submission_id,
        marketplace=lead.marketplace,
        currency=CURRENCIES[lead.marketplace],
        order_id=lead.order_id if one_order else own.order_id,
        seller_id=lead.seller_id,
        product=PRODUCTS[planted.members[0] % len(PRODUCTS)].name,
        purchased_on=today - timedelta(days=40),
        incident_on=today - timedelta(days=9),
        reported_on=today - timedelta(days=1),
        claimant=own.claimant.model_copy(update={"beneficiary": None}),
        narrative=own.narrative,
        losses=losses,
        payee=f"account-{lead.order_id}" if one_payee else None,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """How well screening did. ``precision``: of what was investigated so much was planted; ``recall``: the reverse."""

    planted: int
    investigated: int
    found: int

    @property
    def precision(self) -> float | None:
        return round(self.found / self.investigated, 3) if self.investigated else None

    @property
    def recall(self) -> float | None:
        return round(self.found / self.planted, 3) if self.planted else None


def compared(planted: Iterable[str], investigated: Iterable[str]) -> Found:
    """Both as ids of submissions."""
    wanted, looked_at = set(planted), set(investigated)
    return Found(len(wanted), len(looked_at), len(wanted & looked_at))
