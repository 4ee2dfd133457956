"""Upstream: papers when they come, late, in part, from somebody who may act, and what is said of Medicare."""

from datetime import timedelta
from itertools import pairwise

from ops.demo.outside.party import Saying
from ops.demo.outside.upstream import Bundle, Medicare, Papers, Sends, Upstream
from shared.events.claim import DocumentKind, LossKind
from shared.events.intake import InformationRequested, MissingPaper
from shared.events.upstream import (
    BeneficiaryStatusGiven,
    Claimant,
    ClaimSubmitted,
    DocumentsSubmitted,
    Injured,
    Injury,
)
from tests.deciding import day
from tests.demo.given import FATE, answers, claim_ids, fated, information_requested, only, submission_ids, submitted

KINDS = (LossKind.PURCHASE_PRICE, LossKind.MEDICAL, LossKind.LOST_EARNINGS, LossKind.PROPERTY_DAMAGE)
CLAIM, SUBMISSION = next(claim_ids()), next(submission_ids())


def papers_of(upstream: Upstream, submission_id: str, *kinds: LossKind) -> set[int | None]:
    return _items(upstream.file(submitted(submission_id, *kinds), day(0)))


def _items(said: list[Saying]) -> set[int | None]:
    return {d.item for papers in only(DocumentsSubmitted, said) for d in papers.documents}


def asked(upstream: Upstream, request: InformationRequested | None = None, number: int = 1) -> list[Saying]:
    return answers(upstream, request or information_requested(SUBMISSION), number=number)


def test_four_of_five_losses_are_proven_with_the_claim() -> None:
    upstream = Upstream(FATE)
    found = [len(papers_of(upstream, submission_id, *KINDS)) for submission_id in submission_ids(500)]
    assert 0.74 < sum(found) / (500 * len(KINDS)) < 0.84


def test_asked_for_papers_three_of_four_who_had_sent_none_send_them() -> None:
    upstream, wanted, sent = Upstream(FATE), 0, 0
    for submission_id in submission_ids(1500):
        missing = {1, 2} - papers_of(upstream, submission_id, *KINDS)
        sent += len(missing & _items(asked(upstream, information_requested(submission_id))))
        wanted += len(missing)
    assert 0.65 < sent / wanted < 0.85


def test_the_papers_are_of_a_kind_that_proves_the_loss_and_have_a_hash() -> None:
    for submission_id in submission_ids(50):
        for papers in only(DocumentsSubmitted, Upstream(FATE).file(submitted(submission_id, *KINDS), day(0))):
            for document in papers.documents:
                kinds = {1: {"receipt"}, 2: {"bill", "medical_record"}, 3: {"payslip"}, 4: {"estimate", "receipt"}}
                assert document.kind in {DocumentKind(kind) for kind in kinds[document.item or 0]}
                assert document.dated_on is not None
                assert document.sha256 is not None


def test_the_same_story_of_two_customers_shows_the_same_papers() -> None:
    upstream = Upstream(fated("nobody"))
    hashes = [
        {d.sha256 for papers in only(DocumentsSubmitted, upstream.file(claim, day(0))) for d in papers.documents}
        for claim in (_sure("sub-1"), _sure("sub-2"), _sure("sub-3", incident_on=day(-20).date()))
    ]
    assert hashes[0] == hashes[1]
    assert not hashes[0] & hashes[2]


def _sure(submission_id: str, **changes: object) -> ClaimSubmitted:
    return submitted(submission_id, LossKind.PURCHASE_PRICE).model_copy(update=changes)


def test_nothing_proves_a_loss_that_is_not_material() -> None:
    assert not any(papers_of(Upstream(FATE), s, LossKind.NON_ECONOMIC) for s in submission_ids(50))


def test_some_papers_come_before_their_claim_and_some_in_parts() -> None:
    said = [Upstream(FATE).file(submitted(s, *KINDS), day(0)) for s in submission_ids(300)]
    papers = [[saying for saying in each if isinstance(saying.event, DocumentsSubmitted)] for each in said]
    assert any(saying.at < day(0) for each in papers for saying in each)
    assert any(len(each) > 1 for each in papers)
    assert all(a.at < b.at for each in papers for a, b in pairwise(each))
    first, second = Upstream(fated(CLAIM, Sends.IN_PARTS)).file(submitted(SUBMISSION, *KINDS[:2]), day(0))
    assert second.at - first.at == timedelta(hours=3)


def test_one_paper_may_never_come_or_come_too_late_or_all_do() -> None:
    never, late = Upstream(fated(CLAIM, Bundle.ONE_MISSING)), Upstream(fated(CLAIM, Bundle.ONE_LATE))
    assert papers_of(never, SUBMISSION, *KINDS) == {1, 2, 3}
    assert _items(asked(never)) == {1}
    assert [saying.at > day(30) for saying in asked(late)] == [False, True]
    all_late = asked(Upstream(fated(CLAIM, Bundle.ALL_LATE)))
    assert _items(all_late) == {1, 2}
    assert all(saying.at > day(30) for saying in all_late)


def test_who_is_asked_again_has_found_everything() -> None:
    upstream = Upstream(fated(CLAIM, Papers.NEVER))
    assert not asked(upstream, number=1)
    assert _items(asked(upstream, number=2)) == {1, 2}
    assert not asked(upstream, number=1), "the first request is answered as before"


def test_who_acts_for_a_child_or_an_estate_shows_that_he_may() -> None:
    burn = Injury(diagnosis="burn, scald", disposition="treated and released")
    died = Injury(diagnosis="burn, scald", disposition="fatality")
    adult, child = Claimant(id="cust-1", age=40.0), Injured(age=6.0)
    kinds = [
        {d.kind for papers in only(DocumentsSubmitted, _filed(claim)) for d in papers.documents if d.item is None}
        for claim in (
            _sure(SUBMISSION, claimant=adult, injury=burn),
            _sure(SUBMISSION, claimant=adult, injured=child, injury=burn),
            _sure(SUBMISSION, claimant=adult, injured=child, injury=died),
        )
    ]
    assert kinds == [set(), {DocumentKind.GUARDIAN_AUTHORITY}, {DocumentKind.ESTATE_AUTHORITY}]


def _filed(claim: ClaimSubmitted) -> list[Saying]:
    return Upstream(fated(CLAIM)).file(claim, day(0))


def test_the_question_of_medicare_is_answered_with_yes_or_no_or_not_at_all() -> None:
    request = information_requested(SUBMISSION).model_copy(update={"asks_beneficiary": True})
    said = [
        [e.beneficiary for e in only(BeneficiaryStatusGiven, asked(Upstream(fated(CLAIM, told)), request))]
        for told in (Medicare.YES, Medicare.NO, Medicare.UNANSWERED)
    ]
    assert said == [[True], [False], []]
    assert not only(BeneficiaryStatusGiven, asked(Upstream(fated(CLAIM, Medicare.YES))))


def test_a_paper_for_the_claim_as_a_whole_is_sent_as_asked() -> None:
    missing = (MissingPaper(item=None, any_of=(DocumentKind.GUARDIAN_AUTHORITY,)),)
    request = information_requested(SUBMISSION).model_copy(update={"missing": missing})
    assert _items(asked(Upstream(fated(CLAIM)), request)) == {None}
