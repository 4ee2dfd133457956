"""Upstream: papers when they come, withdrawals, and the customer's word about a settlement."""

from itertools import pairwise

from ops.demo.outside.upstream import Upstream
from shared.events.base import claim_id_of
from shared.events.claim import DocumentKind, LossKind
from shared.events.upstream import ClaimWithdrawn, DocumentsSubmitted, SettlementConfirmed, SettlementDisputed
from tests.deciding import day
from tests.demo.given import (
    SEED,
    accepted,
    answers,
    claim_ids,
    information_requested,
    only,
    settlement_reported,
    submission_ids,
    submitted,
)

KINDS = (LossKind.PURCHASE_PRICE, LossKind.MEDICAL, LossKind.LOST_EARNINGS, LossKind.PROPERTY_DAMAGE)


def papers_of(upstream: Upstream, submission_id: str, *kinds: LossKind) -> set[int | None]:
    said = upstream.file(submitted(submission_id, *kinds), day(0))
    return {d.item for papers in only(DocumentsSubmitted, said) for d in papers.documents}


def test_four_of_five_losses_are_proven_with_the_claim() -> None:
    upstream = Upstream(SEED)
    found = [len(papers_of(upstream, submission_id, *KINDS)) for submission_id in submission_ids(500)]
    assert 0.77 < sum(found) / (500 * len(KINDS)) < 0.83


def test_asked_for_papers_three_of_four_who_had_sent_none_send_them() -> None:
    upstream, asked, sent = Upstream(SEED), 0, 0
    for submission_id in submission_ids(1500):
        missing = {1, 2} - papers_of(upstream, submission_id, *KINDS)
        said = answers(upstream, information_requested(submission_id))
        sent += len(missing & {d.item for papers in only(DocumentsSubmitted, said) for d in papers.documents})
        asked += len(missing)
    assert 0.70 < sent / asked < 0.80


def test_the_papers_are_of_a_kind_that_proves_the_loss() -> None:
    for submission_id in submission_ids(50):
        for papers in only(DocumentsSubmitted, Upstream(SEED).file(submitted(submission_id, *KINDS), day(0))):
            for document in papers.documents:
                kinds = {1: {"receipt"}, 2: {"bill", "medical_record"}, 3: {"payslip"}, 4: {"estimate", "receipt"}}
                assert document.kind in {DocumentKind(kind) for kind in kinds[document.item or 0]}
                assert document.dated_on is not None


def test_nothing_proves_a_loss_that_is_not_material() -> None:
    assert not any(papers_of(Upstream(SEED), s, LossKind.NON_ECONOMIC) for s in submission_ids(50))


def test_some_papers_come_before_their_claim_and_some_in_parts() -> None:
    said = [Upstream(SEED).file(submitted(s, *KINDS), day(0)) for s in submission_ids(300)]
    papers = [[saying for saying in each if isinstance(saying.event, DocumentsSubmitted)] for each in said]
    assert any(saying.at < day(0) for each in papers for saying in each)
    assert any(len(each) > 1 for each in papers)
    assert all(a.at < b.at for each in papers for a, b in pairwise(each))


def test_few_withdraw() -> None:
    withdrawn = [only(ClaimWithdrawn, Upstream(SEED).file(submitted(s), day(0))) for s in submission_ids(1000)]
    assert 5 < sum(map(bool, withdrawn)) < 50


def test_the_customer_confirms_disputes_or_keeps_silent() -> None:
    upstream = Upstream(SEED)
    said = {"confirms": 0, "disputes": 0, "silent": 0}
    for submission_id in submission_ids():
        answers(upstream, accepted(submission_id))
        heard = answers(upstream, settlement_reported(claim_id_of(submission_id)), day(4))
        confirms, disputes = only(SettlementConfirmed, heard), only(SettlementDisputed, heard)
        said["confirms" if confirms else "disputes" if disputes else "silent"] += 1
        assert all(saying.at > day(4) for saying in heard)
    assert said["confirms"] > said["silent"] > said["disputes"] > 20


def test_a_settlement_heard_before_the_acceptance_is_answered_with_it() -> None:
    for submission_id, claim_id in zip(submission_ids(20), claim_ids(20), strict=True):
        late, early = Upstream(SEED), Upstream(SEED)
        assert not answers(late, settlement_reported(claim_id), day(4))
        answers(early, accepted(submission_id), day(1))
        assert answers(late, accepted(submission_id), day(1)) == answers(early, settlement_reported(claim_id), day(4))
