"""One thing that claims can have in common (an order, a paper, a payee, a seller): whose claims have it?"""

from datetime import date
from typing import Final, NamedTuple

from services.intake.state import At
from shared.events.base import Id, claim_id_of, derived_text
from shared.events.claim import Signal
from shared.events.intake import LinkFound, LinkReported
from shared.policy.model import Screening
from shared.runtime import Decision, State, unchanged

CLAIMS_KEPT: Final = 20
"""Claims remembered per order, paper or payee: some 60 bytes each. Who is forgotten was told while he was known."""


class Linked(NamedTuple):
    """One claim that has it. ``claimant`` is a print of the claimant's id: it only tells others from himself."""

    submission_id: Id
    claimant: str
    reported_on: date

    def is_seen_with(self, other: "Linked", days: int) -> bool:
        """Another claimant's, reported no further apart."""
        return self.claimant != other.claimant and abs((self.reported_on - other.reported_on).days) <= days


class Against(NamedTuple):
    """One claim against a seller: a print of its submission is enough to count it once."""

    submission: str
    reported_on: date


class Link(State):
    """The claims that have one thing in common, the last reports last: ``claims``, or ``against`` for a seller."""

    claims: tuple[Linked, ...] = ()
    against: tuple[Against, ...] = ()


def first_link_reported(event: LinkReported, at: At) -> Decision[Link]:
    """Remember who has it first: there is nothing to answer."""
    return link_reported(Link(), event, at)


def link_reported(link: Link, event: LinkReported, at: At) -> Decision[Link]:
    """Tell claims of different claimants what they have in common, and a claim against a seller that he has many."""
    rules = at.policies.version(event.policy).screening
    if event.signal is Signal.MANY_AGAINST_SELLER:
        return _one_more_against(link, event, rules)
    newcomer = Linked(event.submission_id, _print(event.claimant_id), event.reported_on)
    if any(known.submission_id == newcomer.submission_id for known in link.claims):
        return unchanged(link)
    found = [known for known in link.claims if newcomer.is_seen_with(known, rules.within_days)]
    newly = [one for one in found if not any(one.is_seen_with(other, rules.within_days) for other in link.claims)]
    now = link.model_copy(update={"claims": (*link.claims, newcomer)[-CLAIMS_KEPT:]})
    answer = (_found(event.signal, newcomer.submission_id, len(found)),) if found else ()
    return Decision(now, (*answer, *(_found(event.signal, one.submission_id, 1) for one in newly)))


def _one_more_against(link: Link, event: LinkReported, rules: Screening) -> Decision[Link]:
    """Only as many of the latest are kept as make many: the newcomer alone is told, so the rest need not be known."""
    newcomer = Against(_print(event.submission_id), event.reported_on)
    if any(known.submission == newcomer.submission for known in link.against):
        return unchanged(link)
    known = sorted((*link.against, newcomer), key=lambda one: one.reported_on)
    now = link.model_copy(update={"against": tuple(known[-rules.claims_against_seller :])})
    others = sum(0 <= (newcomer.reported_on - one.reported_on).days <= rules.within_days for one in link.against)
    if others + 1 < rules.claims_against_seller:
        return Decision(now)
    return Decision(now, (_found(event.signal, event.submission_id, others),))


def _found(signal: Signal, submission_id: str, others: int) -> LinkFound:
    return LinkFound(submission_id=submission_id, claim_id=claim_id_of(submission_id), signal=signal, others=others)


def _print(of: str) -> str:
    """Eight hexadecimal digits: two of a few dozen ids hardly ever share them."""
    return derived_text(of)[:8]
