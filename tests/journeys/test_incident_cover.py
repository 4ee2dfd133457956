"""Cover judged on the day of the incident: the insurer who answered for that day is asked before the seller."""

from datetime import timedelta

from shared.events.escalation import Outcome, ReviewOpened
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.recovery import DebitNoticed, InsurerDemanded, RecoveryOpened, SellerDebitRequested
from tests.journeys.given import INCIDENT, LARGE, certificate, total
from tests.journeys.story import Money, Story, journey

RECOVERED = Money(paid_out=total(LARGE), recovered=total(LARGE))


@journey
async def test_the_insurer_of_the_day_of_the_incident_is_asked_before_the_seller(story: Story) -> None:
    await story.seller_is_insured()
    await _is_paid(story)
    demand = await story.hears(InsurerDemanded)
    assert (demand.insurer, demand.amount_minor) == ("Harbour Mutual", total(LARGE))
    await story.insurer_pays(demand, total(LARGE))
    end = await story.ends()
    assert (end.outcome, end.money) == (Outcome.STEPPED_IN_SILENT, RECOVERED)
    assert (story.all(DebitNoticed), story.all(SellerDebitRequested)) == ([], [])
    rows = await story.world.rows(
        "select credit_account::text as account from recovery.ledger_entry "
        "where claim_id = $1 and credit_account::text like 'recoveries%'",
        story.claim_id,
    )
    assert {row["account"] for row in rows} == {"recoveries_insurer"}


@journey
async def test_what_the_insurer_does_not_pay_in_time_the_seller_does(story: Story) -> None:
    await story.seller_is_insured()
    await _is_paid(story)
    demand = await story.hears(InsurerDemanded)
    await story.insurer_pays(demand, 1_000_00)
    noticed = await story.hears(DebitNoticed)
    assert story.moment_of(noticed) >= demand.pay_by
    assert (await story.is_collected()).amount_minor == total(LARGE) - 1_000_00
    assert (await story.ends()).money == RECOVERED


@journey
async def test_a_certificate_that_arrives_later_answers_for_the_day_of_the_incident(story: Story) -> None:
    await story.seller_is_known()
    await story.seller_sells()
    await story.is_filed(LARGE)
    asked = await story.hears(ReviewOpened)
    await story.says(certificate(story.seller_id, story.seller_name))
    await story.is_covered()
    await story.adjuster_decides(asked, valid=True)
    await story.is_released_and_paid()
    demand = await story.hears(InsurerDemanded)
    await story.insurer_pays(demand, total(LARGE))
    assert (await story.ends()).money == RECOVERED


@journey
async def test_a_back_dated_certificate_does_not_answer_for_an_incident_before_it_was_issued(story: Story) -> None:
    await story.seller_is_insured(issued_on=INCIDENT + timedelta(days=3))
    await _is_debited_without_a_demand(story)


@journey
async def test_cover_cancelled_before_the_incident_does_not_answer_for_it(story: Story) -> None:
    await story.seller_is_insured()
    cancelled = certificate(story.seller_id, story.seller_name, cancelled_on=INCIDENT - timedelta(days=5))
    await story.says(cancelled)
    await story.has_heard(SellerCoverChanged, 2)
    sql = "select from recovery.state where process = 'recovery.reference' and key = $1 and n >= 2"
    await story.world.until_row(sql, story.seller_id)
    await _is_debited_without_a_demand(story)


async def _is_paid(story: Story) -> None:
    await story.is_filed(LARGE)
    await story.adjuster_decides(await story.hears(ReviewOpened), valid=True)
    await story.is_released_and_paid()
    await story.hears(RecoveryOpened)


async def _is_debited_without_a_demand(story: Story) -> None:
    await _is_paid(story)
    await story.is_collected()
    assert (await story.ends()).money == RECOVERED
    assert story.all(InsurerDemanded) == []
