"""How a scene becomes a claim of the demo, and what is written of everybody who has to do with it."""

from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final

from ops.demo.luck import Written, chance
from ops.demo.outside.certificates import Cover
from ops.demo.outside.directory import Earns
from ops.demo.products import PRODUCTS
from ops.demo.scenes import SCENES
from shared.events.base import claim_id_of
from shared.events.upstream import Claimant, ClaimSubmitted
from shared.money import Currency
from shared.policy import load

DIRECTED: Final = len(SCENES)
"""Claims with lower numbers are directed."""
BEFORE_POLICY: Final = -1
"""Of ``Scene.days``: bought some days before the marketplace's policy was first in force."""


def submission_id(seed: int, number: int) -> str:
    return f"demo-{seed}-{number:07d}"


@lru_cache(maxsize=4)
def written(seed: int) -> Written:
    """What is written of the claims that are directed, and of their sellers."""
    found = dict[str, tuple[Enum, ...]]()
    for number, scene in enumerate(SCENES):
        found[str(claim_id_of(submission_id(seed, number)))] = scene.does
        if not scene.again:
            cover = Cover.VALID if scene.insured else Cover.NONE
            found[_seller(number)] = (*scene.seller, cover, Earns.LITTLE)
    return found


def directed(seed: int, number: int, today: date) -> ClaimSubmitted:
    """The claim of one scene."""
    scene = SCENES[number]
    if not scene.again:
        return _claim(seed, number, today).model_copy(update=dict(scene.claim))
    changes = dict(scene.claim) | {"submission_id": submission_id(seed, number)}
    if scene.claim:
        changes["claimant"] = _claimant(seed, number)
    if "order_id" in changes:
        changes["order_id"] = _order_id(seed, number)
    return directed(seed, number - 1, today).model_copy(update=changes)


def _claim(seed: int, number: int, today: date) -> ClaimSubmitted:
    scene = SCENES[number]
    bought, happened, reported = scene.days
    marketplace: str = scene.claim.get("marketplace", "US")
    purchased_on = today - timedelta(days=bought)
    if bought == BEFORE_POLICY:
        first = load().in_force(marketplace, date.min)
        assert first is not None
        purchased_on = first.effective_from - timedelta(days=10)
    return ClaimSubmitted(
        submission_id=submission_id(seed, number),
        marketplace=marketplace,
        currency=Currency.USD,
        order_id=_order_id(seed, number),
        seller_id=_seller(number),
        product=PRODUCTS[number % len(PRODUCTS)].name,
        purchased_on=purchased_on,
        incident_on=today - timedelta(days=happened),
        reported_on=today - timedelta(days=reported),
        claimant=_claimant(seed, number),
        narrative=f"Directed: {scene.route.replace('_', ' ')}.",
        losses=(),
    )


def _claimant(seed: int, number: int) -> Claimant:
    luck = chance(seed, "scene", number, "claimant")
    return Claimant(id=f"cust-9{number:03d}{luck.randint(100, 999)}", age=float(luck.randint(25, 60)))


def _order_id(seed: int, number: int) -> str:
    luck = chance(seed, "scene", number, "order")
    return f"9{number:03d}-{luck.randint(10**6, 10**7 - 1)}-{luck.randint(10**6, 10**7 - 1)}"


def _seller(number: int) -> str:
    """A seller of the scene's own."""
    return f"seller-9{number:03d}"
