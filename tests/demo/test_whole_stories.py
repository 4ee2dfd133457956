"""All five services with the outside world, in memory: every claim ends, every cent is somewhere, every way is gone."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ops.demo.claims import generate
from ops.demo.outside.submissions import Submission, from_claims, from_line
from shared.events.adjusters import ReviewKind
from shared.events.base import claim_id_of
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    Outcome,
    PayoutAuthorized,
    ReviewOpened,
)
from shared.events.finance import PayoutPaid
from shared.events.insurance_accelerator import CertificateRejected, CoverBound
from shared.events.intake import SubmissionRefused
from shared.events.recovery import RecoveryClosed, RecoveryOpened
from shared.events.seller_notifier import ExtensionGranted, NoticeUndeliverable
from tests.demo.given import TODAY
from tests.demo.house import House

START = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
CLAIMS = 600


@pytest.fixture(scope="module")
def submissions() -> list[Submission]:
    return list(from_claims(generate(CLAIMS, 3, TODAY)))


@pytest.fixture(scope="module")
def house(submissions: list[Submission]) -> House:
    """Half a year and more after everything was submitted, with one line that is no claim."""
    lived = House(3, START)
    lived.receive([*submissions, from_line(b"not json", CLAIMS + 1)])
    lived.live(START + timedelta(days=250))
    return lived


def outcomes(house: House) -> dict[UUID, Outcome]:
    """The last word on each claim."""
    return {closed.claim_id: closed.outcome for closed in house.said(ClaimClosed)}


def test_every_claim_ends(house: House, submissions: list[Submission]) -> None:
    assert outcomes(house).keys() == {claim_id_of(submission.key) for submission in submissions}


def test_every_outcome_is_reached(house: House) -> None:
    assert set(outcomes(house).values()) == set(Outcome) - {Outcome.WAITING}


def test_every_kind_of_review_and_the_rarer_ways_are_gone(house: House) -> None:
    assert {review.review for review in house.said(ReviewOpened)} == set(ReviewKind)
    for kind in (ApprovalRequested, ExtensionGranted, NoticeUndeliverable, CertificateRejected, CoverBound):
        assert house.said(kind), kind


def test_nobody_is_paid_twice_or_more_than_decided(house: House) -> None:
    payments = {paid.payout_id: paid for paid in house.said(PayoutPaid)}
    assert all(payments[paid.payout_id] == paid for paid in house.said(PayoutPaid))
    decided = {decision.claim_id: decision.allowed_minor for decision in house.said(ClaimDecided)}
    paid_to = Counter(paid.claim_id for paid in payments.values())
    assert set(paid_to.values()) == {1}
    assert all(paid.amount_minor <= decided[paid.claim_id] for paid in payments.values())
    assert payments.keys() <= {order.payout_id for order in house.said(PayoutAuthorized)}


def test_paid_out_is_recovered_waived_or_written_off_to_the_cent(house: House) -> None:
    paid, ended = Counter[str](), Counter[str]()
    for payment in {paid.payout_id: paid for paid in house.said(PayoutPaid)}.values():
        paid[payment.currency] += payment.amount_minor
    for closed in {closed.claim_id: closed for closed in house.said(RecoveryClosed)}.values():
        ended[closed.currency] += closed.recovered_minor + closed.waived_minor + closed.written_off_minor
    assert paid == ended
    assert len(paid) == 4
    assert {o.claim_id for o in house.said(RecoveryOpened)} == {c.claim_id for c in house.said(RecoveryClosed)}


def test_no_claim_is_talked_about_without_end(house: House) -> None:
    assert max(house.lengths().values()) < 100


def test_what_is_no_claim_reaches_intake_and_harms_nobody(house: House) -> None:
    assert house.refused_keys
    assert set(house.refused_keys) == {f"line-{CLAIMS + 1}"}
    assert not house.said(SubmissionRefused)  # the runtime tells the sender; there is none here


def test_the_same_seed_lives_the_same_life(submissions: list[Submission]) -> None:
    def life() -> list[str]:
        lived = House(3, START)
        lived.receive(submissions[:40])
        lived.live(START + timedelta(days=60))
        return [event.model_dump_json() for event in lived.history]

    assert life() == life()
