"""The release: above the line the customer signs one before he is paid, unless he is paid the purchase price alone."""

from collections.abc import Iterable
from uuid import UUID

from services.escalation import items
from services.escalation.ending import end_unpaid
from services.escalation.parts import Line, Release
from services.escalation.payout import authorise
from services.escalation.state import At, Case
from shared.events.base import derived_id
from shared.events.claim import Reason
from shared.events.escalation import Outcome, Owner, ReleaseRequested, Status
from shared.events.intake import ReleaseRecorded
from shared.runtime import Decision, unchanged


def pay(case: Case, at: At) -> Decision[Case]:
    """Pays what is allowed, after the customer has signed a release where one is needed."""
    if not case.undecided:
        return unchanged(case)
    lines = items.allowed(case, at)
    wanted = Release(items.total(lines), _besides_price(case, lines))
    needed = not case.terms.small and case.policy(at).handling.release_above_line and bool(wanted.items)
    if not needed or _is_signed(case.release, wanted):
        return authorise(case, at)
    return _asked(case, wanted, at)


def release_recorded(case: Case, event: ReleaseRecorded, at: At) -> Decision[Case]:
    """Goes on to the payout that the customer has signed the release for; another release signs nothing."""
    if not case.undecided or case.release is None or case.release.signed:
        return unchanged(case)
    if event.release_id not in (None, _id_of(case, case.release)):
        return unchanged(case)
    signed = case.but(release=case.release._replace(signed=True))
    return pay(signed, at) if case.status is Status.AWAITING_RELEASE else Decision(signed)


def release_overdue(case: Case, at: At) -> Decision[Case]:
    """Asks once more for the release; not signed then either, the claim ends and can be reopened."""
    if case.overdue or case.release is None:
        return end_unpaid(case, at, Outcome.NO_RESPONSE, Reason.RELEASE_NOT_SIGNED)
    return _asked(case, case.release, at, overdue=1)


def _asked(case: Case, wanted: Release, at: At, *, overdue: int = 0) -> Decision[Case]:
    sign_by = case.within(at, case.policy(at).handling.release_days)
    asked = ReleaseRequested(
        claim_id=case.claim_id,
        submission_id=case.submission_id,
        currency=case.terms.currency,
        amount_minor=wanted.minor,
        items=wanted.items,
        sign_by=sign_by,
        release_id=_id_of(case, wanted),
    )
    changes = {"release": wanted, "overdue": overdue}
    return Decision(case.moved(Status.AWAITING_RELEASE, Owner.CUSTOMER, sign_by, **changes), (asked,))


def _id_of(case: Case, release: Release) -> UUID:
    """Another round, another amount or other items: another release."""
    return derived_id("release", case.claim_id, case.round, release.minor, *release.items)


def _is_signed(release: Release | None, wanted: Release) -> bool:
    """A release covers what it names, and less; never more."""
    if release is None or not release.signed:
        return False
    return wanted.minor <= release.minor and set(wanted.items) <= set(release.items)


def _besides_price(case: Case, lines: Iterable[Line]) -> tuple[int, ...]:
    """The items that are paid and are not the purchase price."""
    prices = {each.item for each in case.items if each.price}
    return tuple(line.item for line in lines if line.minor and line.item not in prices)
