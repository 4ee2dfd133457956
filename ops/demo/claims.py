"""Claims that look like real ones, as many as wanted, from a seed; the same seed and day give the same claims."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from ops.demo.luck import chance, pick
from ops.demo.outside.party import CURRENCIES
from ops.demo.products import EXCLUDED, PRODUCTS, Harm, Product
from shared.events.claim import LossKind
from shared.events.upstream import Claimant, ClaimSubmitted, Injury, Loss
from shared.money import Currency

MARKETPLACES: Final = {"US": 60, "CA": 12, "GB": 14, "DE": 14}
HURT_AND_BROKEN: Final = {(True, False): 44, (False, True): 35, (True, True): 16, (False, False): 5}
DATES: Final = {"fits": 92, "late": 3.5, "old": 2.5, "reversed": 1, "early": 0.6, "future": 0.4}
"""Shares of claims in percent: where, what was harmed, and which window its dates miss."""

SELLERS: Final = 240
"""Sellers there are; a few of them get most of the claims."""

RELEASED: Final = "treated and released"
SERIOUS: Final = ("admitted to hospital", "admitted to hospital", "transferred to another hospital", "fatality")
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
    serious: bool
    age: float


def generate(count: int, seed: int, today: date) -> Iterator[ClaimSubmitted]:
    """``count`` claims reported in the six weeks up to ``today``. More of them begin with the same ones."""
    for number in range(count):
        yield _claim(seed, number, today)


def _claim(seed: int, number: int, today: date) -> ClaimSubmitted:
    """One claim; a few tell an earlier one's story again, in full or for another order."""
    luck = chance(seed, "claims", number)
    kind = luck.random()
    if number and kind < 0.025:
        earlier = _first_hand(seed, number - luck.randint(1, min(number, 40)), today)
        again = {"submission_id": _submission_id(seed, number)}
        if kind < 0.01:
            again["order_id"] = _order_id(luck)
        return earlier.model_copy(update=again)
    return _first_hand(seed, number, today)


def _first_hand(seed: int, number: int, today: date) -> ClaimSubmitted:
    luck = chance(seed, "stories", number)
    marketplace = pick(luck, MARKETPLACES)
    currency = CURRENCIES[marketplace]
    if luck.random() < 0.006:
        currency = luck.choice([c for c in Currency if c is not currency])
    story = _story(luck)
    purchased_on, incident_on, reported_on = _dates(luck, today)
    return ClaimSubmitted(
        submission_id=_submission_id(seed, number),
        marketplace=marketplace,
        currency=currency,
        order_id=_order_id(luck),
        seller_id=f"seller-{int(SELLERS * luck.random() ** 1.8):04d}",
        product=story.product.name,
        purchased_on=purchased_on,
        incident_on=incident_on,
        reported_on=reported_on,
        claimant=Claimant(id=f"cust-{luck.randint(1_000_000, 9_999_999)}", age=story.age, sex=_sex(luck)),
        injury=_injury(luck, story),
        narrative=_narrative(luck, story, purchased_on, incident_on),
        losses=_losses(luck, story),
    )


def _story(luck: Random) -> _Story:
    """About half with damage to property, a little over half with an injury, some with both or neither."""
    product = luck.choice(EXCLUDED) if luck.random() < 0.015 else luck.choice(PRODUCTS)
    hurt, broken = pick(luck, HURT_AND_BROKEN)
    harm = luck.choice(product.harms) if product.harms and (hurt or not product.damages) else None
    damage = luck.choice(product.damages) if product.damages and (broken or (hurt and harm is None)) else None
    serious = harm is not None and luck.random() < 0.06
    return _Story(product, harm, damage, serious, age=_age(luck))


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


def _losses(luck: Random, story: _Story) -> tuple[Loss, ...]:
    """The price paid, and what the failure cost: mostly a few hundred units, now and then very much."""
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
    return tuple(losses)


def _loss(luck: Random, kind: LossKind, median: int, spread: float) -> Loss:
    """``median`` in major units. Some medical bills were paid in part by a health insurer already."""
    amount = max(500, int(luck.lognormvariate(0, spread) * median * 100))
    paid = amount * luck.choice((2, 5, 8, 10)) // 10 if kind is LossKind.MEDICAL and luck.random() < 0.06 else 0
    return Loss(kind=kind, amount_minor=amount, already_paid_minor=paid)


def _injury(luck: Random, story: _Story) -> Injury | None:
    if story.harm is None:
        return None
    disposition = luck.choice(SERIOUS) if story.serious else RELEASED
    return Injury(diagnosis=story.harm.diagnosis, body_part=story.harm.body_part, disposition=disposition)


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


def _submission_id(seed: int, number: int) -> str:
    return f"demo-{seed}-{number:07d}"


def _order_id(luck: Random) -> str:
    return f"{luck.randint(100, 999)}-{luck.randint(10**6, 10**7 - 1)}-{luck.randint(10**6, 10**7 - 1)}"


def _sex(luck: Random) -> str | None:
    return luck.choice(("female", "male", "female", "male", None))
