"""Compares what the services have on record: with each other, and with the ledger. Set-based, one snapshot."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from rich.console import Console

from ops import catalogue
from ops.reach import Database, ReachError
from ops.reconcile_checks import ACROSS, COUNTS, ENDED, PER_SERVICE, WHOLE
from ops.sheet import Sheet
from ops.show import named
from shared.runtime import Process
from shared.runtime.process import topics_of

SHOWN: Final = 100
"""Differences of one check that are kept; the others are counted."""


@dataclass
class Check:
    """One question, asked of everything; ``found`` holds (where, what) of the first differences."""

    name: str
    differences: int = 0
    found: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def add(self, where: str, what: str) -> None:
        self.differences += 1
        if len(self.found) < SHOWN:
            self.found.append((where, what))


@dataclass
class Account:
    """All checks, and how much waits where (which is no difference)."""

    claim: str | None
    checks: list[Check] = field(default_factory=list[Check])
    waiting: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])

    @property
    def differences(self) -> int:
        return sum(check.differences for check in self.checks)

    def as_json(self) -> str:
        return json.dumps({"differences": self.differences, **asdict(self)}, indent=2)


async def reconcile(look: Database, claim: str | None) -> Account:
    """Everything, or what concerns one claim or submission id."""
    keys: list[str] | None = None
    account = Account(claim)
    if claim is not None:
        story = await named(look, claim)
        keys = [story.claim_id, *([story.submission_id] if story.submission_id else [])]
        account.claim = story.claim_id
        await _known(look, keys, claim)
    else:
        account.checks.append(await _heard_as_said(look))
        for name, sql in WHOLE.items():
            account.checks.append(check := Check(name))
            for service in catalogue.NAMES:
                await _ask(check, look.each(service, sql))
    for name, sql in PER_SERVICE.items():
        account.checks.append(check := Check(name))
        for service in catalogue.NAMES:
            await _ask(check, look.each(service, sql, keys))
    account.checks.append(await _deadlines(look, keys))
    for name, sql in ACROSS.items():
        account.checks.append(check := Check(name))
        await _ask(check, look.each("recovery", sql, keys))
    for service in catalogue.NAMES:
        counts = dict((await look.rows(service, COUNTS, keys))[0])
        account.waiting[service] = {name: count for name, count in counts.items() if count}
    return account


async def _ask(check: Check, rows: AsyncIterator[Any]) -> None:
    async for row in rows:
        check.add(str(row["place"]), str(row["what"]))


async def _known(look: Database, keys: list[str], given: str) -> None:
    for service in catalogue.NAMES:
        sql = "select true from (select key from state union all select key from held) k where key = any($1) limit 1"
        if await look.value(service, sql, keys):
            return
    raise ReachError(f"no service has heard of {given!r}: give a claim id or a submission id as it was published")


async def _heard_as_said(look: Database) -> Check:
    """Between our services every record is numbered: the last number heard is the last one said."""
    check = Check("What the services said was heard")
    said: dict[tuple[str, int, str], int] = {}
    for service in catalogue.NAMES:
        for row in await look.rows(service, "select n, streams from lane where streams::text <> '{}'"):
            for stream, sequence in json.loads(row["streams"]).items():
                topic, _, partition = stream.rpartition(":")
                said[topic, int(partition), str(row["n"])] = sequence
    for service in catalogue.all_services():
        heard: dict[tuple[str, str, int, str], int] = {}
        for row in await look.rows(service.name, "select process, topic, partition, heard from input"):
            for lane, (_, sequence, *_) in json.loads(row["heard"]).items():
                heard[row["process"], row["topic"], row["partition"], lane] = sequence
        for name, topics in _listeners(service.processes):
            theirs = {(topic, partition, lane) for process, topic, partition, lane in heard if process == name}
            for topic, partition, lane in sorted(theirs | said.keys()):
                sequence, last = said.get((topic, partition, lane), 0), heard.get((name, topic, partition, lane), 0)
                if topic in topics and last != sequence:
                    where = f"{name}: {topic}/{partition} from lane {lane}"
                    check.add(where, f"said {sequence}, heard {last}")
    return check


def _listeners(processes: tuple[Process[Any], ...]) -> list[tuple[str, set[str]]]:
    """Every process with the numbered topics that it hears; a reference is kept by one of its own."""
    found = [(process.name, {t.name for t in topics_of(process) if t.numbered}) for process in processes]
    for process in processes:
        topic = process.reference.fact.topic if process.reference is not None else None
        if topic is not None and topic.numbered:
            found.append((f"{process.name}.reference", {topic.name}))
    return found


async def _deadlines(look: Database, keys: list[str] | None) -> Check:
    """What is not ended waits for a moment on record. The model says what it waits for; the row must say the same."""
    check = Check("What has not ended has a deadline")
    for service in catalogue.all_services():
        for process in service.processes:
            ended = ENDED.get(process.name)
            if ended is None:
                continue
            rows = look.each(
                service.name,
                f"select key, body from state where process = $1 and due is null and not ({ended}) "  # noqa: S608
                "and ($2::text[] is null or key = any($2)) "
                "and not exists "
                "(select from held h where h.process = $1 and h.key = state.key and h.error is not null)",
                process.name, keys,
            )  # fmt: skip
            async for row in rows:
                check.add(f"{process.name}/{row['key']}", _without_deadline(process, row["body"]))
    return check


def _without_deadline(process: Process[Any], body: str) -> str:
    try:
        due = process.state.model_validate_json(body).due
    except ValidationError:
        return "its state cannot be read by this version"
    return f"waits until {due}, but not on record" if due else "has not ended, and waits for nothing"


def write(console: Console, account: Account) -> None:
    """What differs; where nothing does, what was looked at."""
    differing = Sheet("Differences", "Check", "Where", "What")
    for check in account.checks:
        for where, what in check.found:
            differing.add(check.name, where, what)
        if check.differences > len(check.found):
            differing.add(check.name, "…", f"and {check.differences - len(check.found)} more")
    asked = Sheet("Checks", "Check", "Differences")
    for check in account.checks:
        asked.add(check.name, str(check.differences))
    waiting = Sheet("Waiting, which is no difference", "Service", "What")
    for service, counts in account.waiting.items():
        if counts:
            waiting.add(service, ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))
    for sheet in (asked, waiting, differing):
        sheet.write(console)
    console.out("" if account.differences else "\nEverything adds up.", highlight=False)
