"""The people of a claim: who claims, who was hurt, who is paid, who must be paid first; and who had the thing when."""

from datetime import date, timedelta
from random import Random
from typing import Any, Final

from shared.events.claim import Lien, LossKind
from shared.events.upstream import Claimant, Injured, Loss

ADULT: Final = 18
RETIRED: Final = 65


def people(luck: Random, marketplace: str, age: float, *, hurt: bool, dead: bool) -> dict[str, Any]:
    """``age``: of who was hurt, or else of the customer. Most children's claims are made by a parent."""
    claimant = Claimant(id=f"cust-{luck.randint(1_000_000, 9_999_999)}", age=age, sex=_sex(luck))
    if dead or (hurt and age < ADULT and luck.random() < 0.8):
        relative = claimant.model_copy(update={"age": float(luck.randint(24, 60))})
        payee = f"estate-{relative.id}" if dead else None
        return {"claimant": relative, "injured": Injured(age=age, sex=_sex(luck)), "payee": payee}
    if hurt and marketplace == "US" and luck.random() < 0.6:
        claimant = claimant.model_copy(update={"beneficiary": age >= RETIRED or luck.random() < 0.03})
    return {"claimant": claimant, "payee": f"account-{claimant.id}" if luck.random() < 0.03 else None}


def liens(luck: Random, losses: tuple[Loss, ...]) -> tuple[Lien, ...]:
    """A few health insurers want back what they paid, and say so from the start."""
    medical = sum(loss.amount_minor for loss in losses if loss.kind is LossKind.MEDICAL)
    if not medical or luck.random() >= 0.03:
        return ()
    return (Lien(holder_ref=f"health-insurer-{luck.randint(1, 9)}", amount_minor=medical * luck.randint(2, 6) // 10),)


def of_guardians(luck: Random, losses: tuple[Loss, ...]) -> tuple[Loss, ...]:
    """Where a child was hurt, lost earnings are mostly those of who stayed with it."""
    return tuple(
        loss.model_copy(update={"guardians": luck.random() < 0.6}) if loss.kind is LossKind.LOST_EARNINGS else loss
        for loss in losses
    )


def possession(luck: Random, purchased_on: date, incident_on: date) -> dict[str, Any]:
    """When the customer had the thing, where that is known; a few had it not yet, or no more."""
    lot = luck.random()
    days = max(0, (incident_on - purchased_on).days)
    if lot < 0.004:
        return {"delivered_on": incident_on + timedelta(days=luck.randint(1, 5))}
    if lot < 0.008 and days > 2:
        return {"returned_on": incident_on - timedelta(days=1)}
    return {"delivered_on": purchased_on + timedelta(days=min(days, luck.randint(0, 5)))} if lot < 0.85 else {}


def _sex(luck: Random) -> str | None:
    return luck.choice(("female", "male", "female", "male", None))
