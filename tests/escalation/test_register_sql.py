"""The register of payouts on the real PostgreSQL: the database itself refuses a second payout of a round."""

from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.escalation.app import escalation, service
from services.escalation.orders import PayoutOrder
from shared.events.base import PARTITIONS, derived_id
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from shared.policy import load
from shared.runtime import postgres
from shared.runtime.lanes import partition_of
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings
from shared.runtime.store import Asked, DataError, LaneRow
from shared.runtime.turn import Turn
from tests.deciding import START
from tests.escalation.given import CLAIM, PAYOUT, SECOND_PAYOUT, SMALL, accepted, answered, notified

pytestmark = pytest.mark.asyncio(loop_scope="session")

INSERT = "insert into payout_order select * from json_populate_recordset(null::payout_order, $1::json)"
"""As the runtime writes the rows of a service."""
LANE = partition_of(str(CLAIM), PARTITIONS)


@pytest_asyncio.fixture(loop_scope="session")
async def settings(database_url: str) -> Settings:
    """A database with escalation's tables, made twice: that changes nothing."""
    settings = Settings(database_url=SecretStr(database_url))
    await migrate(settings, [service])
    await migrate(settings, [service])
    return settings


@pytest_asyncio.fixture(loop_scope="session")
async def register(settings: Settings) -> AsyncIterator[Any]:
    connection = await cast("Any", asyncpg).connect(
        settings.database_url.get_secret_value(), server_settings={"search_path": "escalation"}
    )
    yield connection
    await connection.close()


async def entered(register: Any, **changes: object) -> None:
    """One more order of round 1; by default the first one once more."""
    order = PayoutOrder(
        claim_id=CLAIM,
        round=1,
        attempt=1,
        payout_id=PAYOUT,
        currency=Currency.USD,
        amount_minor=SMALL,
        ordered_at=START,
    )
    await register.execute(INSERT, f"[{order.model_copy(update=changes).model_dump_json()}]")


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"amount_minor": SMALL + 1},
        {"amount_minor": SMALL - 1},
        {"payout_id": SECOND_PAYOUT},
        {"payout_id": SECOND_PAYOUT, "attempt": 2},
        {"amount_minor": SMALL + 1, "attempt": 2},
        {"currency": Currency.EUR, "attempt": 2},
        {"amount_minor": 0, "attempt": 2},
        {"round": 0},
    ],
)
async def test_a_second_payout_of_a_round_is_refused(register: Any, second: dict[str, object]) -> None:
    await entered(register)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await entered(register, **second)


async def test_another_attempt_another_round_and_another_claim_are_not(register: Any) -> None:
    await entered(register)
    await entered(register, attempt=2)
    await entered(register, attempt=3, amount_minor=SMALL - 50)
    await entered(register, round=2, payout_id=SECOND_PAYOUT, amount_minor=SMALL * 9)
    await entered(register, claim_id=derived_id("another claim"), payout_id=derived_id("another payout"))
    assert await register.fetchval("select count(*) from payout_order") == 5


@pytest.mark.parametrize("change", ["update payout_order set amount_minor = 1", "delete from payout_order"])
async def test_what_was_ordered_is_never_changed(register: Any, change: str) -> None:
    await entered(register)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await register.execute(change)


async def test_of_two_owners_of_a_lane_who_both_order_the_payout_the_second_is_refused(
    settings: Settings, register: Any
) -> None:
    """As if nothing else held: each knows nothing of the other, and decides by what it had loaded before."""
    pool: Any = await postgres.connect(settings, "escalation")
    try:
        await written(pool, ordering("first"))
        with pytest.raises(DataError):
            await written(pool, ordering("second"))
    finally:
        await pool.close()
    assert await register.fetchval("select count(*) from payout_order") == 1
    assert await register.fetchval("select count(*) from outbox where topic = 'finance.payouts.v1'") == 1


def ordering(who: str) -> Turn:
    """The turn in which an owner hears all that leads to the payout."""
    lane = LaneRow(LANE, None, 1, 0, 0, {}, START, 0)
    turn = Turn(
        escalation,
        service="escalation",
        policies=load(),
        now=START,
        lanes={LANE: lane},
        known=True,
        bad_keys={},
    )
    for event in (accepted(), notified(), answered(AnswerChoice.PAY_THROUGH_US)):
        cause = f"{who}/{event.type_name()}"
        turn.ask(Asked(event.key, LANE, event.type_name(), cause, START, event.model_dump_json()), event)
    assert any(record.place.topic == "finance.payouts.v1" for record in turn.finish().outbox)
    return turn


async def written(pool: Any, turn: Turn) -> None:
    store = postgres.PostgresStore(pool, "escalation", uuid4(), 10)
    async with store.transaction() as tx:
        await tx.take((), [LANE])
        await tx.write(turn.changes, START, None)
