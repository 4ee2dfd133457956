"""Claims that look like real ones, as many as wanted, from a seed; the same seed and day give the same claims.

The first ones are directed (see scenes); a few among the others belong together and are fraud (see rings).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from ops.demo.directed import DIRECTED, directed, submission_id
from ops.demo.luck import chance, pick
from ops.demo.outside.adjusters import Suspicion
from ops.demo.outside.party import CURRENCIES, SCALE
from ops.demo.products import EXCLUDED, PRODUCTS, Harm, Product
from ops.demo.rings import Planted, retold, ring_of
from ops.demo.roles import ADULT, liens, of_guardians, people, possession
from ops.demo.scenes import SCENES
from shared.events.claim import LossKind
from shared.events.upstream import ClaimSubmitted, Injury, Loss
from shared.money import Currency

MARKETPLACES: Final = {
    "US": 44, "CA": 8, "MX": 5, "GB": 12, "DE": 11, "FR": 6, "IT": 4, "ES": 4, "SE": 3, "PL": 3,
}  # fmt: skip
HURT_AND_BROKEN: Final = {(True, False): 44, (False, True): 35, (True, True): 16, (False, False): 5}
DATES: Final = {"fits": 92, "late": 3.5, "old": 2.5, "reversed": 1, "early": 0.6, "future": 0.4}
"""Shares of claims in percent: where, what was harmed, and which window its dates miss."""

AGAIN: Final = 0.032
ANOTHER_ORDER: Final = 0.01
ANOTHER_CUSTOMER: Final = 0.007
"""Shares of claims that tell an earlier one's story again; of these, for another order, and as another customer."""
SPOILT: Final = 0.002

SELLERS: Final = 240
"""Sellers there are; a few of them get most of the claims."""

RELEASED: Final = "treated and released"
DIED: Final = "fatality"
SERIOUS: Final = ("admitted to hospital", "admitted to hospital", "transferred to another hospital", DIED)
OTHER_LOSSES: Final = (
    LossKind.NON_ECONOMIC,
    LossKind.NON_ECONOMIC,
    LossKind.CONSEQUENTIAL,
    LossKind.INCIDENTAL,
    LossKind.COMMERCIAL,
    LossKind.PUNITIVE,
)
"""Losses that are asked for and never covered."""


@dataclass(frozen=True, slots=True)
class _Story:
    """What happened, before it is written down."""

    product: Product
    harm: Harm | None
    damage: str | None
    disposition: str
    age: float

    @property
    def serious(self) -> bool:
        return self.disposition != RELEASED


def generate(count: int, seed: int, today: date) -> Iterator[ClaimSubmitted]:
    """``count`` claims reported in the six weeks up to ``today``. More of them begin with the same ones."""
    for number in range(count):
        yield directed(seed, number, today) if number < DIRECTED else _claim(seed, number, today)


def planted(count: int, seed: int) -> list[str]:
    """The submissions among the first ``count`` that are fraud, or are directed to look like it."""
    suspicious = [number for number, scene in enumerate(SCENES[:count]) if set(Suspicion) & set(scene.does)]
    in_rings = [number for number in range(DIRECTED, count) if ring_of(seed, number, DIRECTED)]
    return [submission_id(seed, number) for number in (*suspicious, *in_rings)]


def spoilt(seed: int, claim: ClaimSubmitted) -> bool:
    """Whether a submission is damaged on its way, so that it cannot be understood."""
    number = int(claim.submission_id.rpartition("-")[2])
    if number < DIRECTED:
        return SCENES[number].route == "not_understood"
    return chance(seed, "spoilt", number).random() < SPOILT


def _claim(seed: int, number: int, today: date) -> ClaimSubmitted:
    """One claim; a few tell an earlier one's story again: in full, for another order, or as another customer."""
    ring = ring_of(seed, number, DIRECTED)
    if ring is not None:
        return _of_ring(seed, number, ring, today)
    luck = chance(seed, "claims", number)
    kind, back = luck.random(), luck.randint(1, 40)
    if kind >= AGAIN or number - back < DIRECTED:
        return _first_hand(seed, number, today)
    earlier, again = _first_hand(seed, number - back, today), dict[str, Any]()
    if kind < ANOTHER_ORDER:
        again["order_id"] = _order_id(luck)
    elif kind < ANOTHER_ORDER + ANOTHER_CUSTOMER:
        another = _first_hand(seed, number, today).claimant
        again["claimant"] = another.model_copy(update={"beneficiary": None})
        again["losses"] = tuple(_a_little_less(loss) for loss in earlier.losses)
    return earlier.model_copy(update={**again, "submission_id": submission_id(seed, number)})


def _of_ring(seed: int, number: int, ring: Planted, today: date) -> ClaimSubmitted:
    lead, own = _first_hand(seed, ring.members[0], today), _first_hand(seed, number, today)
    return retold(lead, own, ring, number, today)


def _first_hand(seed: int, number: int, today: date) -> ClaimSubmitted:
    luck = chance(seed, "stories", number)
    marketplace = pick(luck, MARKETPLACES)
    currency = CURRENCIES[marketplace]
    if luck.random() < 0.006:
        currency = luck.choice([c for c in Currency if c is not currency])
    story = _story(luck)
    purchased_on, incident_on, reported_on = _dates(luck, today)
    losses = _losses(luck, story, SCALE.get(CURRENCIES[marketplace], 1))
    return ClaimSubmitted(
        submission_id=submission_id(seed, number),
        marketplace=marketplace,
        currency=currency,
        order_id=_order_id(luck),
        seller_id=f"seller-{int(SELLERS * luck.random() ** 1.8):04d}",
        product=story.product.name,
        purchased_on=purchased_on,
        incident_on=incident_on,
        reported_on=reported_on,
        injury=_injury(luck, story),
        narrative=_narrative(luck, story, purchased_on, incident_on),
        losses=of_guardians(luck, losses) if story.age < ADULT else losses,
        liens=liens(luck, losses),
        **people(luck, marketplace, story.age, hurt=story.harm is not None, dead=story.disposition == DIED),
        **possession(luck, purchased_on, incident_on),
    )


def _story(luck: Random) -> _Story:
    """About half with damage to property, a little over half with an injury, some with both or neither."""
    product = luck.choice(EXCLUDED) if luck.random() < 0.015 else luck.choice(PRODUCTS)
    hurt, broken = pick(luck, HURT_AND_BROKEN)
    harm = luck.choice(product.harms) if product.harms and (hurt or not product.damages) else None
    damage = luck.choice(product.damages) if product.damages and (broken or (hurt and harm is None)) else None
    serious = harm is not None and luck.random() < 0.06
    return _Story(product, harm, damage, luck.choice(SERIOUS) if serious else RELEASED, age=_age(luck))


def _age(luck: Random) -> float:
    """In years; nine in a hundred are minors, infants in tenths."""
    if luck.random() < 0.09:
        return luck.choice((round(luck.uniform(0.2, 1.9), 1), *map(float, range(2, 18))))
    return float(min(94, max(18, int(luck.gauss(45, 17)))))


def _dates(luck: Random, today: date) -> tuple[date, date, date]:
    """Purchase, incident, report. Nine of ten fit every window; the others miss one each."""
    reported_on = today - timedelta(days=luck.randint(0, 42))
    incident_on = reported_on - timedelta(days=min(80, int(luck.expovariate(1 / 14))))
    purchased_on = incident_on - timedelta(days=1 + min(340, int(luck.expovariate(1 / 70))))
    match pick(luck, DATES):
        case "late":
            incident_on = reported_on - timedelta(days=luck.randint(91, 260))
            purchased_on = incident_on - timedelta(days=luck.randint(1, 200))
        case "old":
            purchased_on = incident_on - timedelta(days=luck.randint(366, 1500))
        case "reversed":
            purchased_on = incident_on + timedelta(days=luck.randint(1, 20))
        case "early":
            incident_on = reported_on + timedelta(days=luck.randint(1, 9))
        case "future":
            reported_on = today + timedelta(days=luck.randint(3, 30))
        case _:
            pass
    return purchased_on, incident_on, reported_on


def _losses(luck: Random, story: _Story, scale: int) -> tuple[Loss, ...]:
    """The price paid, and what the failure cost: mostly a few hundred dollars, now and then very much."""
    low, high = story.product.price
    losses = [Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=luck.randint(low * 100, high * 100) // 10 * 10 + 9)]
    if story.harm and luck.random() < 0.88:
        losses.append(_loss(luck, LossKind.MEDICAL, 9_500 if story.serious else 190, 0.95))
    if story.harm and luck.random() < (0.5 if story.serious else 0.3):
        losses.append(_loss(luck, LossKind.LOST_EARNINGS, 2_800 if story.serious else 210, 0.8))
    if story.damage:
        losses.append(_loss(luck, LossKind.PROPERTY_DAMAGE, 260, 1.15))
    if luck.random() < 0.05:
        losses.append(_loss(luck, luck.choice(OTHER_LOSSES), 300, 1.0))
    if luck.random() < 0.002:
        losses.append(_loss(luck, LossKind.MEDICAL, 900_000, 0.3))
    return tuple(_scaled(loss, scale) for loss in losses)


def _scaled(loss: Loss, scale: int) -> Loss:
    amounts = {"amount_minor": loss.amount_minor * scale, "already_paid_minor": loss.already_paid_minor * scale}
    return loss.model_copy(update=amounts)


def _a_little_less(loss: Loss) -> Loss:
    return loss.model_copy(update={"amount_minor": max(1, loss.amount_minor * 97 // 100)})


def _loss(luck: Random, kind: LossKind, median: int, spread: float) -> Loss:
    """``median`` in dollars. Some medical bills were paid in part by a health insurer already."""
    amount = max(500, int(luck.lognormvariate(0, spread) * median * 100))
    paid = amount * luck.choice((2, 5, 8, 10)) // 10 if kind is LossKind.MEDICAL and luck.random() < 0.06 else 0
    return Loss(kind=kind, amount_minor=amount, already_paid_minor=paid)


def _injury(luck: Random, story: _Story) -> Injury | None:
    if story.harm is None:
        return None
    return Injury(diagnosis=story.harm.diagnosis, body_part=story.harm.body_part, disposition=story.disposition)


def _narrative(luck: Random, story: _Story, purchased_on: date, incident_on: date) -> str:
    days = max(0, (incident_on - purchased_on).days)
    since = "within days" if days < 14 else f"after {days // 7} weeks" if days < 70 else "after some months"
    opening = luck.choice(
        (
            f"I bought this {story.product.noun} for our home and {since}",
            f"The {story.product.noun} looked fine, but {since}",
            f"We used the {story.product.noun} as the leaflet says and {since}",
        )
    )
    told = [f"{opening} {luck.choice(story.product.failures)}."]
    if story.harm:
        told.append(story.harm.words)
    if story.serious:
        told.append("I had to stay in hospital.")
    if story.damage:
        told.append(story.damage)
    if luck.random() < 0.3:
        told.append(luck.choice(("Photos are attached.", "The seller did not answer me.", "I kept all the parts.")))
    return " ".join(told)


def _order_id(luck: Random) -> str:
    return f"{luck.randint(100, 999)}-{luck.randint(10**6, 10**7 - 1)}-{luck.randint(10**6, 10**7 - 1)}"
