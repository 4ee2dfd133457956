"""Names that intake's databases keep, moments at the very edge, and what is passed on to the looks across claims."""

from datetime import timedelta

import pytest

from services.intake import acceptance, amendments, decide, links, payment, reopening, roles, screening
from services.intake.claimants import first_incident_reported, incident_reported
from services.intake.links import Link
from services.intake.state import Stage
from shared.events.base import claim_id_of, derived_id
from shared.events.claim import Lien, Reason, ReopeningReason, Signal
from shared.events.intake import (
    AmendmentRecorded,
    ClaimAccepted,
    IncidentReported,
    IncidentScreened,
    LinkFound,
    LinkReported,
    ReleaseRecorded,
    ReopeningRefused,
)
from shared.events.upstream import ClaimWithdrawn, LienAsserted, PayeeChanged, ReleaseSigned, ReopeningRequested
from shared.policy import load
from tests.deciding import at, day
from tests.intake import given
from tests.intake.given import accepted, amended, loss, never_proven, screened, submitted, told, waiting_for_papers

US = load().version("US-1")
MORE = (loss("purchase_price", 2_000), loss("medical", 30_000), loss("property_damage", 5_000))


def release(signed: int | None = None, name: str = "release-1") -> ReleaseSigned:
    release_id = None if signed is None else derived_id("release", signed)
    return ReleaseSigned(submission_id="fnol-1", release=name, release_id=release_id)


def asserted(holder: str, minor: int) -> LienAsserted:
    return LienAsserted(submission_id="fnol-1", lien=Lien(holder_ref=holder, amount_minor=minor))


def reopened(request: str) -> ReopeningRequested:
    return ReopeningRequested(submission_id="fnol-1", request_id=request, reason=ReopeningReason.NEW_EVIDENCE)


# Names on record


def test_the_names_of_what_was_heard_never_change() -> None:
    """They are in databases: what the customer repeats after an upgrade must be known by the same name."""
    state = amendments.claim_amended(accepted(), amended(*MORE), at(day(1))).state
    state = payment.lien_asserted(state, asserted("holder-1", 500), at(day(2))).state
    state = payment.release_signed(state, release(), at(day(3))).state
    state = payment.release_signed(state, release(1), at(day(3))).state
    state = reopening.reopening_requested(state, reopened("again-1"), at(day(4))).state
    assert state.requests == ("3aae49d9ede1", "5fb742a65cdd", "4d3541283499", "5220fc820322", "ffc11137f57c")
    liens = [Lien(holder_ref="holder-1", amount_minor=500)]
    said = submitted(payee="account-7", delivered_on="2025-04-03", returned_on="2025-06-01", liens=liens, **given.CHILD)
    assert decide.claim_submitted(said, at(day(0))).state.first_notice == {
        "losses": "d1287244",
        "payee": "4258ae96",
        "liens": "c054ec72",
        "delivered_on": "fab36a4e",
        "returned_on": "819253d1",
        "injured": "0c7c14ef",
        "injury": "0af0c919",
    }
    assert roles.payee_name("account-7") == "payee-35e00a7d-6601-5ff4-99a2-5cfc6db74efb"


def test_amendments_liens_releases_and_reopenings_are_told_apart_by_what_they_name() -> None:
    """The same word of another kind, or about something else, is another word."""
    state = accepted()
    for number in (1, 2):
        decision = amendments.claim_amended(state, amended(*MORE[:number], amendment_id=f"x-{number}"), at(day(number)))
        assert told(decision, AmendmentRecorded).amendment_id == f"x-{number}"
        state = decision.state
    for event in (release(), release(name="release-2"), release(1), release(2)):
        decision = payment.release_signed(state, event, at(day(3)))
        assert told(decision, ReleaseRecorded).release_id == event.release_id
        state = decision.state
    assert payment.release_signed(state, release(2), at(day(4))).says == ()
    for number in (1, 2):
        decision = reopening.reopening_requested(state, reopened(f"again-{number}"), at(day(5)))
        assert len(decision.says) == 1
        state = decision.state


def test_of_liens_the_holder_the_amount_and_the_moment_make_another_word() -> None:
    state = payment.lien_asserted(accepted(), asserted("a", 500), at(day(1))).state
    for event, moment in (
        (asserted("b", 500), day(1)),
        (asserted("a", 700), day(1)),
        (asserted("a", 500), day(2)),
    ):
        decision = payment.lien_asserted(state, event, at(moment))
        assert decision.says != ()
        state = decision.state
    assert [(lien.holder_ref, lien.amount_minor) for lien in state.liens] == [("a", 500), ("b", 500)]


def test_each_time_a_claim_becomes_another_amount_of_itself_it_has_another_name() -> None:
    first = decide.incident_screened(accepted(), screened(other_admitted_minor=90_000), at(day(1)))
    back = decide.incident_screened(first.state, screened(other_admitted_minor=0), at(day(2)))
    other = decide.incident_screened(
        accepted(submission_id="fnol-2"), screened("fnol-2", other_admitted_minor=90_000), at(day(1))
    )
    names = [told(decision, AmendmentRecorded).amendment_id for decision in (first, back, other)]
    assert len(set(names)) == 3
    assert all(name.startswith("incident-") for name in names)
    assert [first.state.amended, back.state.amended] == [1, 2]


# At the very edge


def test_a_score_that_just_reaches_the_line_is_investigated() -> None:
    suspect = accepted().at_stage(Stage.SCREENING).but(signals=(Signal.SAME_PAYEE,))
    weighs = screening.score(suspect, US)
    for investigate_at, investigated in ((weighs, True), (weighs + 1, False)):
        policy = US.model_copy(update={"screening": US.screening.model_copy(update={"investigate_at": investigate_at})})
        said = told(acceptance.accepted(suspect, policy), ClaimAccepted)
        assert (said.score, said.investigate) == (weighs, investigated)


def test_a_withdrawal_said_at_the_moment_of_the_reopening_is_a_new_word() -> None:
    again = reopening.reopening_requested(given.withdrawn(waiting_for_papers()), reopened("r"), at(day(3))).state
    assert again.reopened_at == day(3)
    old = decide.claim_withdrawn(again, ClaimWithdrawn(submission_id="fnol-1"), at(day(4), said_at=day(2)))
    assert old.says == ()
    new = decide.claim_withdrawn(again, ClaimWithdrawn(submission_id="fnol-1"), at(day(4), said_at=day(3)))
    assert new.state.stage is Stage.ENDED


def test_a_claim_that_was_reopened_forgets_how_it_had_ended() -> None:
    again = reopening.reopening_requested(given.withdrawn(waiting_for_papers()), reopened("r"), at(day(3))).state
    assert (again.reasons, again.ended_at, again.withdrawn_at) == ((), None, None)
    accepted_before = decide.claim_withdrawn(accepted(), ClaimWithdrawn(submission_id="fnol-1"), at(day(2))).state
    noted = reopening.reopening_requested(accepted_before, reopened("r"), at(day(3))).state
    assert (noted.withdrawn_at, noted.reopened_at) == (None, day(3))


def test_how_long_a_claim_may_be_reopened_counts_from_its_end_whatever_ended_it() -> None:
    span = US.after(day(0), US.eligibility.reopen_days) - day(0)
    duplicate = decide.incident_screened(
        given.screening(), screened(duplicate_of=claim_id_of("other")), at(day(5))
    ).state
    excluded = decide.claim_submitted(submitted(marketplace="GB"), at(day(5))).state
    nothing = amendments.claim_amended(waiting_for_papers(), amended(loss("medical", 0)), at(day(5))).state
    for ended in (duplicate, excluded, nothing, given.withdrawn(waiting_for_papers())):
        assert ended.ended_at is not None
        moment = ended.ended_at + span + timedelta(seconds=1)
        assert told(reopening.reopening_requested(ended, reopened("late"), at(moment)), ReopeningRefused).reasons != ()
    assert nothing.reasons == (Reason.NOTHING_CLAIMED,)


def test_a_claim_whose_end_is_not_on_record_is_not_reopened() -> None:
    ended = never_proven().but(ended_at=None)
    said = told(reopening.reopening_requested(ended, reopened("r"), at(day(31))), ReopeningRefused)
    assert Reason.NOT_REOPENED in said.reasons


def test_two_payees_named_at_one_moment_leave_the_one_heard_last() -> None:
    state = payment.payee_changed(accepted(), PayeeChanged(submission_id="fnol-1", payee="a"), at(day(3))).state
    later = payment.payee_changed(state, PayeeChanged(submission_id="fnol-1", payee="b"), at(day(4), said_at=day(3)))
    assert later.state.payee_ref == roles.payee_name("b")


def test_the_payee_of_the_first_notice_counts_from_the_moment_it_was_said() -> None:
    state = decide.claim_submitted(submitted(payee="account-1"), at(day(2), said_at=day(1))).state
    assert (state.payee_said_at, state.payee_ref) == (day(1), roles.payee_name("account-1"))
    early = PayeeChanged(submission_id="fnol-1", payee="account-0")
    assert payment.payee_changed(state, early, at(day(3), said_at=day(0))).state == state
    assert decide.claim_submitted(submitted(), at(day(2))).state.payee_said_at is None


def test_items_are_numbered_from_one_whatever_becomes_of_them() -> None:
    found = decide.documents_submitted(waiting_for_papers(), given.papers(given.RECEIPT, given.BILL), at(day(1)))
    assert [item.item for item in told(found, ClaimAccepted).items] == [1, 2]
    assert [item.item for item in given.denial(marketplace="GB").items] == [1, 2]


# What is passed on


def test_what_counts_across_claims_is_told_with_its_day_and_policy() -> None:
    said = told(decide.claim_submitted(submitted(), at(day(0))), IncidentReported)
    assert (str(said.reported_on), said.policy) == ("2025-06-01", "US-1")


def test_links_name_the_order_the_seller_and_the_payee() -> None:
    decision = decide.claim_submitted(submitted(payee="account-1"), at(day(0)))
    found = [said.link for said in decision.says if isinstance(said, LinkReported)]
    assert found == ["order/order-1", "seller/seller-1", f"payee/{roles.payee_name('account-1')}"]


def test_an_answer_across_claims_names_the_claim_that_it_is_for() -> None:
    event = told(decide.claim_submitted(submitted(), at(day(0))), IncidentReported)
    first = first_incident_reported(event, at(day(0)))
    assert told(first, IncidentScreened).claim_id == claim_id_of("fnol-1")
    repeated = incident_reported(first.state, event.model_copy(update={"submission_id": "fnol-9"}), at(day(0)))
    answer = told(repeated, IncidentScreened)
    assert (answer.claim_id, answer.duplicate_of) == (claim_id_of("fnol-9"), claim_id_of("fnol-1"))
    assert answer.other_admitted_minor == 0


def against(number: int, days: int) -> LinkReported:
    return LinkReported(
        link="seller/s", signal=Signal.MANY_AGAINST_SELLER, submission_id=f"s-{number}",
        claim_id=claim_id_of(f"s-{number}"), claimant_id=f"c-{number}",
        reported_on=(day(0) + timedelta(days=days)).date(), policy="US-1",
    )  # fmt: skip


@pytest.mark.parametrize("beyond", [0, 1])
def test_claims_against_a_seller_count_up_to_the_last_day_of_the_window(beyond: int) -> None:
    many, within = US.screening.claims_against_seller, US.screening.within_days
    link = Link()
    for number in range(many - 1):
        link = links.link_reported(link, against(number, -beyond), at(day(0))).state
    last = links.link_reported(link, against(many, within), at(day(0)))
    assert bool(last.says) is (beyond == 0)
    for said in last.says:
        assert isinstance(said, LinkFound)
        assert (said.claim_id, said.others) == (claim_id_of(f"s-{many}"), many - 1)


def test_of_claims_against_a_seller_the_latest_reports_are_kept_in_whatever_order_they_come() -> None:
    many = US.screening.claims_against_seller
    link = Link()
    for days in (*range(many, 0, -1), many + 1):
        link = links.link_reported(link, against(days, days), at(day(0))).state
    assert [one.reported_on for one in link.against] == [against(n, n).reported_on for n in range(2, many + 2)]
