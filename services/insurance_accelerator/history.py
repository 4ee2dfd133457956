"""The claims history of a seller: how many claims were accepted lately, and what they came to."""

from datetime import date, timedelta
from typing import NamedTuple

from services.insurance_accelerator.state import At, PastClaim, Seller
from shared.events.intake import SellerClaimReported
from shared.money import MINOR_MAX
from shared.policy import Policy
from shared.policy.model import CLAIMS_REMEMBERED
from shared.runtime import Decision, unchanged


class Lately(NamedTuple):
    """Claims within the days that a policy looks back, on its marketplace and in its currency."""

    claims: int
    admitted_minor: int


def claim_reported(seller: Seller, event: SellerClaimReported, at: At) -> Decision[Seller]:
    """An accepted claim is remembered, once, as long as the marketplace's policy looks back."""
    policy = at.policies.in_force(event.marketplace, at.now.date())
    claim = event.claim_id.hex[:12]
    if policy is None or policy.currency != event.currency or any(past.claim == claim for past in seller.claims):
        return unchanged(seller)
    reported = PastClaim(claim, event.marketplace, event.reported_on, event.admitted_minor)
    if event.reported_on < _looks_back_to(policy, at):
        return unchanged(seller)
    recent = [past for past in seller.claims if not _forgotten(past, at)]
    there = sorted(
        (past for past in (*recent, reported) if past.marketplace == event.marketplace),
        key=lambda past: past.reported_on,
    )
    elsewhere = (past for past in recent if past.marketplace != event.marketplace)
    return Decision(seller.but(claims=(*elsewhere, *there[-CLAIMS_REMEMBERED:])))


def lately(seller: Seller, policy: Policy, at: At) -> Lately:
    """What carriers rate by, and who qualifies."""
    since = _looks_back_to(policy, at)
    recent = [p for p in seller.claims if p.marketplace == policy.marketplace and p.reported_on >= since]
    return Lately(len(recent), min(sum(past.admitted_minor for past in recent), MINOR_MAX))


def _looks_back_to(policy: Policy, at: At) -> date:
    return policy.day_of(at.now) - timedelta(days=policy.insurance.claims_history_days)


def _forgotten(past: PastClaim, at: At) -> bool:
    policy = at.policies.in_force(past.marketplace, at.now.date())
    return policy is None or past.reported_on < _looks_back_to(policy, at)
