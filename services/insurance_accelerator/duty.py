"""The duty to insure: who has it, who is reminded of it, and who has let it pass."""

from datetime import timedelta

from services.insurance_accelerator.state import ONE_DAY, At, Duty, Proceeds, Seller
from shared.events.base import Event
from shared.events.insurance_accelerator import CoverLapsed, InsuranceOverdue, InsuranceReminded, InsuranceRequired
from shared.events.marketplace import SellerProceedsReported
from shared.policy import Policy


def begun(seller: Seller, event: SellerProceedsReported, at: At) -> tuple[Seller, tuple[Event, ...]]:
    """The duty begins once per marketplace, with any month over the line; a later month is not lowered by an older."""
    policy = at.policies.in_force(event.marketplace, at.now.date())
    if policy is None or policy.currency != event.currency:
        return seller, ()
    reported = Proceeds(marketplace=event.marketplace, month=event.month, amount_minor=event.amount_minor)
    known = seller.proceeds_on(event.marketplace) or reported
    seller = seller.with_proceeds(reported if event.month >= known.month else known)
    obliged = any(duty.marketplace == event.marketplace for duty in seller.duties)
    if obliged or event.amount_minor <= policy.insurance.duty_proceeds_minor:
        return seller, ()
    duty = _duty(policy, at)
    required = InsuranceRequired(seller_id=seller.seller_id, marketplace=duty.marketplace, insure_by=duty.insure_by)
    return seller.but(duties=(*seller.duties, duty)), (required,)


def passed(seller: Seller, at: At) -> tuple[Seller, tuple[Event, ...]]:
    """Remind of a duty that begins soon, and tell one that has begun without cover; whoever has cover hears nothing."""
    said: list[Event] = []
    duties: list[Duty] = []
    for duty in seller.duties:
        said += _told(seller, duty, at)
        reminders = tuple(moment for moment in duty.reminders if moment > at.now)
        begins = duty.over_at if duty.over_at is not None and duty.over_at > at.now else None
        duties.append(duty.model_copy(update={"reminders": reminders, "over_at": begins}))
    return seller.but(duties=tuple(duties)), tuple(said)


def broken(seller: Seller, lapses: tuple[CoverLapsed, ...]) -> tuple[Event, ...]:
    """Cover that ends after the duty has begun leaves the seller as if he had never insured."""
    lapsed = {lapse.marketplace for lapse in lapses}
    return tuple(
        _overdue(seller, duty) for duty in seller.duties if duty.over_at is None and duty.marketplace in lapsed
    )


def _duty(policy: Policy, at: At) -> Duty:
    rules = policy.insurance
    insure_by = policy.day_of(at.now) + timedelta(days=rules.duty_days)
    return Duty(
        marketplace=policy.marketplace,
        insure_by=insure_by,
        follows=rules.after_duty,
        reminders=tuple(at.now + timedelta(days=days) for days in sorted(rules.duty_reminder_days)),
        over_at=policy.begin_of(insure_by + ONE_DAY),
    )


def _told(seller: Seller, duty: Duty, at: At) -> tuple[Event, ...]:
    policy = at.policies.in_force(duty.marketplace, at.now.date())
    if policy is None or duty.over_at is None:
        return ()
    today = policy.day_of(at.now)
    if duty.over_at <= at.now:
        return () if seller.covered(duty.marketplace, today, by=today) else (_overdue(seller, duty),)
    if seller.covered(duty.marketplace, today, by=duty.insure_by) or not any(m <= at.now for m in duty.reminders):
        return ()
    reminded = InsuranceReminded(seller_id=seller.seller_id, marketplace=duty.marketplace, insure_by=duty.insure_by)
    return (reminded,)


def _overdue(seller: Seller, duty: Duty) -> InsuranceOverdue:
    return InsuranceOverdue(
        seller_id=seller.seller_id, marketplace=duty.marketplace, insure_by=duty.insure_by, follows=duty.follows
    )
