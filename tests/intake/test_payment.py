"""What the customer says about the payment: to whom, after whose liens, against which release."""

from datetime import datetime

import pytest

from services.intake import payment, roles
from services.intake.state import Submission
from shared.events.base import claim_id_of
from shared.events.claim import Lien, Signal
from shared.events.intake import LienRecorded, LinkReported, PayeeRecorded, ReleaseRecorded
from shared.events.upstream import LienAsserted, PayeeChanged, ReleaseSigned
from shared.runtime import Decision
from tests.deciding import at, day
from tests.intake.given import accepted, never_proven, only, screening, told, waiting_for_papers


def named(given: Submission, payee: str, heard: datetime, *, said: datetime | None = None) -> Decision[Submission]:
    event = PayeeChanged(submission_id="fnol-1", payee=payee)
    return payment.payee_changed(given, event, at(heard, said_at=said))


def lien(holder: str = "insurer-1", amount_minor: int = 500) -> LienAsserted:
    return LienAsserted(submission_id="fnol-1", lien=Lien(holder_ref=holder, amount_minor=amount_minor))


# The payee


def test_a_new_payee_is_recorded_and_looked_at_across_claims() -> None:
    decision = named(accepted(), "account-7", day(3))

    assert told(decision, PayeeRecorded).payee_ref == decision.state.payee_ref == roles.payee_name("account-7")
    link = told(decision, LinkReported)
    assert (link.link, link.signal) == (f"payee/{decision.state.payee_ref}", Signal.SAME_PAYEE)


@pytest.mark.parametrize("given", [screening(), waiting_for_papers(), never_proven()])
def test_before_acceptance_a_new_payee_is_remembered(given: Submission) -> None:
    decision = named(given, "account-7", day(40))

    assert decision.state.payee_ref == roles.payee_name("account-7")
    assert isinstance(only(decision), LinkReported)


def test_the_same_payee_again_changes_nothing() -> None:
    given = named(accepted(), "account-7", day(3)).state
    assert named(given, "account-7", day(3)) == Decision(given)


def test_the_same_payee_named_once_more_later_is_passed_on_since_a_payment_to_him_may_have_failed() -> None:
    given = named(accepted(), "account-7", day(3)).state
    assert isinstance(only(named(given, "account-7", day(9))), PayeeRecorded)


def test_the_payee_said_last_counts_not_the_one_heard_last() -> None:
    given = named(named(accepted(), "account-7", day(3)).state, "account-8", day(4)).state
    assert named(given, "account-7", day(5), said=day(3)) == Decision(given)


def test_naming_the_same_payee_once_more_makes_it_the_last_word() -> None:
    given = named(named(accepted(), "account-7", day(3)).state, "account-7", day(6)).state
    assert named(given, "account-8", day(7), said=day(5)) == Decision(given)


def test_the_payee_of_the_submission_is_changed_by_what_is_said_later() -> None:
    given = accepted(payee="account-7")
    assert told(named(given, "account-8", day(2)), PayeeRecorded)


# Liens


def test_a_lien_is_recorded_beside_the_others() -> None:
    given = payment.lien_asserted(accepted(), lien("insurer-1"), at(day(2))).state

    decision = payment.lien_asserted(given, lien("insurer-2", 70), at(day(3)))

    assert decision.says == (
        LienRecorded(
            claim_id=claim_id_of("fnol-1"), submission_id="fnol-1", liens=(lien().lien, lien("insurer-2", 70).lien)
        ),
    )


def test_a_lien_before_acceptance_is_remembered() -> None:
    decision = payment.lien_asserted(screening(), lien(), at(day(2)))
    assert (decision.says, decision.state.liens) == ((), (lien().lien,))


def test_of_one_holder_the_last_amount_counts_and_the_same_word_again_changes_nothing() -> None:
    first = payment.lien_asserted(accepted(), lien(), at(day(2))).state
    second = payment.lien_asserted(first, lien(amount_minor=900), at(day(3))).state

    assert [known.amount_minor for known in second.liens] == [900]
    assert payment.lien_asserted(second, lien(), at(day(4), said_at=day(2))) == Decision(second)
    assert payment.lien_asserted(second, lien(amount_minor=900), at(day(3))) == Decision(second)
    assert payment.lien_asserted(second, lien(amount_minor=900), at(day(5))).says == ()


def test_of_one_holder_what_was_said_last_counts_not_what_is_heard_last() -> None:
    given = accepted(liens=[lien(amount_minor=100).lien])
    for amount_minor, moment in ((100, day(1)), (200, day(2))):
        given = payment.lien_asserted(given, lien(amount_minor=amount_minor), at(moment)).state

    assert payment.lien_asserted(given, lien(amount_minor=100), at(day(3), said_at=day(1))) == Decision(given)
    assert payment.lien_asserted(given, lien(amount_minor=150), at(day(3), said_at=day(1))) == Decision(given)
    other = payment.lien_asserted(given, lien("insurer-2", 70), at(day(3), said_at=day(1)))
    assert [known.amount_minor for known in told(other, LienRecorded).liens] == [200, 70]


def test_an_amount_of_which_nobody_knows_when_it_was_said_gives_way_to_any_other() -> None:
    """Earlier versions did not keep it."""
    given = accepted(liens=[lien().lien]).but(said={})
    decision = payment.lien_asserted(given, lien(amount_minor=900), at(day(4), said_at=day(-1)))
    assert [known.amount_minor for known in told(decision, LienRecorded).liens] == [900]
    assert payment.lien_asserted(decision.state, lien(), at(day(5), said_at=day(-2))) == Decision(decision.state)


def test_so_many_holders_are_recorded_and_no_more() -> None:
    state = accepted()
    for number in range(payment.LIENS_KEPT + 3):
        state = payment.lien_asserted(state, lien(f"insurer-{number}"), at(day(number))).state
    assert len(state.liens) == payment.LIENS_KEPT


# The release


def test_a_signed_release_is_recorded_once() -> None:
    event = ReleaseSigned(submission_id="fnol-1", release="release-1")

    decision = payment.release_signed(accepted(), event, at(day(3)))

    assert told(decision, ReleaseRecorded).release == "release-1"
    assert payment.release_signed(decision.state, event, at(day(4))) == Decision(decision.state)


def test_a_release_says_which_one_was_signed_and_another_under_the_same_pointer_is_another() -> None:
    first, second = (
        ReleaseSigned(submission_id="fnol-1", release="release-1", release_id=claim_id_of(f"release-{number}"))
        for number in (1, 2)
    )

    signed = payment.release_signed(accepted(), first, at(day(3)))

    assert told(signed, ReleaseRecorded).release_id == first.release_id
    assert (
        told(payment.release_signed(signed.state, second, at(day(9))), ReleaseRecorded).release_id == second.release_id
    )


def test_before_acceptance_there_is_nothing_to_release() -> None:
    event = ReleaseSigned(submission_id="fnol-1", release="release-1")
    assert payment.release_signed(screening(), event, at(day(3))) == Decision(screening())
