"""What can be compared within the database: the services' rows with each other and with the ledger, in one snapshot."""

import json
from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError

from ops import catalogue
from ops.reach import Database
from ops.reconcile.account import Account, Check
from ops.reconcile.checks import (
    ACROSS,
    COUNTS,
    ENDED,
    LAST_STATE,
    ONE_SIDED_RESULTS,
    PER_SERVICE,
    QUESTIONS,
    WHOLE,
    bears_nul,
)
from shared.events.base import PARTITIONS
from shared.events.finance import RESULTS
from shared.runtime import Process, Service
from shared.runtime.lanes import partition_of
from shared.runtime.process import all_processes, topics_of
from shared.runtime.turn import result_of


async def compare_rows(look: Database, account: Account, keys: list[str] | None) -> None:
    """All questions that need no topic. ``keys``: of these alone, or of everything."""
    if keys is None:
        await _heard_as_said(look, account)
        for name, sql in WHOLE.items():
            for service in catalogue.NAMES:
                await _ask(account.check(name), look.each(service, sql))
    for name, sql in PER_SERVICE.items():
        for service in catalogue.NAMES:
            await _ask(account.check(name), look.each(service, sql, keys))
    await _states(look, account, keys)
    await _deadlines(look, account, keys)
    await _heard_of_finance(look, account, keys)
    for name, sql in ACROSS.items():
        await _ask(account.check(name), look.each("recovery", bears_nul(sql), keys))
    for name, sql in QUESTIONS.items():
        account.questions.append(question := Check(name))
        await _ask(question, look.each("recovery", bears_nul(sql), keys))
    for service in catalogue.NAMES:
        for name, count in dict((await look.rows(service, COUNTS, keys))[0]).items():
            account.on_its_way(service, name, count)


async def _ask(check: Check, rows: AsyncIterator[Any]) -> None:
    async for row in rows:
        check.add(str(row["place"]), str(row["what"]))


async def _heard_as_said(look: Database, account: Account) -> None:
    """Between our services every record is numbered: nobody has heard a number that was not said."""
    check = account.check("Nobody has heard what was not said")
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
        for name, topics in listeners(service):
            theirs = {(topic, partition, lane) for process, topic, partition, lane in heard if process == name}
            for topic, partition, lane in sorted(theirs | said.keys()):
                if topic not in topics:
                    continue
                sequence, last = said.get((topic, partition, lane), 0), heard.get((name, topic, partition, lane), 0)
                if last > sequence:
                    check.add(f"{name}: {topic}/{partition} from lane {lane}", f"said {sequence}, heard {last}")
                account.on_its_way(service.name, "said_and_not_heard", max(sequence - last, 0))


def listeners(service: Service) -> list[tuple[str, set[str]]]:
    """Every process with the numbered topics that it hears."""
    return [(process.name, {t.name for t in topics_of(process) if t.numbered}) for process, _ in all_processes(service)]


async def _states(look: Database, account: Account, keys: list[str] | None) -> None:
    """The state on record is the one that its last decision left: the journal keeps a fingerprint of each."""
    check = account.check("The state is what its last decision left")
    for service in catalogue.NAMES:
        async for row in look.each(service, LAST_STATE, keys):
            where = f"{row['process']}/{row['key']}"
            if row["n"] is None:
                check.add(where, "no decision on record left it")
            elif row["result"] is None:
                continue  # decided before results were kept
            elif row["result"].partition(".")[0] != result_of(row["body"], (), ()).partition(".")[0]:
                check.add(where, f"another one than decision {row['n']} left")


async def _deadlines(look: Database, account: Account, keys: list[str] | None) -> None:
    """What is not ended waits for a moment on record. The model says what it waits for; the row must say the same."""
    check = account.check("What has not ended has a deadline")
    for service in catalogue.all_services():
        for process in service.processes:
            ended = ENDED.get(process.name)
            if ended is None:
                continue
            rows = look.each(
                service.name,
                f"select key, body from state where process = $1 and due is null and not ({bears_nul(ended)}) "  # noqa: S608
                "and ($2::text[] is null or key = any($2)) "
                "and not exists "
                "(select from held h where h.process = $1 and h.key = state.key and h.error is not null)",
                process.name, keys,
            )  # fmt: skip
            async for row in rows:
                check.add(f"{process.name}/{row['key']}", _without_deadline(process, row["body"]))


def _without_deadline(process: Process[Any], body: str) -> str:
    try:
        due = process.state.model_validate_json(body).due
    except ValidationError:
        return "its state cannot be read by this version"
    return f"waits until {due}, but not on record" if due else "has not ended, and waits for nothing"


async def _heard_of_finance(look: Database, account: Account, keys: list[str] | None) -> None:
    """Where one of the two has read further, what only one has heard is on its way to the other."""
    check = account.check("Escalation and recovery heard the same of finance")
    read: dict[int, set[int]] = {}
    for service in ("escalation", "recovery"):
        sql = "select partition, next from input where process = $1 and topic = $2"
        for row in await look.rows(service, sql, service, RESULTS.name):
            read.setdefault(row["partition"], set()).add(row["next"])
    async for row in look.each("recovery", ONE_SIDED_RESULTS, keys):
        if len(read.get(partition_of(row["key"], PARTITIONS), ())) > 1:
            account.on_its_way("recovery", "results_heard_by_one_of_two", 1)
        else:
            check.add(f"{row['key']} event {row['cause']}", f"a {row['type']} that only {row['process']} has heard")
