"""The whole comparison: what the database holds, in one snapshot; then the topics, up to what that snapshot knows."""

from ops import catalogue
from ops.reach import Database, ReachError
from ops.reconcile.account import Account
from ops.reconcile.rows import compare_rows
from ops.show import named
from shared.runtime.settings import Settings


async def reconcile(look: Database, claim: str | None, topics: Settings | None = None) -> Account:
    """Everything, or what concerns one claim or submission id; with the topics of the Kafka that ``topics`` names."""
    keys: list[str] | None = None
    account = Account(claim, topics is not None)
    if claim is not None:
        story = await named(look, claim)
        keys = [story.claim_id, *([story.submission_id] if story.submission_id else [])]
        account.claim, account.claims = story.claim_id, 1
        await _known(look, keys, claim)
    else:
        account.claims = await look.value("intake", "select count(*) from state where process = 'intake'")
    await compare_rows(look, account, keys)
    if topics is not None:
        from ops.reconcile.topics import compare_topics  # slow to import

        await compare_topics(look, topics, account, keys)
    return account


async def _known(look: Database, keys: list[str], given: str) -> None:
    for service in catalogue.NAMES:
        sql = "select true from (select key from state union all select key from held) k where key = any($1) limit 1"
        if await look.value(service, sql, keys):
            return
    raise ReachError(
        f"no service has heard of {given!r}: give a claim id or a submission id as it was published (one that came no "
        "further than intake is found by its submission id)"
    )
