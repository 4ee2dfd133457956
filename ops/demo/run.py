"""Runs the demo: a fresh stack, the services, the outside world; watches until nothing waits, then reports."""

import asyncio
import json
import random
import signal
import subprocess
import time
from collections import defaultdict
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console

from ops import catalogue
from ops.demo import report
from ops.demo.observer import Observer
from ops.demo.outside.wire import Wire
from ops.demo.view import Glance, View, lag_of
from ops.fleet import Fleet
from ops.local.ports import choose_port
from ops.local.stack import Stack, StackError
from shared.events.escalation import Outcome
from shared.events.upstream import SUBMISSIONS
from shared.runtime.clock import ScaledClock
from shared.runtime.kafka import make_topics
from shared.runtime.postgres import migrate
from shared.runtime.settings import Settings

NAME: Final = "demo"
"""The demo's stack, apart from that of `makegood up`: it begins with nothing, and what it did can be looked at."""
INTERRUPTED: Final = 130
_OUTSIDE: Final = "outside"
_GLANCE: Final = 0.25
_LOOK: Final = 5.0
"""Real seconds between two looks at the deadlines while nothing happens."""
_CORRECTS: Final = timedelta(days=6)
"""Finance may find within five days that it did pay what it called failed."""
_QUIET, _LONG_QUIET, _FAR = 15.0, 60.0, 120.0
"""Real seconds: without news, whatever waits is looked up; with deadlines that have passed, that is the end; and a
deadline further away is not waited for."""


Source = Literal["native", "containers", "own"]
"""Where Kafka and PostgreSQL come from."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. ``day``: real seconds per day of the demo; ``rate``: claims per real second, 0 no limit;
    ``chaos``: real seconds between two kills, 0 none."""

    claims: int = 2000
    file: Path | None = None
    seed: int = 1
    stack: Source = "native"
    report: Path | None = None
    outcomes: Path | None = None
    day: float = 0.5
    rate: float = 150.0
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

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, end, sign)
    try:
        return await _Demo(plan, root, console).run()
    except asyncio.CancelledError:
        console.print("Ended before its time; nothing of it runs any more.")
        return INTERRUPTED
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(sign)


class _Demo:
    def __init__(self, plan: Plan, root: Path, console: Console) -> None:
        self._plan, self._root, self._console = plan, root, console
        self._started = time.monotonic()
        self._stalled, self._looked_at = False, 0.0

    async def run(self) -> int:
        _look_at(self._plan)
        async with AsyncExitStack() as ends:
            with self._console.status("Starting Kafka, PostgreSQL and the mail server …"):
                stack = await self._start_stack()
                ends.push_async_callback(stack.stop)
                settings = _settings(stack, self._plan)
                await make_topics(settings, catalogue.all_topics())
                await migrate(settings, catalogue.all_services())
                if self._plan.stack == "own":
                    await _refuse_used(settings)
            logs = self._root / ".makegood" / NAME / "logs"
            self._say(f"Kafka, PostgreSQL and the mail server are up ({self._seconds():.1f} s); logs are in {logs}.")
            cast = ends.enter_context(_Cast(self._plan, stack, settings, logs))
            observer = Observer(settings)
            reading = asyncio.create_task(observer.run())
            ends.push_async_callback(_ended, reading)
            await self._watch(observer, cast, reading)
            return await self._report(observer, settings, stack)
        raise AssertionError

    async def _start_stack(self) -> Stack:
        match self._plan.stack:
            case "native":
                return await Stack.native(self._root, name=NAME, fresh=True)
            case "containers":
                return await Stack.containers(self._root, name=NAME)
            case "own":
                return await Stack.users_own(self._root, name=NAME)

    async def _watch(self, observer: Observer, cast: "_Cast", reading: "asyncio.Task[None]") -> None:
        """Until nothing waits any more, or nothing happens."""
        with View(self._console) as view:
            pace = _Pace()
            while not await self._over(observer, cast):
                if reading.done():
                    reading.result()
                cast.look_after(view)
                if view.due:
                    view.show(await self._glance(observer, cast, pace))
                await asyncio.sleep(_GLANCE)
            view.show(await self._glance(observer, cast, pace))

    async def _glance(self, observer: Observer, cast: "_Cast", pace: "_Pace") -> Glance:
        states = observer.facts.states()
        claims = list(observer.facts.submitted())
        return Glance(
            seconds=self._seconds(),
            day=cast.clock.now(),
            states=states,
            submitted=len(claims),
            ended=sum(claim.ended for claim in claims),
            in_recovery=sum(claim.in_recovery for claim in claims),
            money=observer.facts.money(),
            events=observer.events,
            events_per_second=pace.of(observer.events),
            lag=await cast.lag(),
        )

    async def _over(self, observer: Observer, cast: "_Cast") -> bool:
        if not cast.all_submitted:
            return False
        facts = observer.facts
        quiet = time.monotonic() - facts.changed_at
        if next(facts.waiting(), None) is not None:
            if quiet > _QUIET and time.monotonic() - self._looked_at > _LOOK:
                self._looked_at = time.monotonic()
                self._stalled = await self._nothing_comes(observer, cast, quiet)
            return self._stalled
        corrections = _CORRECTS if facts.outcomes()[Outcome.PAYOUT_FAILED] else timedelta()
        if quiet < 1 + cast.clock.real_seconds(corrections):
            return False
        await observer.read_to_now()
        return next(facts.waiting(), None) is None

    async def _nothing_comes(self, observer: Observer, cast: "_Cast", quiet: float) -> bool:
        """Whether it is of no use to wait on: nothing is due, or only in a long while, or it passed without effect."""
        record = await report.on_record(cast.database_url, observer.facts)
        due = min((*record.claim_due.values(), *record.recovery_due.values()), default=None)
        if due is None:
            return True
        ahead = cast.clock.real_seconds(due - cast.clock.now())
        longest = max(_LONG_QUIET, cast.clock.real_seconds(timedelta(days=100)))
        return ahead > _FAR or quiet > longest or (ahead < 0 and quiet > _LONG_QUIET)

    async def _report(self, observer: Observer, settings: Settings, stack: Stack) -> int:
        facts = observer.facts
        record = await report.on_record(settings.database_url.get_secret_value(), facts)
        problems = report.find_problems(facts, record)
        found = report.figures(facts, record, problems, self._seconds())
        told = found.model_dump()
        if self._plan.outcomes:
            self._plan.outcomes.write_text(report.as_json(report.by_submission(facts)))
            told["by_submission"] = str(self._plan.outcomes)
        if self._plan.report:
            self._plan.report.write_text(report.as_json(told))
        self._console.print(report.tables(found))
        if self._stalled:
            self._say("Nothing has happened for a while, and these still wait:", "yellow")
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
        if self._plan.stack == "native":
            self._say(f"The letters are in {stack.mail_dir}. To look closer: `makegood up --name {NAME}`, then")
            self._say(
                "`makegood show CLAIM` with a claim or submission id, and `makegood down --name demo` at the end."
            )

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def _say(self, sentence: str, style: str | None = None) -> None:
        self._console.print(sentence, style=style, highlight=False, markup=False, soft_wrap=True)


class _Cast:
    """The processes: every service with its replicas, and the outside world. Who dies is started again, once."""

    def __init__(self, plan: Plan, stack: Stack, settings: Settings, logs: Path) -> None:
        self.clock = ScaledClock.from_settings(settings)
        self.database_url = settings.database_url.get_secret_value()
        self.all_submitted = False
        for old in logs.glob("*.log"):
            old.unlink()
        self._plan, self._fleet = plan, Fleet(_environment(plan, stack, settings), logs)
        self._ports = {name: choose_port() for name in _replicas(plan)}
        self._submitted: asyncio.Future[bytes] | None = None
        self._died: set[str] = set()
        self._kills, self._next_kill = 0, time.monotonic() + plan.chaos
        self._luck = random.Random(plan.seed)  # noqa: S311 - no secret hangs on it

    def __enter__(self) -> "_Cast":
        for name in (*self._ports, _OUTSIDE):
            self._start(name)
        return self

    def __exit__(self, *_: object) -> None:
        self._fleet.end()

    async def lag(self) -> dict[str, int | None]:
        """Per service, what its replicas together have not heard yet."""
        lags = await asyncio.gather(*(lag_of(port) for port in self._ports.values()))
        found: defaultdict[str, list[int]] = defaultdict(list)
        for name, lag in zip(self._ports, lags, strict=True):
            found[_service(name)] += [] if lag is None else [lag]
        return {name: sum(found[name]) if found[name] else None for name in catalogue.NAMES}

    def look_after(self, view: View) -> None:
        """Hears whether every submission is out; says who died; kills on purpose where that was asked for."""
        if self._submitted is not None and self._submitted.done():
            line, self._submitted = self._submitted.result(), None
            if line:
                self.all_submitted = True
                view.say(f"All {json.loads(line)['submissions']:,} submissions are out.", "dim")
        for name, code in self._fleet.died():
            view.say(
                f"{name} ended with {code}. The end of its log {self._fleet.log(name)}:\n{self._tail(name)}", "red"
            )
            if name in self._died:
                raise StackError(f"{name} ended twice: read why in {self._fleet.log(name)}.")
            self._died.add(name)
            self._start(name)
            view.say(f"{name} was started again.", "yellow")
        if self._plan.chaos and time.monotonic() > self._next_kill:
            self._next_kill = time.monotonic() + self._plan.chaos
            self._kills += 1
            name = self._luck.choice(list(self._ports))
            self._fleet.kill(name)
            self._start(name)
            view.say(f"Killed {name} and started it again ({self._kills} so far).", "dim")

    def _start(self, name: str) -> None:
        if name != _OUTSIDE:
            self._fleet.serve(_service(name), name, MAKEGOOD_HTTP_PORT=str(self._ports[name]))
            return
        plan = self._plan
        what = ("--from", str(plan.file.resolve())) if plan.file else ("--claims", str(plan.claims))
        words = ("--seed", str(plan.seed), "--rate", str(plan.rate), *what)
        process = self._fleet.start(_OUTSIDE, "ops.demo.outside", *words, stdout=subprocess.PIPE)
        assert process.stdout is not None
        self._submitted = asyncio.ensure_future(asyncio.to_thread(process.stdout.readline))

    def _tail(self, name: str) -> str:
        return "\n".join(self._fleet.log(name).read_text(errors="replace").splitlines()[-12:])


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
    for path in filter(None, (plan.report, plan.outcomes)):
        if not path.resolve().parent.is_dir():
            raise StackError(f"There is no folder for {path}: make it, or name another file.")


async def _refuse_used(settings: Settings) -> None:
    """Claims of an earlier run live in that run's time: they would wait, and so would we."""
    async with aclosing(Wire(settings).read_to_now({SUBMISSIONS.name})) as records:
        async for _ in records:
            raise StackError(
                f"Your Kafka has submissions on {SUBMISSIONS.name} already, and the demo begins with nothing: "
                "delete its topics and empty the database, or leave out `--stack own`."
            )


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


def _replicas(plan: Plan) -> list[str]:
    """``escalation``, ``escalation.2`` …"""
    numbers = range(1, plan.replicas + 1)
    return [service if n == 1 else f"{service}.{n}" for service in catalogue.NAMES for n in numbers]


def _service(replica: str) -> str:
    return replica.partition(".")[0]


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
