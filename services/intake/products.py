"""One product's claims taken together: a product that hurts many is flagged, once at each level of worry."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from services.intake.state import At
from shared.events.base import Id
from shared.events.claim import InjuryClass
from shared.events.intake import HazardLevel, InjuryCount, ProductHazardFlagged, ProductIncidentReported
from shared.policy import Policy
from shared.policy.model import Hazard
from shared.runtime import Decision, State, unchanged

LEVELS: Final = tuple(HazardLevel)
"""The least worrying first."""
NAMED: Final = 20
"""Sellers and claims named in a flag."""
SHARED_BY: Final = 2
"""A diagnosis is named only where so many claims have it: one alone could tell who was hurt."""


class Harm(NamedTuple):
    """One claim about the product. An array in JSON; the diagnosis is cut to what a flag may name."""

    claim_id: UUID
    incident_on: date
    seller_id: Id
    serious: bool
    minor: bool
    diagnosis: str | None


class Product(State):
    """The claims from two windows before the latest incident on, the oldest first; none once nothing is left to say.

    Two windows, because a claim may be reported as long after its incident as others within its window before it.
    All marketplaces share them, each by its own rules: what one has no use for another may need.
    """

    flagged: HazardLevel | None = None
    """The highest level that was said."""
    claims: tuple[Harm, ...] = ()


def first_product_incident(event: ProductIncidentReported, at: At) -> Decision[Product]:
    """Count the first claim about a product."""
    return product_incident(Product(), event, at)


def product_incident(product: Product, event: ProductIncidentReported, at: At) -> Decision[Product]:
    """Count the claim, and flag the product when its claims reach a level that is higher than any said before."""
    policy = at.policies.version(event.policy)
    rules = sorted(_higher(policy.hazards, product.flagged), key=_height, reverse=True)
    if not rules or any(known.claim_id == event.claim_id for known in product.claims):
        return unchanged(product)
    harm = _harm(event)
    claims = _kept((*product.claims, harm), rules)
    for rule in rules:
        reached = _reached(claims, harm, rule)
        if reached:
            left = () if rule.level is LEVELS[-1] else claims
            return Decision(Product(flagged=rule.level, claims=left), (_flag(event.product, rule, policy, reached),))
    return Decision(product.model_copy(update={"claims": claims}))


def _harm(event: ProductIncidentReported) -> Harm:
    diagnosis = (event.diagnosis or "").strip()[:80] or None
    serious = event.injury is InjuryClass.SERIOUS
    return Harm(event.claim_id, event.incident_on, event.seller_id, serious, event.minor, diagnosis)


def _higher(rules: Iterable[Hazard], level: HazardLevel | None) -> list[Hazard]:
    return [rule for rule in rules if level is None or LEVELS.index(rule.level) > LEVELS.index(level)]


def _height(rule: Hazard) -> int:
    return LEVELS.index(rule.level)


def _kept(claims: Iterable[Harm], rules: Sequence[Hazard]) -> tuple[Harm, ...]:
    """As many of the latest as the highest count asks for, from two windows before the latest on."""
    in_order = sorted(claims, key=lambda harm: harm.incident_on)[-max(rule.claims for rule in rules) :]
    oldest = in_order[-1].incident_on - timedelta(days=2 * max(rule.within_days for rule in rules))
    return tuple(harm for harm in in_order if harm.incident_on > oldest)


def _reached(claims: tuple[Harm, ...], newcomer: Harm, rule: Hazard) -> tuple[Harm, ...]:
    """The claims of the first window around the newcomer that reaches the level; none: no window does."""
    days = [harm.incident_on for harm in claims]
    span = timedelta(days=rule.within_days)
    for last in sorted({day for day in days if newcomer.incident_on <= day < newcomer.incident_on + span}):
        window = claims[bisect_right(days, last - span) : bisect_right(days, last)]
        if len(window) >= rule.claims or sum(harm.serious for harm in window) >= rule.serious:
            return window
    return ()


def _flag(product: str, rule: Hazard, policy: Policy, claims: tuple[Harm, ...]) -> ProductHazardFlagged:
    injuries = Counter(harm.diagnosis for harm in claims if harm.diagnosis)
    return ProductHazardFlagged(
        product=product,
        level=rule.level,
        marketplace=policy.marketplace,
        first_incident_on=claims[0].incident_on,
        last_incident_on=claims[-1].incident_on,
        within_days=rule.within_days,
        claims=len(claims),
        serious=sum(harm.serious for harm in claims),
        minors=sum(harm.minor for harm in claims),
        injuries=tuple(
            InjuryCount(diagnosis=diagnosis, claims=count)
            for diagnosis, count in sorted(injuries.items(), key=lambda found: (-found[1], found[0]))
            if count >= SHARED_BY
        ),
        seller_ids=tuple(dict.fromkeys(harm.seller_id for harm in claims))[:NAMED],
        claim_ids=tuple(harm.claim_id for harm in claims)[-NAMED:],
    )
