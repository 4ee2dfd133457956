"""What is late by a handling clock is on record with the state, and counted for the dashboards."""

import asyncio
import time
import urllib.request
from datetime import timedelta

from ops.local.ports import choose_port
from shared.runtime.migrate import migrate
from tests.runtime.conftest import TIMEOUT, Playground
from tests.runtime.toy import SERVICES, Counted, Deposited


def overdue(port: int) -> float | None:
    """The gauge of the process, as Prometheus reads it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    found = [line for line in lines if line.startswith('makegood_overdue{process="account"}')]
    return float(found[0].split()[-1]) if found else None


async def until_overdue(port: int, number: int) -> None:
    def look() -> None:
        given_up = time.monotonic() + TIMEOUT
        while (found := overdue(port)) != number:
            assert time.monotonic() < given_up, f"{found} are overdue, and not {number}"
            time.sleep(0.1)

    await asyncio.to_thread(look)


async def test_overdue_states_are_counted_until_they_are_no_longer_late(playground: Playground) -> None:
    port = choose_port()
    playground.serve("account", MAKEGOOD_HTTP_PORT=str(port))
    await playground.publish([Deposited(account=f"a{n}", n=1, late_days=1) for n in range(5)])
    await playground.publish([Deposited(account=f"b{n}", n=1, late_days=1000) for n in range(3)])
    await playground.read(Counted, 8)
    await until_overdue(port, 5)

    rows = await playground.query("select key, late_at from account.state order by key")
    assert [row["key"] for row in rows if row["late_at"] < playground.clock.now() + timedelta(days=100)] == [
        f"a{n}" for n in range(5)
    ]

    await playground.publish([Deposited(account=f"a{n}", n=2) for n in range(4)])
    await until_overdue(port, 1)


async def test_a_database_of_before_is_completed(playground: Playground) -> None:
    for change in (
        "alter table account.state drop column late_at",
        "alter table account.journal drop column result",
        "drop table account.policy_version",
    ):
        await playground.query(change)

    for _ in range(2):
        await migrate(playground.settings, [SERVICES["account"]])

    playground.serve("account")
    await playground.publish([Deposited(account="a", n=1, late_days=0)])
    await playground.read(Counted, 1)
    [row] = await playground.query(
        "select late_at is not null as late, result, (select count(*) from account.policy_version) as versions "
        "from account.state s join account.journal j using (process, key)"
    )
    assert row["late"]
    assert len(row["result"]) == 38
    assert row["versions"] > 0
