"""Policy versions never change once used: every service's database remembers those that it has decided by."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.policy import Policies, Policy
from shared.policy.differences import changed
from shared.runtime.postgres import sorted_errors

_REMEMBER = """
insert into policy_version (version, fingerprint, body, first_used_at)
select *, $4::timestamptz from unnest($1::text[], $2::text[], $3::json[]) on conflict do nothing
"""
_UPDATE = "update policy_version set fingerprint = $2, body = $3 where version = $1"
_RECORDED = "select version, fingerprint, body from policy_version order by version"


class VersionChangedError(Exception):
    """The policy files tell a version otherwise than it was when it was used; the text says what and the cure."""


async def remember(pool: Any, policies: Policies, now: datetime, seconds: float) -> str | None:
    """Records the versions that are new. Gives what is wrong with those that are not, in one sentence, and its cure."""
    known = {policy.version: policy for policy in policies.versions()}
    columns = zip(*((name, p.fingerprint, p.model_dump_json()) for name, p in known.items()), strict=True)
    async with sorted_errors(), pool.acquire(timeout=seconds) as c, c.transaction():
        await c.execute(_REMEMBER, *map(list, columns), now)
        recorded = {row["version"]: row for row in await c.fetch(_RECORDED)}
        for name in known.keys() & recorded.keys():
            policy, row = known[name], recorded[name]
            if row["fingerprint"] != policy.fingerprint and not changed(json.loads(row["body"]), policy):
                await c.execute(_UPDATE, name, policy.fingerprint, policy.model_dump_json())
    told = {name: json.loads(row["body"]) for name, row in recorded.items()}
    return _changed(told, known) or _gone(told, known, now)


def _changed(recorded: dict[str, dict[str, Any]], known: dict[str, Policy]) -> str | None:
    changes = {name: changed(body, known[name]) for name, body in recorded.items() if name in known}
    found = [f"{name} ({', '.join(map(_then_and_now, fields.items()))})" for name, fields in changes.items() if fields]
    if not found:
        return None
    which, them = _counted(found)
    return (
        f"the policy {which} changed since {them} first used: give the change a version name of its own with a later "
        "effective_from, and write what was used as it was"
    )


def _gone(recorded: dict[str, dict[str, Any]], known: dict[str, Policy], now: datetime) -> str | None:
    """Claims may run under every version that has been in force."""
    today = now.date().isoformat()
    found = [name for name, body in recorded.items() if name not in known and body["effective_from"] <= today]
    if not found:
        return None
    which, _ = _counted(found)
    return f"the policy {which} gone, and claims may run by {'it' if len(found) == 1 else 'them'}: write it as it was"


def _counted(names: Iterable[str]) -> tuple[str, str]:
    listed = list(names)
    one = len(listed) == 1
    return f"{'version' if one else 'versions'} {', '.join(listed)} {'has' if one else 'have'}", (
        "it was" if one else "they were"
    )


def _then_and_now(change: tuple[str, tuple[Any, Any]]) -> str:
    field, (then, now) = change
    plain = not isinstance(then, list | dict) and not isinstance(now, list | dict)
    return f"{field} was {then} and is {now}" if plain else field
