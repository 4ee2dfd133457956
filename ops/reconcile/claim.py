"""The topics of one claim: what its services said of it, and what outside parties said, record by record."""

import json
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from typing import Any

from ops import catalogue
from ops.reach import Database
from ops.reconcile.account import Account
from ops.reconcile.numbered import HEARD, OURS, THERE, said_by
from ops.reconcile.outside import ON_TOPIC, Looker, outside_ears
from ops.reconcile.reading import Reading
from ops.reconcile.streams import LANES, OF_KEYS, Stream, fingerprint
from shared.events.base import PARTITIONS
from shared.runtime.codec import numbers_of
from shared.runtime.lanes import partition_of
from shared.runtime.log import Place, Record


async def compare_claim(look: Database, log: Reading, account: Account, keys: list[str], oldest: timedelta) -> None:
    """Reads the partitions in which these keys lie, whole."""
    for name in (THERE, OURS, HEARD, ON_TOPIC):
        account.check(name)
    likely = {partition_of(key, PARTITIONS) for key in keys}
    for service in catalogue.NAMES:
        said = _Said(account)
        await said.load(look, service, keys)
        async for record in _of_keys(log, said_by(service), keys, likely):
            said.lies(record)
        said.conclude()
    for ear in await outside_ears(look):
        looker = Looker(look, ear, account, oldest)
        async for record in _of_keys(log, [ear.topic], keys, likely):
            await looker.look_at([record])
        if await looker.unexplained(keys):  # said by somebody who shares keys out in another way
            async for record in _of_keys(log, [ear.topic], keys, set(range(PARTITIONS)) - likely):
                await looker.look_at([record])
        await looker.conclude(log.begins, keys)


async def _of_keys(
    log: Reading, topics: Collection[str], keys: Collection[str], partitions: Collection[int]
) -> AsyncIterator[Record]:
    wanted = {key.encode() for key in keys}
    async for _, records in log.read([Place(topic, n) for topic in topics for n in partitions]):
        for record in records:
            if record.key in wanted:
                yield record


class _Said:
    """What one service has said under the claim's keys, in the snapshot; and what of it lies on its topics."""

    def __init__(self, account: Account) -> None:
        self._there, self._ours = account.check(THERE), account.check(OURS)
        self._lanes: dict[tuple[str, int], Any] = {}
        self._said: dict[Stream, int] = {}
        self._whole: dict[int, bool] = {}
        self._rows: dict[tuple[Stream, int], Any] = {}
        self._found: set[tuple[Stream, int]] = set()

    async def load(self, look: Database, service: str, keys: list[str]) -> None:
        for lane in await look.rows(service, LANES):
            self._lanes[lane["process"], lane["n"]] = lane
            for name, said in json.loads(lane["streams"]).items():
                topic, _, partition = name.rpartition(":")
                self._said[Stream(Place(topic, int(partition)), lane["n"])] = said
        oldest = "select lane, max(low) = 1 as whole from (select lane, min(position) as low from outbox "
        oldest += "group by process, lane) lanes group by lane"
        self._whole = {row["lane"]: row["whole"] for row in await look.rows(service, oldest)}
        for row in await look.rows(service, OF_KEYS, keys):
            self._rows[Stream(Place(row["topic"], row["partition"]), row["lane"]), row["number"]] = row

    def lies(self, record: Record) -> None:
        """One record of these keys."""
        where, numbers = f"{record.place.topic}/{record.place.partition}@{record.offset}", numbers_of(record.headers)
        if numbers is None:
            self._ours.add(where, "has no number: no outbox said it")
            return
        lane, number, _ = numbers
        name = Stream(record.place, lane)
        row = self._rows.get((name, number))
        self._found.add((name, number))
        if row is not None and row["print"] != fingerprint(record):
            self._ours.add(where, f"differs from event {row['id']}")
        elif row is None and number <= self._said.get(name, 0) and self._whole.get(lane, False):
            self._ours.add(where, f"is number {number} of lane {lane}, which has said nothing of it there")

    def conclude(self) -> None:
        for (name, number), row in self._rows.items():
            published = row["position"] <= self._lanes[row["process"], row["lane"]]["published"]
            if published and (name, number) not in self._found:
                where = f"{row['process']} lane {row['lane']} on {name.place.topic}/{name.place.partition}: {number}"
                self._there.add(where, f"event {row['id']} was published, and is not there")
