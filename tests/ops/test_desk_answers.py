"""What people type at the desk becomes the event that says it, or is refused in one sentence with the cure."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.desk import answers, typed
from ops.desk.answers import Verdict
from ops.desk.publishing import speech
from ops.desk.question import Review
from ops.reach import ReachError
from shared.events.adjusters import (
    AppealDecided,
    DuplicateEstablished,
    PayoutApproved,
    PayoutRefused,
    ReviewDecided,
    ReviewKind,
)
from shared.events.base import Event
from shared.events.claim import ItemFinding, Reason
from shared.runtime.codec import decode
from tests.ops.desk_given import CLAIM, NOW, OTHER, PAYOUT, QUESTION, appeal, approval, days, review

ADJUSTER = "adj:m.okafor"
REOPENED = review(kind=ReviewKind.REOPENED, round=2)
CONTESTED_ITEM = review(contested=(2,))
VALID, INVALID = Verdict(ADJUSTER, valid=True), Verdict(ADJUSTER, valid=False)


def verdict(*items: str, valid: bool = True, reasons: tuple[str, ...] = ()) -> Verdict:
    return Verdict(ADJUSTER, valid, items, reasons)


def test_a_valid_review_allows_every_item_as_admitted() -> None:
    said = answers.reviewed(review(), VALID)
    assert said == ReviewDecided(
        claim_id=CLAIM, review=ReviewKind.CONTESTED, adjuster=ADJUSTER, valid=True, round=1, question_id=QUESTION
    )


def test_a_finding_says_how_much_of_an_item_and_why() -> None:
    said = answers.reviewed(review(), verdict("2=100.50:not-proven,FRAUD", "1=0:ALREADY_PAID"))
    assert said.findings == (
        ItemFinding(item=2, allowed_minor=10050, reasons=(Reason.NOT_PROVEN, Reason.FRAUD)),
        ItemFinding(item=1, allowed_minor=0, reasons=(Reason.ALREADY_PAID,)),
    )


def test_an_item_allowed_in_full_needs_no_reason() -> None:
    assert answers.reviewed(review(), verdict("1=45.99")).findings == (ItemFinding(item=1, allowed_minor=4599),)


def test_what_is_not_valid_carries_its_reasons() -> None:
    said = answers.reviewed(review(), verdict(valid=False, reasons=("NOT_DEFECTIVE,fraud", "not_defective")))
    assert (said.valid, said.reasons) == (False, (Reason.NOT_DEFECTIVE, Reason.FRAUD))


def test_kind_and_round_are_those_of_the_open_review() -> None:
    said = answers.reviewed(REOPENED, verdict("2=12.00:PAID_BEFORE"))
    assert (said.review, said.round) == (ReviewKind.REOPENED, 2)


@pytest.mark.parametrize(
    ("asked", "given", "cure"),
    [
        (review(), INVALID, "add --reason"),
        (review(), verdict(reasons=("FRAUD",)), "give reasons item by item"),
        (review(), verdict("2=1.00:FRAUD", valid=False, reasons=("FRAUD",)), "leave --item out"),
        (review(), verdict("2=412.51"), "allow at most 412.50 USD"),
        (review(), verdict("3=1.00"), "its items are 1, 2"),
        (review(), verdict("2=412.49"), "--item 2=412.49:NOT_PROVEN"),
        (review(), verdict("2=412.50:NOT_PROVEN"), "leave its reasons out"),
        (review(), verdict("2=1.00:FRAUD", "2=2.00:FRAUD"), "named twice"),
        (review(), verdict("2:1.00"), "ITEM=AMOUNT:REASON"),
        (review(), verdict("2=1.5:FRAUD"), "ITEM=AMOUNT:REASON"),
        (review(), verdict("2=-1.00:FRAUD"), "ITEM=AMOUNT:REASON"),
        (review(), verdict("2=1.000,00:FRAUD"), "ITEM=AMOUNT:REASON"),
        (review(), verdict(f"2={10**12}:FRAUD"), "ITEM=AMOUNT:REASON"),
        (review(), verdict("2=1.00:NOT_PROOVEN"), "did you mean NOT_PROVEN"),
        (review(), verdict("2=1.00:NOT_PROOVEN"), "use one of BEFORE_LAUNCH"),
        (review(), verdict("2=1.00:xyz"), "use one of BEFORE_LAUNCH"),
        (review(), verdict(valid=False, reasons=("DUPLICAT",)), "did you mean DUPLICATE"),
        (CONTESTED_ITEM, verdict("1=1.00:FRAUD"), "decide on 2"),
        (review(), Verdict("Mary Okafor", valid=True), "no spaces"),
        (review(), Verdict("", valid=True), "no spaces"),
    ],
)
def test_what_would_be_said_in_vain_is_refused_with_the_cure(asked: Review, given: Verdict, cure: str) -> None:
    with pytest.raises(ReachError) as refusal:
        answers.reviewed(asked, given)
    assert cure in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_two_different_people_approve() -> None:
    assert answers.approved(approval(), "appr:a") == PayoutApproved(
        claim_id=CLAIM, payout_id=PAYOUT, approver="appr:a", question_id=QUESTION
    )
    assert answers.approved(approval(approvers=("appr:a",)), "appr:b").approver == "appr:b"
    with pytest.raises(ReachError, match="somebody else must"):
        answers.approved(approval(approvers=("appr:a",)), "appr:a")
    with pytest.raises(ReachError, match="somebody else must"):
        answers.approved(approval(approvers=("appr:a",)), "A")


def test_who_decided_the_review_does_not_answer_for_the_payout() -> None:
    for answer in (answers.approved, answers.refused):
        with pytest.raises(ReachError, match="decided a review"):
            answer(approval(adjusters=("adj:x", ADJUSTER)), ADJUSTER)
        with pytest.raises(ReachError, match="decided a review"):
            answer(approval(adjusters=(ADJUSTER,)), "appr:M.Okafor")


def test_who_had_approved_may_think_better_of_it() -> None:
    said = answers.refused(approval(approvers=("appr:a",)), "appr:a")
    assert said == PayoutRefused(claim_id=CLAIM, payout_id=PAYOUT, approver="appr:a", question_id=QUESTION)


def test_an_appeal_is_won_or_lost() -> None:
    won = answers.judged(appeal(), ADJUSTER, won=True, reasons=["NOT_DEFECTIVE"])
    assert won == AppealDecided(claim_id=CLAIM, adjuster=ADJUSTER, won=True, reasons=(Reason.NOT_DEFECTIVE,))
    assert answers.judged(appeal(), ADJUSTER, won=False).reasons == ()


def test_a_duplicate_is_of_another_claim() -> None:
    said = answers.duplicate(CLAIM, OTHER, ADJUSTER)
    assert said == DuplicateEstablished(claim_id=CLAIM, duplicate_of=OTHER, adjuster=ADJUSTER)
    with pytest.raises(ReachError, match="itself"):
        answers.duplicate(CLAIM, CLAIM, ADJUSTER)


@pytest.mark.parametrize(("known", "cure"), [(OTHER, "give the one it repeats"), (CLAIM, "already")])
def test_two_claims_are_never_duplicates_of_each_other(known: UUID, cure: str) -> None:
    with pytest.raises(ReachError, match=cure):
        answers.duplicate(CLAIM, OTHER, ADJUSTER, duplicates={known})


def test_every_reason_can_be_typed() -> None:
    assert typed.reasons([reason.value.lower() for reason in Reason]) == tuple(Reason)


ANSWERS: list[Callable[[], Event]] = [
    lambda: answers.reviewed(review(), verdict("2=100.00:NOT_PROVEN")),
    lambda: answers.approved(approval(), ADJUSTER),
    lambda: answers.refused(approval(), ADJUSTER),
    lambda: answers.judged(appeal(), ADJUSTER, won=False),
    lambda: answers.duplicate(CLAIM, OTHER, ADJUSTER),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_same_answer_to_the_same_question_is_one_event(answer: Callable[[], Any]) -> None:
    first, later = speech(answer(), ADJUSTER, days(3), NOW), speech(answer(), ADJUSTER, days(3), NOW + timedelta(1))
    assert first.envelope.id == later.envelope.id
    assert first.envelope.id != speech(answer(), ADJUSTER, days(9), NOW).envelope.id
    event, envelope = decode(first.topic, *first.record())
    assert (event, envelope.source, envelope.time) == (answer(), f"/desk/{ADJUSTER}", NOW)


def test_other_answers_are_other_events() -> None:
    said = [speech(answer(), ADJUSTER, days(3), NOW).envelope.id for answer in ANSWERS]
    said.append(speech(answers.reviewed(review(), VALID), ADJUSTER, days(3), NOW).envelope.id)
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("command", ["review", "appeal"])
def test_the_help_lists_every_reason_that_can_be_given(command: str) -> None:
    told = CliRunner().invoke(app, ["desk", command, "--help"])
    assert [reason for reason in Reason if reason not in told.stdout] == []


def test_every_command_of_the_desk_has_a_help_text() -> None:
    for name in ("queue", "show", "review", "approve", "refuse", "appeal", "duplicate"):
        told = CliRunner().invoke(app, ["desk", name, "--help"])
        assert (told.exit_code, "Usage:" in told.stdout) == (0, True)
