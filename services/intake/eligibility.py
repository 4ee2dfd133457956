"""What is checked about a claim as a whole: windows, currency, product, and how serious the injury is."""

from collections.abc import Iterable
from datetime import MAXYEAR, date

from services.intake.state import LossItem
from shared.events.claim import InjuryClass, LossKind, Reason
from shared.events.upstream import ClaimSubmitted, Loss
from shared.policy import Policy


def reasons_against(
    claim: ClaimSubmitted, items: tuple[LossItem, ...], policy: Policy | None, said_on: date
) -> tuple[Reason, ...]:
    """Every reason at once why nothing of the claim can be admitted; none: it goes on to screening."""
    against = {
        Reason.INCIDENT_BEFORE_PURCHASE: claim.incident_on < claim.purchased_on,
        Reason.REPORTED_BEFORE_INCIDENT: claim.reported_on < claim.incident_on,
        # One day of grace: east of Greenwich the day has begun earlier.
        Reason.REPORTED_IN_FUTURE: (claim.reported_on - said_on).days > 1,
        Reason.UNKNOWN_MARKETPLACE: policy is None,
        **({} if policy is None else _against_policy(claim, policy)),
    }
    return tuple(reason for reason, holds in against.items() if holds) + against_losses(items)


def against_losses(items: tuple[LossItem, ...]) -> tuple[Reason, ...]:
    """The one reason why nothing of these losses can be admitted, if there is one."""
    if not any(item.claimed_minor for item in items):
        return (Reason.NOTHING_CLAIMED,)
    return () if any(item.admissible_minor for item in items) else (Reason.NO_ADMISSIBLE_ITEM,)


def _against_policy(claim: ClaimSubmitted, policy: Policy) -> dict[Reason, bool]:
    rules = policy.eligibility
    years = rules.incident_within_years_of_purchase
    return {
        Reason.BEFORE_LAUNCH: claim.incident_on < rules.launched_on,
        Reason.REPORTED_TOO_LATE: (claim.reported_on - claim.incident_on).days > rules.report_within_days,
        Reason.TOO_LONG_AFTER_PURCHASE: (
            years is not None and claim.incident_on > _years_later(claim.purchased_on, years)
        ),
        Reason.WRONG_CURRENCY: claim.currency != policy.currency,
        Reason.EXCLUDED_PRODUCT: _same(claim.product) in map(_same, rules.excluded_products),
    }


def _years_later(day: date, years: int) -> date:
    """The same day of the calendar; for 29 February, in a year without it, the day before."""
    year = day.year + years
    if year > MAXYEAR:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def injury_class(claim: ClaimSubmitted, policy: Policy) -> InjuryClass:
    """Serious by a word of the coded fields; a medical loss says that somebody was hurt, coded or not."""
    if claim.injury is None:
        return hurt_by(claim.losses)
    rules = policy.injuries
    serious = mentions(claim.injury.disposition, rules.never_automatic_dispositions) or mentions(
        claim.injury.diagnosis, rules.never_automatic_diagnoses
    )
    return InjuryClass.SERIOUS if serious else InjuryClass.MINOR


def hurt_by(losses: Iterable[Loss]) -> InjuryClass:
    return InjuryClass.MINOR if any(loss.kind is LossKind.MEDICAL for loss in losses) else InjuryClass.NONE


def mentions(text: str, words: Iterable[str]) -> bool:
    text = _same(text)
    return any(_same(word) in text for word in words)


def _same(name: str) -> str:
    return name.strip().casefold()
