"""What intake asks for, refuses and denies: papers, windows, exclusions, and bytes that are no claim."""

import json
from datetime import date, timedelta

from shared.events.claim import DocumentKind, Reason
from shared.events.escalation import Outcome, Status, StatusChanged
from shared.events.intake import ClaimAccepted, ClaimDenied, InformationRequested, SubmissionRefused
from shared.events.seller_notifier import NoticeKind
from shared.events.upstream import ClaimSubmitted
from shared.money import Currency
from tests.journeys.given import BURN, DISTRESS, KETTLE, SMALL, claim, total
from tests.journeys.story import Money, Story, journey

NO_LETTERS: list[NoticeKind] = []
DENIED = (Outcome.DENIED, [Status.CLOSED], Money(), NO_LETTERS)


@journey
async def test_missing_papers_are_asked_for_all_at_once_and_bring_acceptance(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL, papers=False)
    asked = await story.hears(InformationRequested)
    assert [(paper.item, paper.any_of, paper.dated) for paper in asked.missing] == [
        (1, (DocumentKind.RECEIPT,), False),
        (2, (DocumentKind.BILL, DocumentKind.MEDICAL_RECORD), True),
    ]
    told = await story.hears(StatusChanged, status=Status.NEEDS_INFORMATION)
    assert told.by == asked.respond_by
    await story.sends_papers(1)
    await story.sends_papers(2)
    await story.is_paid()
    end = await story.ends()
    assert end.outcome is Outcome.DIRECT_PAID
    assert end.statuses == [Status.NEEDS_INFORMATION, Status.DIRECT_PAY, Status.PAYOUT_PENDING, Status.CLOSED]
    assert end.money == Money(paid_out=total(SMALL), waived=total(SMALL))
    assert len(story.all(InformationRequested)) == 1


@journey
async def test_papers_that_never_come_end_the_claim(story: Story) -> None:
    await story.is_filed(SMALL, papers=False)
    asked = await story.hears(InformationRequested)
    denied = await story.hears(ClaimDenied)
    assert story.moment_of(denied) >= asked.respond_by
    end = await story.ends()
    assert (end.outcome, end.reasons) == (Outcome.NO_RESPONSE, (Reason.NO_RESPONSE,))
    assert end.statuses == [Status.NEEDS_INFORMATION, Status.CLOSED]
    assert (end.money, end.letters) == (Money(), [])


@journey
async def test_what_is_proven_goes_on_when_the_other_papers_never_come(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed(SMALL, papers=False)
    await story.hears(InformationRequested)
    await story.sends_papers(1)
    accepted = await story.hears(ClaimAccepted)
    assert accepted.items[1].reasons == (Reason.PAPERS_MISSING,)
    assert (await story.is_paid()).amount_minor == KETTLE.amount_minor
    end = await story.ends()
    assert (end.outcome, end.money.paid_out) == (Outcome.DIRECT_PAID, KETTLE.amount_minor)


@journey
async def test_a_claim_that_nothing_speaks_for_is_denied_for_every_reason_at_once(story: Story) -> None:
    await story.is_filed(
        (KETTLE, DISTRESS), product="Gift Cards", currency=Currency.GBP,
        purchased_on=date(2021, 8, 20), incident_on=date(2021, 8, 15), reported_on=date(2021, 12, 24),
    )  # fmt: skip
    end = await story.ends()
    assert (end.outcome, end.statuses, end.money, end.letters) == DENIED
    assert set(end.reasons) == {
        Reason.BEFORE_LAUNCH, Reason.REPORTED_TOO_LATE, Reason.INCIDENT_BEFORE_PURCHASE,
        Reason.EXCLUDED_PRODUCT, Reason.WRONG_CURRENCY,
    }  # fmt: skip
    denied = await story.hears(ClaimDenied)
    assert [item.reasons for item in denied.items] == [(), (Reason.EXCLUDED_LOSS,)]


@journey
async def test_a_claim_one_day_too_late_is_denied(story: Story) -> None:
    await story.is_filed(incident_on=date(2025, 3, 2), purchased_on=date(2025, 3, 1), reported_on=date(2025, 6, 1))
    end = await story.ends()
    assert (end.outcome, end.statuses, end.money, end.letters) == DENIED
    assert end.reasons == (Reason.REPORTED_TOO_LATE,)


@journey
async def test_what_is_only_excluded_losses_is_denied_item_by_item(story: Story) -> None:
    await story.is_filed((DISTRESS,))
    end = await story.ends()
    assert (end.outcome, end.statuses, end.money, end.letters) == DENIED
    assert end.reasons == (Reason.NO_ADMISSIBLE_ITEM,)
    assert (await story.hears(ClaimDenied)).items[0].reasons == (Reason.EXCLUDED_LOSS,)


@journey
async def test_an_excluded_loss_does_not_spoil_the_others(story: Story) -> None:
    await story.seller_is_insured()
    await story.is_filed((BURN, DISTRESS))
    accepted = await story.hears(ClaimAccepted)
    assert [(item.admitted_minor, item.reasons) for item in accepted.items] == [
        (BURN.amount_minor, ()),
        (0, (Reason.EXCLUDED_LOSS,)),
    ]
    await story.is_paid()
    end = await story.ends()
    assert end.money == Money(paid_out=BURN.amount_minor, waived=BURN.amount_minor)
    assert [item.allowed_minor for item in story.all(StatusChanged)[-1].items] == [BURN.amount_minor, 0]


@journey
async def test_an_unreadable_submission_is_refused_field_by_field_and_kept(story: Story) -> None:
    await story.seller_is_insured()
    right = json.loads(claim(story.submission_id, story.seller_id, story.claimant_id, SMALL).model_dump_json())
    wrong = right | {"marketplace": "us", "incident_on": "yesterday", "losses": [{"kind": "medical"}]}
    del wrong["product"]
    await story.world.says_bytes(ClaimSubmitted, story.submission_id, json.dumps(wrong).encode())
    refused = await story.hears(SubmissionRefused)
    assert (refused.claim_id, refused.submission_id) == (story.claim_id, story.submission_id)
    assert {problem.field for problem in refused.problems} == {
        "marketplace", "incident_on", "product", "losses.0.amount_minor",
    }  # fmt: skip
    kept = await story.world.rows("select value from intake.dead_letter where key = $1", story.submission_id.encode())
    assert [json.loads(row["value"]) for row in kept] == [wrong]
    await story.is_filed(SMALL)
    await story.is_paid()
    end = await story.ends()
    assert (end.outcome, len(story.all(SubmissionRefused))) == (Outcome.DIRECT_PAID, 1), "corrected, it is a claim"


@journey
async def test_a_british_claim_more_than_a_year_after_purchase_is_denied(story: Story) -> None:
    bought = date(2025, 5, 20) - timedelta(days=366)
    await story.is_filed(marketplace="GB", currency=Currency.GBP, purchased_on=bought)
    end = await story.ends()
    assert (end.outcome, end.statuses, end.money, end.letters) == DENIED
    assert end.reasons == (Reason.TOO_LONG_AFTER_PURCHASE,)
