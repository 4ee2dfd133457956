"""One clock for all replicas: the database's."""

import time
from datetime import UTC, datetime, timedelta

from shared.runtime.clock import ScaledClock
from tests.runtime.conftest import Playground
from tests.runtime.toy import Counted, Deposited, Expired

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_agreed_clock_tells_the_authoritys_time() -> None:
    clock = ScaledClock(scale=1.0)
    ahead = clock.agree(ORIGIN.timestamp(), time.monotonic())
    assert abs(clock.now() - ORIGIN) < timedelta(seconds=1)
    assert abs(ahead - (time.time() - ORIGIN.timestamp())) < 1


def test_a_clock_that_was_agreed_a_while_ago_has_gone_on() -> None:
    clock = ScaledClock(scale=60.0, real_origin=ORIGIN.timestamp(), origin=ORIGIN)
    clock.agree(ORIGIN.timestamp(), time.monotonic() - 10)
    assert abs(clock.now() - ORIGIN - timedelta(minutes=10)) < timedelta(minutes=1)


async def test_a_replica_whose_machine_is_an_hour_ahead_fires_no_deadline_early(playground: Playground) -> None:
    ahead = playground.serve("account", TOY_CLOCK_AHEAD="3600")  # two hundred years by the playground's clock
    await playground.publish([Deposited(account="a", n=1, wait_days=20), Deposited(account="b", n=1)])
    await playground.read(Counted, 2)
    await playground.until_moment(playground.clock.now() + timedelta(days=8))
    rows = await playground.query("select at from account.journal")
    assert all(abs(row["at"] - playground.clock.now()) < timedelta(days=20) for row in rows)
    assert await playground.query("select from account.journal where type = 'deadline'") == []
    await playground.read(Expired, 1)
    assert "clock differs from the database's" in ahead.log.read_text()
