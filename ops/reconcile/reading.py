"""Topics as they are read by a comparison: up to ends that were sampled once, counted, in bounded memory."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from ops.reach import PATIENCE
from ops.reach_kafka import kafka
from shared.events.base import PARTITIONS
from shared.runtime.kafka_archive import PATIENCE as LEADERS
from shared.runtime.kafka_archive import KafkaArchive, kafka_archive
from shared.runtime.log import Place, Record
from shared.runtime.settings import Settings


class Reading:
    """What lies on the topics: ``begins`` and ``ends`` as they were when it was opened."""

    def __init__(self, archive: KafkaArchive, begins: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        self.begins, self.ends = begins, ends
        self.records = 0
        self._archive = archive

    async def read(
        self, places: Collection[Place], since: Mapping[Place, int] | None = None
    ) -> AsyncGenerator[tuple[Place, Sequence[Record]]]:
        """Every record of these places below its end, per place in order; batches of places alternate.

        ``since``: offsets to begin at instead.
        """
        firsts = {place: max(self.begins[place], (since or {}).get(place, 0)) for place in places}
        async with kafka():
            async for records in self._archive.read({p: (first, self.ends[p]) for p, first in firsts.items()}):
                if records:
                    self.records += len(records)
                    yield records[0].place, records


@asynccontextmanager
async def reading(settings: Settings, topics: Sequence[str]) -> AsyncGenerator[Reading]:
    """Samples where these topics begin and end."""
    places = [Place(topic, partition) for topic in topics for partition in range(PARTITIONS)]
    async with AsyncExitStack() as opened:  # what goes wrong with the database meanwhile is not said of Kafka
        async with kafka(), asyncio.timeout(PATIENCE):
            archive = await opened.enter_async_context(kafka_archive(settings, "makegood.reconcile"))
        async with kafka(), asyncio.timeout(LEADERS):
            begins, ends = await archive.begins(places), await archive.ends(places)
        yield Reading(archive, begins, ends)
