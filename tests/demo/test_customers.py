"""Customers under way: they withdraw, amend, confirm, sign, name other payees, and come back."""

import pytest

from ops.demo.outside.customers import (
    Amends,
    Customers,
    Liens,
    NewPayee,
    Payee,
    Release,
    Reopens,
    Withdraws,
    Word,
)
from ops.demo.outside.party import COMES_BACK, Saying
from shared.events.base import Event
from shared.events.claim import LossKind, ReopeningReason
from shared.events.escalation import NextStep, Outcome, Status
from shared.events.upstream import (
    ClaimAmended,
    ClaimWithdrawn,
    DocumentsSubmitted,
    LienAsserted,
    PayeeChanged,
    ReleaseSigned,
    ReopeningRequested,
    SettlementConfirmed,
    SettlementDisputed,
)
from tests.deciding import day
from tests.demo.given import (
    FATE,
    answers,
    claim_ids,
    events,
    fated,
    information_requested,
    only,
    release_requested,
    status,
    submission_ids,
    submitted,
)

CLAIM, SUBMISSION = next(claim_ids()), next(submission_ids())
OPEN = status(SUBMISSION, Status.WITH_SELLER)
PENDING = status(SUBMISSION, Status.PAYOUT_PENDING)


def ended(outcome: Outcome) -> Event:
    return status(SUBMISSION, Status.CLOSED, outcome)


def said(customers: Customers, event: Event) -> list[Event]:
    return events(answers(customers, event))


def on_file(*choices: Amends | Liens | Withdraws) -> Customers:
    customers = Customers(fated(CLAIM, *choices))
    customers.file(submitted(SUBMISSION, LossKind.PURCHASE_PRICE, LossKind.MEDICAL), day(0))
    return customers


def losses_of(customers: Customers, event: Event) -> list[int]:
    [amended] = only(ClaimAmended, answers(customers, event))
    return [loss.amount_minor for loss in amended.losses]


def test_few_withdraw_at_once() -> None:
    found = [only(ClaimWithdrawn, Customers(FATE).file(submitted(s), day(0))) for s in submission_ids(2000)]
    assert 1 < sum(map(bool, found)) < 30


@pytest.mark.parametrize(
    ("when", "event"),
    [
        (Withdraws.WHEN_ASKED, information_requested(SUBMISSION)),
        (Withdraws.BEFORE_DECISION, OPEN),
        (Withdraws.DURING_PAYOUT, PENDING),
        (Withdraws.AFTER, ended(Outcome.DIRECT_PAID)),
    ],
)
def test_a_customer_withdraws_once_at_his_moment(when: Withdraws, event: Event) -> None:
    customers = Customers(fated(CLAIM, when))
    for other in (information_requested(SUBMISSION), OPEN, PENDING, ended(Outcome.DIRECT_PAID)):
        assert bool(only(ClaimWithdrawn, answers(customers, other))) == (other == event)
    assert not only(ClaimWithdrawn, answers(customers, event, day(1), number=2))


def test_an_added_loss_comes_with_its_paper_while_the_seller_is_asked() -> None:
    customers = on_file(Amends.OVER_LINE)
    amended, papers = answers(customers, OPEN)
    assert isinstance(amended.event, ClaimAmended)
    assert [loss.amount_minor for loss in amended.event.losses] == [9_000, 9_000, 185_000]
    assert isinstance(papers.event, DocumentsSubmitted)
    assert papers.event.documents[0].item == 3
    assert amended.at < papers.at < day(1)
    assert not only(ClaimAmended, answers(customers, OPEN, day(1), number=2))


def test_losses_are_added_before_acceptance_or_when_it_has_been_paid_or_taken_out() -> None:
    assert len(losses_of(on_file(Amends.BEFORE_ACCEPTANCE), information_requested(SUBMISSION))) == 3
    assert losses_of(on_file(Amends.AFTER_PAYMENT), ended(Outcome.DIRECT_PAID))[-1] == 8_900
    assert losses_of(on_file(Amends.OVER_CAP_AFTER), ended(Outcome.DIRECT_PAID))[-1] > 100_000_000
    assert losses_of(on_file(Amends.LESS), OPEN) == [9_000]
    assert not only(ClaimAmended, answers(on_file(Amends.AFTER_PAYMENT), ended(Outcome.DENIED)))


def test_a_lien_and_another_payee_are_told_while_the_seller_is_asked() -> None:
    [lien] = only(LienAsserted, answers(on_file(Liens.ASSERTED), OPEN))
    assert lien.lien.amount_minor == 3_000
    assert only(PayeeChanged, answers(Customers(fated(CLAIM, Payee.CHANGED)), OPEN))


def test_a_settlement_is_confirmed_disputed_or_left_alone_once() -> None:
    asked = status(SUBMISSION, Status.SELLER_RESOLVING, next_step=NextStep.CONFIRM_SETTLEMENT)
    words = {word: said(Customers(fated(CLAIM, word)), asked) for word in Word}
    assert words == {
        Word.CONFIRMS: [SettlementConfirmed(submission_id=SUBMISSION)],
        Word.DISPUTES: [SettlementDisputed(submission_id=SUBMISSION)],
        Word.SILENT: [],
    }
    customers = Customers(fated(CLAIM, Word.CONFIRMS))
    assert [bool(answers(customers, asked, number=number)) for number in (1, 2)] == [True, False]


def test_a_release_is_signed_at_once_when_asked_again_or_never() -> None:
    signed = {
        way: [len(answers(customers, release_requested(SUBMISSION), number=number)) for number in (1, 2)]
        for way in Release
        for customers in [Customers(fated(CLAIM, way))]
    }
    assert signed == {Release.SIGNED: [1, 1], Release.REMINDED: [0, 1], Release.NEVER: [0, 0]}
    assert only(ReleaseSigned, answers(Customers(fated(CLAIM)), release_requested(SUBMISSION)))


def test_a_claim_is_reopened_with_a_reason_that_fits_its_end() -> None:
    wanted = [
        (Reopens.APPEALS, Outcome.DENIED, ReopeningReason.CUSTOMER_APPEAL),
        (Reopens.EVIDENCE, Outcome.DENIED, ReopeningReason.NEW_EVIDENCE),
        (Reopens.PAPERS_FOUND, Outcome.NO_RESPONSE, ReopeningReason.PAPERS_FOUND),
        (Reopens.EVIDENCE, Outcome.WITHDRAWN, ReopeningReason.NEW_EVIDENCE),
    ]
    for way, outcome, reason in wanted:
        customers = Customers(fated(CLAIM, way))
        [request] = only(ReopeningRequested, answers(customers, ended(outcome)))
        assert request.reason is reason
        assert not answers(customers, ended(outcome), number=2), "once is enough"


def test_most_leave_it_at_that() -> None:
    asked = [answers(Customers(FATE), status(s, Status.CLOSED, Outcome.DIRECT_PAID)) for s in submission_ids(1000)]
    assert sum(bool(only(ReopeningRequested, each)) for each in asked) < 60


def test_who_could_not_be_paid_names_another_payee_or_gives_up() -> None:
    failed = ended(Outcome.PAYOUT_FAILED)
    assert only(PayeeChanged, answers(Customers(fated(CLAIM, NewPayee.NAMED)), failed))
    assert not answers(Customers(fated(CLAIM, NewPayee.NONE)), failed)


def test_nobody_comes_back_to_an_ended_claim_later_than_the_demo_waits_for() -> None:
    sayings: list[Saying] = []
    for number, submission_id in enumerate(submission_ids(2000)):
        outcome = list(Outcome)[number % len(Outcome)]
        sayings += answers(Customers(FATE), status(submission_id, Status.CLOSED, outcome))
    assert sayings
    assert all(saying.at - day(0) < COMES_BACK for saying in sayings)
