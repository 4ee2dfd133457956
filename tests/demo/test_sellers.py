"""Sellers: every way of dealing with a notice is there, with the right moments; and what they appeal or show later."""

from datetime import timedelta
from uuid import UUID

from ops.demo.luck import Fate
from ops.demo.outside.appeals import Appeal, Appeals
from ops.demo.outside.directory import Stands
from ops.demo.outside.late_certificates import LateCertificates, Shows
from ops.demo.outside.mail import ClaimLetter
from ops.demo.outside.party import Saying
from ops.demo.outside.sellers import Comment, Extension, Promise, Sellers, Way
from shared.events.base import Event
from shared.events.escalation import RouteChosen
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import (
    AnswerChoice,
    CertificateSubmitted,
    ExtensionRequested,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from tests.deciding import day
from tests.demo.given import (
    FATE,
    SEED,
    answers,
    claim_ids,
    events,
    extension_granted,
    fated,
    notice_handed_over,
    notified,
    only,
    submission_ids,
    submitted,
)

CLAIM = next(claim_ids())


def told(way: Way) -> list[tuple[UUID, list[Saying]]]:
    """What sellers of this way say to their notices."""
    sellers = Sellers(FATE)
    found = [(c, answers(sellers, notified(c))) for c in claim_ids(3000) if sellers.way(c) is way]
    found = [(c, said) for c, said in found if said or way in {Way.SILENT, Way.EARLY}]
    assert found, f"no seller {way.value}"
    return found


def answered(said: list[Saying]) -> list[SellerAnswered]:
    return only(SellerAnswered, said)


def test_every_way_is_gone_by_some() -> None:
    sellers = Sellers(FATE)
    assert {sellers.way(claim_id) for claim_id in claim_ids(1500)} == set(Way)


def test_a_seller_who_accepts_pays_through_us_in_time() -> None:
    for _, said in told(Way.ACCEPTS):
        assert [answer.choice for answer in answered(said)] == [AnswerChoice.PAY_THROUGH_US]
        assert day(0) < said[0].at < day(7)


def test_contests_come_with_evidence_for_all_items_or_for_one() -> None:
    all_of_it = [answer for _, said in told(Way.CONTESTS) for answer in answered(said)]
    some = [answer for _, said in told(Way.CONTESTS_SOME) for answer in answered(said)]
    assert all(answer.choice is AnswerChoice.CONTEST and answer.evidence for answer in (*all_of_it, *some))
    assert {answer.contested_items for answer in all_of_it} == {()}
    assert {answer.contested_items for answer in some} == {(1,), (2,)}


def test_who_settles_directly_reports_it_soon_late_twice_or_never() -> None:
    reports = [[s for s in said if isinstance(s.event, SellerReportsSettled)] for _, said in told(Way.SETTLES)]
    assert {len(each) for each in reports} == {0, 1, 2}
    assert all(each[0].at < day(30) or each[0].at > day(35) for each in reports if each)
    kept = answers(Sellers(fated(CLAIM, Way.SETTLES, Promise.BROKEN)), notified(CLAIM))
    assert [type(event) for event in events(kept)] == [SellerAnswered]


def test_who_refers_to_the_insurer_mostly_says_where_it_is_reached() -> None:
    found = [answer.insurer_contact for _, said in told(Way.REFERS) for answer in answered(said)]
    assert None in found
    assert any(contact and contact.startswith("refused") for contact in found)
    assert all(contact.endswith("@example.test") for contact in found if contact)


def test_the_silent_say_nothing() -> None:
    assert not any(said for _, said in told(Way.SILENT))


def test_an_early_answer_is_there_before_the_notice() -> None:
    sellers = Sellers(fated(CLAIM, Way.EARLY))
    [said] = answers(sellers, RouteChosen(claim_id=CLAIM, seller_id="seller-1", direct_pay=False))
    assert said.at == day(0)
    assert not answers(sellers, notified(CLAIM))


def test_last_second_answers_come_a_second_before_the_end_or_in_that_second() -> None:
    assert {said[0].at for _, said in told(Way.LAST_SECOND)} == {day(7) - timedelta(seconds=1)}
    assert {said[0].at for _, said in told(Way.SAME_SECOND)} == {day(7)}


def test_an_answer_that_is_heard_late_was_given_in_time_and_arrives_afterwards() -> None:
    for _, said in told(Way.HEARD_LATE):
        assert said[0].arrives is not None
        assert said[0].at < day(7) < said[0].arrives


def test_late_answers_come_after_the_deadline() -> None:
    assert all(said[0].at > day(7) for _, said in told(Way.TOO_LATE))


def test_who_answers_twice_contradicts_itself() -> None:
    found = [answered(said) for _, said in told(Way.TWICE)]
    assert all(len({answer.answer_id for answer in each}) == 2 for each in found)
    assert all(each[0].choice != each[1].choice for each in found)


def test_an_extension_is_asked_for_and_used() -> None:
    asked = told(Way.EXTENDS)
    assert all(isinstance(event, ExtensionRequested) for _, said in asked for event in events(said))
    assert {len(said) for _, said in asked} == {1, 2}
    used = [answers(Sellers(FATE), extension_granted(claim_id), day(6)) for claim_id, _ in asked]
    assert any(used)
    assert not all(used)
    assert all(day(6) < said[0].at < day(14) for said in used if said)


def test_an_extension_that_nobody_asked_for_changes_nothing() -> None:
    assert not any(answers(Sellers(FATE), extension_granted(claim_id), day(6)) for claim_id, _ in told(Way.ACCEPTS))


def test_an_extension_can_be_asked_for_too_late() -> None:
    sellers = Sellers(fated(CLAIM, Way.EXTENDS, Extension.LATE))
    assert answers(sellers, notified(CLAIM))[0].at > day(7)


def test_now_and_then_somebody_else_answers() -> None:
    assert {answer.seller_id for _, said in told(Way.STRANGER) for answer in answered(said)} == {"seller-somebody-else"}


def test_on_direct_pay_most_say_nothing_and_some_object_in_time_at_the_last_second_or_late() -> None:
    sellers = Sellers(FATE)
    said = [answers(sellers, notified(claim_id, direct_pay=True)) for claim_id in claim_ids(1000)]
    comments = [s for each in said for s in each if isinstance(s.event, SellerCommented)]
    contrary = [s for s in comments if isinstance(s.event, SellerCommented) and s.event.contrary]
    assert sum(map(bool, said)) < 400
    assert len(contrary) < len(comments)
    assert any(s.at < day(2) for s in contrary)
    assert any(s.at == day(2) for s in contrary)
    assert any(s.at > day(2) for s in contrary)
    assert any(s.at < day(2) and s.arrives is not None and s.arrives > day(2) for s in contrary)
    assert any(answered(each) for each in said)


def test_who_never_got_the_notice_does_not_answer_it() -> None:
    lost = Sellers(fated(CLAIM, ClaimLetter.EACH_RETURNS))
    assert not answers(lost, notified(CLAIM))
    once = Sellers(fated(CLAIM, ClaimLetter.FIRST_RETURNS))
    assert not answers(once, notified(CLAIM), number=1)
    assert answers(once, notified(CLAIM), number=2)


def test_the_same_notice_again_is_dealt_with_once_and_one_with_another_route_anew() -> None:
    sellers = Sellers(fated(CLAIM, Way.ACCEPTS, Comment.AGREES))
    assert only(SellerCommented, answers(sellers, notified(CLAIM, direct_pay=True)))
    assert not answers(sellers, notified(CLAIM, direct_pay=True), number=2)
    assert answered(answers(sellers, notified(CLAIM)))


def test_of_the_insolvent_nobody_answers_or_appeals() -> None:
    fate = Fate(SEED, {str(CLAIM): [Way.ACCEPTS, Appeal.BEFORE_DEBIT], "seller-1": [Stands.INSOLVENT]})
    assert not answers(Sellers(fate), notified(CLAIM))
    assert not answers(Appeals(fate), notice_handed_over(CLAIM))


def test_what_a_seller_does_depends_on_nothing_but_seed_and_claim() -> None:
    def all_of(sellers: Sellers, claims: list[UUID]) -> dict[UUID, list[Event]]:
        return {claim_id: events(answers(sellers, notified(claim_id))) for claim_id in claims}

    claims = list(claim_ids(100))
    assert all_of(Sellers(FATE), claims) == all_of(Sellers(FATE), claims[::-1])
    assert all_of(Sellers(FATE), claims) != all_of(Sellers(Fate(SEED + 1)), claims)


def test_a_few_appeal_a_debit_before_it_after_it_or_twice() -> None:
    said = [answers(Appeals(FATE), notice_handed_over(claim_id)) for claim_id in claim_ids(1000)]
    appeals = [each for each in said if each]
    assert 0.05 < len(appeals) / len(said) < 0.25
    assert any(each[0].at < day(7) for each in appeals)
    assert any(each[0].at > day(7) for each in appeals)
    assert {len({event.appeal_id for event in only(SellerAppealed, each)}) for each in appeals} == {1, 2}
    assert all(event.evidence for each in appeals for event in only(SellerAppealed, each))


def test_no_other_letter_is_appealed() -> None:
    assert not any(answers(Appeals(FATE), notice_handed_over(c, NoticeKind.REMINDER)) for c in claim_ids())


def late_certificates(shows: Shows) -> list[Saying]:
    submission_id = next(submission_ids())
    sellers = LateCertificates(fated(CLAIM, shows))
    sellers.file(submitted(submission_id), day(0))
    return answers(sellers, notified(CLAIM))


def test_a_certificate_shown_late_was_there_all_along_or_was_made_for_the_claim() -> None:
    incident_on = submitted("sub-0").incident_on
    [old] = only(CertificateSubmitted, late_certificates(Shows.OLD))
    [back_dated] = only(CertificateSubmitted, late_certificates(Shows.BACK_DATED))
    assert old.issued_on is not None
    assert old.issued_on < incident_on < old.valid_to
    assert back_dated.issued_on is not None
    assert back_dated.valid_from < incident_on < back_dated.issued_on


def test_a_certificate_shown_late_may_turn_out_to_have_been_cancelled() -> None:
    first, second = only(CertificateSubmitted, late_certificates(Shows.CANCELLED))
    assert first.certificate_id == second.certificate_id
    assert first.cancelled_on is None
    assert second.cancelled_on is not None
    assert second.cancelled_on < submitted("sub-0").incident_on


def test_who_has_nothing_to_show_shows_nothing() -> None:
    assert not late_certificates(Shows.NOTHING)
