"""What the journal costs: the same states written with and without one journal row each (docs/adr/0005).

``python -m bench.journal`` prints microseconds per decision, wall time and this process's CPU, in pairs.
"""

import argparse
import asyncio
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from ops import catalogue
from ops.local.postgres import Postgres
from shared.runtime.migrate import migrate
from shared.runtime.postgres import PostgresStore, connect
from shared.runtime.settings import Settings
from shared.runtime.store import Asked, Changes, JournalRow, StateRow

BATCH, BATCHES = 500, 40
STATE, FACT = '{"state":"' + "x" * 550 + '"}', '{"fact":"' + "x" * 900 + '"}'
"""As large as a usual state and a usual ClaimAccepted."""
RESULT = "0123456789ab.0123456789ab.0123456789ab"


async def main(pairs: int) -> None:
    with TemporaryDirectory() as folder:
        server = Postgres(Path(folder))
        await server.start()
        try:
            settings = Settings(database_url=SecretStr(server.database_url))
            await migrate(settings, [catalogue.service("intake")])
            pool = await connect(settings, "intake")
            store = PostgresStore(pool, "intake", uuid.uuid4(), 10)
            for _ in range(pairs):
                for journalled in (False, True):
                    wall, cpu = await _measure(store, journalled)
                    what = "with the journal" if journalled else "without         "
                    sys.stdout.write(f"{what}  {wall:6.1f} µs wall  {cpu:5.1f} µs CPU\n")
            await pool.close()
        finally:
            await server.stop()


async def _measure(store: PostgresStore, journalled: bool) -> tuple[float, float]:
    wall = cpu = 0.0
    for _ in range(BATCHES):
        changes, now = _changes(journalled), datetime.now(UTC)
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        async with store.transaction() as tx:
            await tx.write(changes, now, None)
        wall += time.perf_counter() - wall_before
        cpu += time.process_time() - cpu_before
    return wall / BATCH / BATCHES * 1e6, cpu / BATCH / BATCHES * 1e6


def _changes(journalled: bool) -> Changes:
    changes, now = Changes(), datetime.now(UTC)
    for _ in range(BATCH):
        key = str(uuid.uuid4())
        changes.states.append(StateRow(key, 1, 1, STATE, now, None))
        if journalled:
            asked = Asked(key, 1, "ClaimAccepted", key, now, FACT)
            changes.journal.append(JournalRow(key, 1, now, asked, None, True, [key, key, key], RESULT))
    return changes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.journal", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=3, help="of measurements, one without the journal and one with it")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_arguments().pairs))
