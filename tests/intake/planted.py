"""Claims planted among real ones: rings of fraud, and honest people who have as much in common. From a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, islice
from typing import Any, Final

from shared.events.claim import LossKind
from shared.events.upstream import Claimant, ClaimSubmitted, Loss
from shared.policy import load

RINGS: Final = 20
HOUSEHOLDS: Final = 100
LAW_FIRMS: Final = 10
SHARED_BY_RINGS: Final = (("paper",), ("payee",), ("order",), ("paper", "payee"), ("order", "payee"))
"""What the claims of a ring have in common, one ring after the other."""


@dataclass
class Planted:
    """``evidence``: submission → what its papers say, where others' say the same."""

    claims: list[ClaimSubmitted] = field(default_factory=list[ClaimSubmitted])
    evidence: dict[str, str] = field(default_factory=dict[str, str])


def rings(valid: Sequence[ClaimSubmitted], seed: int) -> Planted:
    """Twenty rings of 4 to 8 claimants, over a few weeks each, who all ask for just under the small-claim line."""
    chance, planted = random.Random(seed), Planted()
    for number, shared in enumerate(islice(cycle(SHARED_BY_RINGS), RINGS)):
        like = chance.choice(valid)
        for member in range(chance.randint(4, 8)):
            claim = _like(like, f"ring-{number}-{member}", reported_later=chance.randint(0, 30))
            changes: dict[str, Any] = {"losses": _just_under_the_line(claim, chance)}
            if "order" in shared:
                changes["order_id"] = f"order-of-ring-{number}"
            if "payee" in shared:
                changes["payee"] = f"account-of-ring-{number}"
            if "paper" in shared:
                planted.evidence[claim.submission_id] = f"the bill of ring {number}"
            planted.claims.append(claim.model_copy(update=changes))
    return planted


def honest_company(valid: Sequence[ClaimSubmitted], seed: int) -> Planted:
    """Two of a household whom one thing has hurt, paid to one account or to two; clients of a law firm, which is paid.

    What they claim is what real claims come to.
    """
    chance, planted = random.Random(seed), Planted()
    for number in range(HOUSEHOLDS):
        like = chance.choice(valid)
        for member in range(2):
            claim = _like(like, f"household-{number}-{member}", reported_later=chance.randint(0, 5))
            losses = chance.choice(_of_marketplace(valid, like)).losses
            payee = f"account-of-household-{number}" if number % 2 else None
            shares = {"order_id": f"order-of-household-{number}", "payee": payee, "losses": losses}
            planted.claims.append(claim.model_copy(update=shares))
    for number in range(LAW_FIRMS):
        for client, like in enumerate(chance.sample(valid, 5)):
            claim = _like(like, f"client-{number}-{client}", reported_later=0)
            planted.claims.append(claim.model_copy(update={"payee": f"law-firm-{number}"}))
    return planted


def _like(claim: ClaimSubmitted, name: str, *, reported_later: int) -> ClaimSubmitted:
    """Of another person, about the same thing sold by the same seller, not much later."""
    return claim.model_copy(
        update={
            "submission_id": name,
            "order_id": f"order-{name}",
            "claimant": Claimant(id=f"customer-{name}", age=claim.claimant.age),
            "incident_on": claim.incident_on + timedelta(days=reported_later),
            "reported_on": claim.reported_on + timedelta(days=reported_later),
        }
    )


def _just_under_the_line(claim: ClaimSubmitted, chance: random.Random) -> tuple[Loss, ...]:
    policy = load().in_force(claim.marketplace, claim.reported_on)
    assert policy is not None
    line_minor = policy.handling.small_claim_line_minor
    price_minor = chance.randint(2_000, 20_000)
    care_minor = line_minor - chance.randint(1, line_minor // 50) - price_minor
    return (
        Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=price_minor),
        Loss(kind=LossKind.MEDICAL, amount_minor=care_minor),
    )


def _of_marketplace(claims: Sequence[ClaimSubmitted], like: ClaimSubmitted) -> list[ClaimSubmitted]:
    return [claim for claim in claims if claim.marketplace == like.marketplace]
