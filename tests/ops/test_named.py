"""A claim goes by two names; from its own to the submission's the way is short, also where nobody has heard of it."""

import json
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
from pydantic import SecretStr

from ops import catalogue
from ops.reach import database
from ops.show import named
from shared.runtime.migrate import migrate
from shared.runtime.settings import Settings

LANE = 3
HEARD, FRESH, REFUSED_LONG_AGO = uuid4(), uuid4(), uuid4()


async def on_record(url: str) -> None:
    connection = await cast("Any", asyncpg).connect(url)
    body = json.dumps({"submission_id": f"of-{HEARD}"})
    await connection.execute(
        "insert into escalation.state (process, key, lane, n, body) values ('escalation', $1, $2, 1, $3)",
        str(HEARD), LANE, body,
    )  # fmt: skip
    await connection.execute(
        "insert into intake.lane (process, n, position) values ('intake', $1, 100000) "
        "on conflict (process, n) do update set position = excluded.position",
        LANE,
    )
    for position, claim in ((99_500, FRESH), (98_000, REFUSED_LONG_AGO)):
        await connection.execute(
            "insert into intake.outbox (process, lane, position, topic, partition, key, headers, body) "
            "values ('intake', $1, $2, 'claims.intake.v1', 0, $3, '[]', $4)",
            LANE, position, str(claim), f'{{"claim_id":"{claim}","submission_id":"of-{claim}"}}',
        )  # fmt: skip
    await connection.close()


async def test_the_way_back_is_not_looked_for_in_all_that_intake_ever_said(database_url: str) -> None:
    settings = Settings(database_url=SecretStr(database_url))
    await migrate(settings, catalogue.all_services())
    await on_record(database_url)

    async def found(claim: UUID) -> str | None:
        async with database(settings) as look:
            return (await named(look, str(claim))).submission_id

    assert [await found(claim) for claim in (HEARD, FRESH)] == [f"of-{HEARD}", f"of-{FRESH}"]
    assert await found(REFUSED_LONG_AGO) is None  # by its submission id it is
