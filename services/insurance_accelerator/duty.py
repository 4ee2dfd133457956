"""The duty to insure: who has it, who is reminded of it, and who has let it pass."""

from datetime import date, datetime, timedelta

from services.insurance_accelerator.state import ONE_DAY, At, Duty, Proceeds, Seller
from shared.events.base import Event
from shared.events.insurance_accelerator import InsuranceOverdue, InsuranceReminded, InsuranceRequired
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


def reminded(seller: Seller, at: At) -> tuple[Seller, tuple[Event, ...]]:
    """Remind of a duty that begins soon; whoever has cover hears nothing."""
    said: list[Event] = []
    duties: list[Duty] = []
    for duty in seller.duties:
        said += _reminder(seller, duty, at)
        reminders = tuple(moment for moment in duty.reminders if moment > at.now)
        duties.append(duty.model_copy(update={"reminders": reminders}))
    return seller.but(duties=tuple(duties)), tuple(said)


def held(before: Seller, seller: Seller, at: At) -> tuple[Seller, tuple[Event, ...]]:
    """Hold the seller to a duty that has begun: each time without cover is told once, though other cover may follow."""
    said: list[Event] = []
    duties: list[Duty] = []
    for duty in seller.duties:
        begun = duty.over_at is None or duty.over_at <= at.now
        if begun and _is_broken(before, seller, duty, at):
            said.append(_overdue(seller, duty))
        looked_at = {"over_at": None, "uncovered_at": _uncovered_at(seller, duty, at)}
        duties.append(duty.model_copy(update=looked_at) if begun else duty)
    return seller.but(duties=tuple(duties)), tuple(said)


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


def _reminder(seller: Seller, duty: Duty, at: At) -> tuple[Event, ...]:
    policy = at.policies.in_force(duty.marketplace, at.now.date())
    if policy is None or duty.over_at is None or duty.over_at <= at.now:
        return ()
    today = policy.day_of(at.now)
    if seller.covered(duty.marketplace, today, by=duty.insure_by) or not any(m <= at.now for m in duty.reminders):
        return ()
    return (InsuranceReminded(seller_id=seller.seller_id, marketplace=duty.marketplace, insure_by=duty.insure_by),)


def _is_broken(before: Seller, seller: Seller, duty: Duty, at: At) -> bool:
    """Whether the seller has no cover today, and that is news: a moment has passed, or what was heard has ended it.

    The end of all cover is such a moment as well: a duty from before ``uncovered_at`` was kept has no other.
    """
    policy = at.policies.in_force(duty.marketplace, at.now.date())
    if policy is None:
        return False
    today = policy.day_of(at.now)
    lapses = (insured.over_at for insured in before.insured_on if insured.marketplace == duty.marketplace)
    passed = any(m is not None and m <= at.now for m in (duty.over_at, duty.uncovered_at, *lapses))
    news = passed or before.covered(duty.marketplace, today, by=today)
    return news and not seller.covered(duty.marketplace, today, by=today)


def _uncovered_at(seller: Seller, duty: Duty, at: At) -> datetime | None:
    policy = at.policies.in_force(duty.marketplace, at.now.date())
    if policy is None:
        return None
    last_day = seller.covered_through(duty.marketplace, policy.day_of(at.now))
    return None if last_day is None or last_day == date.max else policy.begin_of(last_day + ONE_DAY)


def _overdue(seller: Seller, duty: Duty) -> InsuranceOverdue:
    return InsuranceOverdue(
        seller_id=seller.seller_id, marketplace=duty.marketplace, insure_by=duty.insure_by, follows=duty.follows
    )
