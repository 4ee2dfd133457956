"""Cover on record: told whole whenever any of it has changed, and its end once."""

from datetime import date, datetime

from services.insurance_accelerator import duty, renewals
from services.insurance_accelerator.state import ONE_DAY, At, Insured, Seller
from shared.events.base import Event
from shared.events.insurance_accelerator import CoverLapsed, SellerCoverChanged
from shared.runtime import Decision


def told(before: Seller, after: Seller, says: tuple[Event, ...], at: At) -> Decision[Seller]:
    """Tell the whole of cover when any of it has changed, and at once where that has ended it."""
    if after.periods == before.periods:
        return Decision(after, says)
    after = renewals.moved(after, at)
    changed = after.but(cover_version=after.cover_version + 1, insured_on=_insured_on(after, at))
    cover = SellerCoverChanged(
        seller_id=changed.seller_id,
        version=changed.cover_version,
        periods=tuple(p.as_told() for p in changed.periods),
    )
    ended, lapses = lapsed(changed, at)
    held, overdue = duty.held(before, ended, at)
    return Decision(held, (*says, cover, *lapses, *overdue))


def lapsed(seller: Seller, at: At) -> tuple[Seller, tuple[Event, ...]]:
    """Each marketplace where the last day of cover is over is told once; new cover makes it worth telling again."""
    over = [insured for insured in seller.insured_on if insured.over_at is not None and insured.over_at <= at.now]
    lapses = tuple(
        CoverLapsed(
            seller_id=seller.seller_id, marketplace=insured.marketplace, lapsed_on=_lapsed_on(seller, insured, at)
        )
        for insured in over
    )
    left = tuple(insured for insured in seller.insured_on if insured not in over)
    return seller.but(insured_on=left), lapses


def today_on(marketplace: str, at: At) -> date:
    """The date where a marketplace is."""
    return day_on(marketplace, at.now, at)


def day_on(marketplace: str, moment: datetime, at: At) -> date:
    """The date of a moment where a marketplace is; of one that nobody knows, in UTC."""
    policy = at.policies.in_force(marketplace, moment.date())
    return moment.date() if policy is None else policy.day_of(moment)


def _insured_on(seller: Seller, at: At) -> tuple[Insured, ...]:
    """Where cover is left, and where its end has not been told yet."""
    marketplaces = {p.marketplace for p in seller.periods}
    left = {m for m in marketplaces if seller.covered(m, today_on(m, at), by=date.max)}
    untold = {insured.marketplace for insured in seller.insured_on}
    return tuple(Insured(marketplace=m, over_at=_over_at(seller, m, at)) for m in sorted(left | untold))


def _over_at(seller: Seller, marketplace: str, at: At) -> datetime | None:
    """The beginning of the first day without cover; now, where no day of it is left on record."""
    last_day = seller.last_day(marketplace)
    policy = at.policies.in_force(marketplace, at.now.date())
    if last_day is None or policy is None or last_day < policy.day_of(at.now):
        return at.now
    return policy.begin_of(last_day + ONE_DAY) if last_day < date.max else None


def _lapsed_on(seller: Seller, insured: Insured, at: At) -> date:
    last_day = seller.last_day(insured.marketplace)
    return today_on(insured.marketplace, at) if last_day is None else last_day + ONE_DAY
