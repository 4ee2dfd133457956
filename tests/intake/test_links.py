"""What claims have in common: who is told of whom, and who is not."""

from datetime import date, timedelta

from services.intake import links
from services.intake.links import CLAIMS_KEPT, Link
from shared.events.base import Event, claim_id_of
from shared.events.claim import Signal
from shared.events.intake import LinkFound, LinkReported
from shared.runtime import Decision
from tests.deciding import at, day

REPORTED = date(2025, 6, 1)
MANY = 40


def shared(
    submission: int, claimant: int | None = None, *, after: int = 0, signal: Signal = Signal.SAME_ORDER
) -> LinkReported:
    """Each claim is of a claimant of its own, unless a test says otherwise, and was reported so many days later."""
    return LinkReported(
        link="order/order-1",
        signal=signal,
        submission_id=f"fnol-{submission}",
        claim_id=claim_id_of(f"fnol-{submission}"),
        claimant_id=f"customer-{submission if claimant is None else claimant}",
        reported_on=REPORTED + timedelta(days=after),
        policy="US-1",
    )


def against(submission: int, *, after: int = 0) -> LinkReported:
    return shared(submission, after=after, signal=Signal.MANY_AGAINST_SELLER)


def knowing(*reports: LinkReported) -> Link:
    link = Link()
    for report in reports:
        link = links.link_reported(link, report, at(day(0))).state
    return link


def answers(decision: Decision[Link]) -> dict[str, int]:
    """Submission → how many others have it too."""
    return {found.submission_id: found.others for found in map(_found, decision.says)}


def _found(event: Event) -> LinkFound:
    assert isinstance(event, LinkFound)
    return event


def test_who_has_it_first_is_not_answered() -> None:
    assert links.first_link_reported(shared(1), at(day(0))).says == ()


def test_the_newcomer_and_whom_it_newly_concerns_are_told() -> None:
    decision = links.link_reported(knowing(shared(1)), shared(2), at(day(1)))

    assert answers(decision) == {"fnol-2": 1, "fnol-1": 1}
    assert {_found(said).signal for said in decision.says} == {Signal.SAME_ORDER}


def test_who_knows_already_is_not_told_again() -> None:
    decision = links.link_reported(knowing(shared(1), shared(2)), shared(3), at(day(2)))
    assert answers(decision) == {"fnol-3": 2}


def test_claims_of_one_claimant_may_share_what_they_like() -> None:
    assert links.link_reported(knowing(shared(1, claimant=7)), shared(2, claimant=7), at(day(1))).says == ()


def test_all_claims_of_one_claimant_are_concerned_by_another() -> None:
    given = knowing(shared(1, claimant=7), shared(2, claimant=7))
    assert answers(links.link_reported(given, shared(3), at(day(1)))) == {"fnol-3": 2, "fnol-1": 1, "fnol-2": 1}


def test_claims_reported_further_apart_than_the_window_are_not_seen_together() -> None:
    assert links.link_reported(knowing(shared(1)), shared(2, after=61), at(day(61))).says == ()
    assert answers(links.link_reported(knowing(shared(1)), shared(2, after=60), at(day(60)))) == {
        "fnol-2": 1,
        "fnol-1": 1,
    }


def test_a_window_looks_both_ways_whatever_is_heard_first() -> None:
    assert answers(links.link_reported(knowing(shared(1)), shared(2, after=-60), at(day(1)))) == {
        "fnol-2": 1,
        "fnol-1": 1,
    }


def test_the_same_report_again_changes_nothing() -> None:
    for given, again in (
        (knowing(shared(1), shared(2)), shared(2)),
        (knowing(against(1)), against(1)),
    ):
        assert links.link_reported(given, again, at(day(3))) == Decision(given)


def test_the_last_so_many_claims_are_kept_and_the_state_stays_small() -> None:
    given = knowing(*(shared(10**9 + number) for number in range(CLAIMS_KEPT + 5)))

    assert len(given.claims) == CLAIMS_KEPT
    assert len(given.model_dump_json()) < 2048
    assert answers(links.link_reported(given, shared(1), at(day(1)))) == {"fnol-1": CLAIMS_KEPT}


def test_so_many_claims_against_a_seller_are_many_for_the_newcomer_alone() -> None:
    before = knowing(*(against(number) for number in range(MANY - 2)))

    last_but_one = links.link_reported(before, against(MANY - 2), at(day(1)))
    last = links.link_reported(last_but_one.state, against(MANY - 1), at(day(1)))

    assert last_but_one.says == ()
    assert answers(last) == {f"fnol-{MANY - 1}": MANY - 1}


def test_claims_against_a_seller_before_the_window_do_not_make_many() -> None:
    before = knowing(*(against(number) for number in range(MANY - 1)))
    assert links.link_reported(before, against(99, after=61), at(day(61))).says == ()


def test_one_claimants_claims_against_a_seller_count_too() -> None:
    reports = [shared(number, claimant=7, signal=Signal.MANY_AGAINST_SELLER) for number in range(MANY)]
    assert len(links.link_reported(knowing(*reports[:-1]), reports[-1], at(day(1))).says) == 1


def test_what_is_known_of_a_sellers_claims_stays_small() -> None:
    given = knowing(*(against(number, after=number % 7) for number in range(3 * MANY)))
    assert len(given.against) == MANY
    assert len(given.model_dump_json()) < 2048
