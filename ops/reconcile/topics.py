"""The comparison with the topics: everything up to their ends, sampled after the snapshot was taken."""

from datetime import timedelta

from ops import catalogue
from ops.reach import Database
from ops.reconcile.account import Account
from ops.reconcile.claim import compare_claim
from ops.reconcile.numbered import Numbered
from ops.reconcile.outside import Outside
from ops.reconcile.reading import reading
from shared.runtime.settings import Settings


async def compare_topics(look: Database, settings: Settings, account: Account, keys: list[str] | None) -> None:
    """``keys``: what is on record and on the topics under these alone, or everything."""
    oldest = timedelta(days=settings.retention_days)
    topics = {topic.name: topic for topic in catalogue.all_topics()}
    async with reading(settings, list(topics)) as log:
        if keys is not None:
            await compare_claim(look, log, account, keys, oldest)
        else:
            ours, theirs = Numbered(look, log, account), Outside(look, log, account, oldest)
            await ours.prepare()
            await theirs.prepare()
            async for place, records in log.read(log.ends):
                if topics[place.topic].numbered:
                    await ours.hear(place, records)
                else:
                    await theirs.hear(place, records)
            await ours.conclude(settings)
            await theirs.conclude()
        account.records = log.records
