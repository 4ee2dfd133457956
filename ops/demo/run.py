"""Runs the demo: a fresh stack, the services, the outside world; watches until nothing waits, then reports."""

import asyncio
import logging
import signal
import time
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from rich.console import Console

from ops import catalogue
from ops.demo import report, stories
from ops.demo.cast import Cast
from ops.demo.claims import planted
from ops.demo.observer import Observer
from ops.demo.outside.party import COMES_BACK
from ops.demo.tables import tables
from ops.demo.view import Glance, View
from ops.fleet import end_left_over
from ops.local.errors import StackError
from ops.local.stack import Stack
from ops.submissions import refused
from ops.wire import Wire
from shared.events.escalation import Outcome
from shared.events.upstream import SUBMISSIONS
from shared.runtime.clock import ScaledClock
from shared.runtime.kafka import TopicError, make_topics
from shared.runtime.migrate import SchemaError, migrate
from shared.runtime.settings import Settings

NAME: Final = "demo"
"""The demo's stack, apart from that of `makegood up`: it begins with nothing, and what it did can be looked at."""
Source = Literal["native", "containers", "own"]
"""Where Kafka and PostgreSQL come from."""

_GLANCE: Final = 0.25
_LOOK: Final = 5.0
"""Real seconds between two looks at the deadlines while nothing happens."""
_QUIET: Final = 15.0
"""Real seconds without news after which it is looked up what is waited for."""
_FAR: Final = timedelta(days=100)
"""A deadline further away is not waited for; nor is anything that brings no news for so long."""
_OVERDUE: Final = timedelta(days=50)
"""What should have happened so long ago will not happen any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. ``day``: real seconds per day of the demo; ``rate``: claims per real second, 0 no limit;
    ``chaos``: real seconds between two kills, 0 none.
    """

    claims: int = 2000
    file: Path | None = None
    seed: int = 1
    stack: Source = "native"
    report: Path | None = None
    outcomes: Path | None = None
    day: float = 0.5
    rate: float = 100.0
    replicas: int = 1
    chaos: float = 0.0


async def run(plan: Plan, root: Path, console: Console) -> int:
    """The exit code: 0 when every claim and every cent is where it must be. Ctrl-C ends all that was started."""
    asked: list[int] = []
    task, loop = asyncio.current_task(), asyncio.get_running_loop()

    def end(sign: int) -> None:
        if task is not None and not asked:
            task.cancel()
        asked.append(sign)

    signs = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for sign in signs:
        loop.add_signal_handler(sign, end, sign)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tries again by itself
    try:
        return await _Demo(plan, root, console).run()
    except asyncio.CancelledError:
        if not asked:
            raise
        console.print("Ended before its time; nothing of it runs any more.")
        return 128 + asked[0]
    finally:
        for sign in signs:
            loop.remove_signal_handler(sign)


class _Demo:
    def __init__(self, plan: Plan, root: Path, console: Console) -> None:
        self._plan, self._root, self._console = plan, root, console
        self._started = time.monotonic()
        self._gave_up, self._looked_at = False, 0.0

    async def run(self) -> int:
        _look_at(self._plan)
        logs = self._root / ".makegood" / NAME / "logs"
        end_left_over(logs)  # before it can mistake our stack for its own
        async with AsyncExitStack() as ends:
            with self._console.status("Starting Kafka, PostgreSQL and the mail server …"):
                stack = await self._start_stack()
                ends.push_async_callback(stack.stop)
                settings = _settings(stack, self._plan)
                await _prepare(settings, own=self._plan.stack == "own")
            self._say(f"Kafka, PostgreSQL and the mail server are up ({self._seconds():.1f} s); logs are in {logs}.")
            observer = Observer(settings)
            reading = asyncio.create_task(observer.run())
            ends.push_async_callback(_ended, reading)
            await self._watch(stack, settings, observer, reading, logs)
            return await self._report(stack, settings, observer)
        raise AssertionError("an exit stack without callbacks that swallow errors returns")

    async def _start_stack(self) -> Stack:
        match self._plan.stack:
            case "native":
                return await Stack.native(self._root, name=NAME, fresh=True)
            case "containers":
                return await Stack.containers(self._root, name=NAME)
            case "own":
                return await Stack.users_own(self._root, name=NAME)

    async def _watch(
        self, stack: Stack, settings: Settings, observer: Observer, reading: "asyncio.Task[None]", logs: Path
    ) -> None:
        """Plays until nothing waits any more, or nothing happens."""
        plan = self._plan
        clock, pace = ScaledClock.from_settings(settings), _Pace()
        with View(self._console) as view:
            cast = Cast(
                _environment(plan, stack, settings), logs, replicas=plan.replicas, outside=_outside(plan),
                chaos=plan.chaos, seed=plan.seed, say=view.say,
            )  # fmt: skip
            try:
                await cast.begin()
                self._say(f"The services are ready ({self._seconds():.1f} s); the outside world begins.")
                while not (cast.all_submitted and await self._over(settings, observer, clock)):
                    if reading.done():
                        reading.result()
                    cast.look_after()
                    if view.due:
                        view.show(await self._glance(observer, cast, clock, pace))
                    await asyncio.sleep(_GLANCE)
            finally:
                cast.end()

    async def _glance(self, observer: Observer, cast: Cast, clock: ScaledClock, pace: "_Pace") -> Glance:
        facts = observer.facts
        claims = list(facts.submitted())
        return Glance(
            seconds=self._seconds(),
            day=clock.now(),
            states=facts.states(),
            submitted=len(claims),
            ended=sum(claim.ended for claim in claims),
            in_recovery=sum(claim.in_recovery for claim in claims),
            money=facts.money(),
            events=observer.events,
            events_per_second=pace.of(observer.events),
            lag=await cast.lag(),
        )

    async def _over(self, settings: Settings, observer: Observer, clock: ScaledClock) -> bool:
        facts = observer.facts
        quiet = time.monotonic() - facts.changed_at
        if next(facts.waiting(), None) is not None:
            if quiet > _QUIET and time.monotonic() - self._looked_at > _LOOK:
                self._looked_at = time.monotonic()
                self._gave_up = await _nothing_comes(settings, observer, clock, quiet)
            return self._gave_up
        if quiet < 1 + clock.real_seconds(COMES_BACK):
            return False  # customers, sellers and finance may yet come back to a claim that has ended
        await observer.read_to_now()
        return next(facts.waiting(), None) is None

    async def _report(self, stack: Stack, settings: Settings, observer: Observer) -> int:
        await observer.read_to_now()  # what the services said while they ended
        facts, now = observer.facts, ScaledClock.from_settings(settings).now()
        record = await report.on_record(settings.database_url.get_secret_value(), facts, now)
        problems = report.find_problems(facts, record, overdue=now - _OVERDUE)
        problems += await report.find_differences(settings)
        outcomes = {UUID(claim.claim_id): claim.named_outcome() for claim in facts.submitted()}
        findings = await stories.read(Wire(settings), outcomes)
        fraud = None if self._plan.file else planted(self._plan.claims, self._plan.seed)
        found = report.figures(facts, record, problems, findings=findings, planted=fraud, seconds=self._seconds())
        told = found.model_dump()
        if self._plan.outcomes:
            self._plan.outcomes.write_text(report.as_json(report.by_submission(facts)))
            told["by_submission"] = str(self._plan.outcomes)
        if self._plan.report:
            self._plan.report.write_text(report.as_json(told))
        self._console.print(tables(found, findings.quotes))
        if self._gave_up:
            self._say(f"It is {now:%Y-%m-%d} by the demo's clock, and what still waits is not waited for:", "yellow")
            for line in report.waiting_lines(facts, record):
                self._say(f"  {line}")
        self._conclude(found, stack)
        return 1 if problems else 0

    def _conclude(self, found: report.Figures, stack: Stack) -> None:
        if found.problems:
            self._say(f"{len(found.problems):,} things must not be:", "red")
            for problem in found.problems[: report.SHOWN]:
                self._say(f"  {problem}", "red")
        elif not found.outcomes[Outcome.WAITING] and not found.waiting_recoveries:
            self._say("Every claim has ended, and every cent is where it must be.", "green")
        if self._plan.file is not None:
            for sentence in refused(self._plan.file):
                self._say(sentence)
        if not found.problems:
            self._say("Topics, states, outboxes, journals and the ledger agree.", "green")
        if self._plan.stack == "native":
            self._say(f"The letters are in {stack.mail_dir}. To look closer: `makegood up --name {NAME}`, then")
            self._say(f"`makegood show CLAIM` with a claim or submission id, and `makegood down --name {NAME}` last.")

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def _say(self, sentence: str, style: str | None = None) -> None:
        self._console.print(sentence, style=style, highlight=False, markup=False, soft_wrap=True)


class _Pace:
    """Events per second between two looks."""

    def __init__(self) -> None:
        self._at, self._count, self._pace = time.monotonic(), 0, 0.0

    def of(self, count: int) -> float:
        now = time.monotonic()
        if count != self._count and now > self._at:
            self._pace = (count - self._count) / (now - self._at)
            self._at, self._count = now, count
        elif now - self._at > 2:
            self._pace = 0.0
        return self._pace


def _look_at(plan: Plan) -> None:
    """What can be seen to be wrong before anything is started."""
    if plan.file is not None and not plan.file.is_file():
        raise StackError(f"There is no file {plan.file}: name a JSONL file with a submission on each line.")
    if plan.file is not None and not plan.file.read_bytes().strip():
        raise StackError(f"There is nothing in {plan.file}: name a JSONL file with a submission on each line.")
    for path in filter(None, (plan.report, plan.outcomes)):
        if not path.resolve().parent.is_dir():
            raise StackError(f"There is no folder for {path}: make it, or name another file.")


async def _prepare(settings: Settings, *, own: bool) -> None:
    """Topics and tables; the user's own must be empty."""
    try:
        await make_topics(settings, catalogue.all_topics())
        await migrate(settings, catalogue.all_services())
    except (TopicError, SchemaError) as error:
        raise StackError(str(error)) from error
    if own:
        await _refuse_used(settings)


async def _refuse_used(settings: Settings) -> None:
    """Claims of an earlier run live in that run's time: they would wait, and so would we."""
    async with aclosing(Wire(settings).read_to_now({SUBMISSIONS.name})) as records:
        async for _ in records:
            raise StackError(
                f"Your Kafka has submissions on {SUBMISSIONS.name} already, and the demo begins with nothing: "
                "delete its topics and empty the database, or leave out `--stack own`."
            )


async def _nothing_comes(settings: Settings, observer: Observer, clock: ScaledClock, quiet: float) -> bool:
    """Whether it is of no use to wait on: nothing is due, or only in a long while, or it passed without effect."""
    now = clock.now()
    record = await report.on_record(settings.database_url.get_secret_value(), observer.facts, now)
    dues = (*record.claim_due.values(), *record.recovery_due.values())
    return quiet > clock.real_seconds(_FAR) or not any(now - _OVERDUE <= due <= now + _FAR for due in dues)


def _outside(plan: Plan) -> tuple[str, ...]:
    """The outside world's arguments."""
    what = ("--from", str(plan.file.resolve())) if plan.file else ("--claims", str(plan.claims))
    return ("--seed", str(plan.seed), "--rate", str(plan.rate), *what)


def _settings(stack: Stack, plan: Plan) -> Settings:
    now = datetime.now(UTC)
    named: dict[str, Any] = {
        "kafka_bootstrap_servers": stack.bootstrap_servers,
        "database_url": stack.database_url,
        "smtp_url": stack.smtp_url,
        "clock_scale": 86400 / plan.day,
        "clock_real_origin": now.timestamp(),
        "clock_origin": now,
    }
    return Settings(**named)


def _environment(plan: Plan, stack: Stack, settings: Settings) -> dict[str, str]:
    return {
        **stack.environment,
        "MAKEGOOD_CLOCK_SCALE": str(settings.clock_scale),
        "MAKEGOOD_CLOCK_REAL_ORIGIN": str(settings.clock_real_origin),
        "MAKEGOOD_CLOCK_ORIGIN": str(settings.clock_origin),
        "MAKEGOOD_TICK_SECONDS": "0.1",
        # Who is killed is missed soon. A broker of the user's own may not allow less than its default.
        **({} if plan.stack == "own" else {"MAKEGOOD_KAFKA_SESSION_SECONDS": "4"}),
    }


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
