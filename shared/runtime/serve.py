"""One replica of one service: its workers, their ticks, its effects, and the doors for probes and Prometheus."""

import asyncio
import contextlib
import gc
import signal
import uuid
from collections.abc import Callable, Collection, Coroutine, Generator, Sequence
from typing import Any, TypeVar

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.policy import load
from shared.runtime.clock import ScaledClock
from shared.runtime.effects import GROUP, Effects
from shared.runtime.kafka import KafkaLog
from shared.runtime.kafka_archive import kafka_archive
from shared.runtime.log import Hear, Place, Record, RefusalError
from shared.runtime.metrics import Metrics, clock_ahead
from shared.runtime.migrate import keep_partitions
from shared.runtime.postgres import PostgresStore, connect, look_at_clock
from shared.runtime.process import Process, Service, all_processes, topics_of
from shared.runtime.recover import refuse_unfit
from shared.runtime.settings import Settings
from shared.runtime.starting import StoppedError, cancel, until_it_works
from shared.runtime.store import PassingError, Store
from shared.runtime.turn import describe
from shared.runtime.turns import Context
from shared.runtime.versions import VersionChangedError, remember
from shared.runtime.worker import LATER, Worker, pauses, steady_seconds

log = structlog.get_logger()
T = TypeVar("T")
STUCK_SECONDS = 60.0
"""Real seconds without progress after which a replica calls itself dead. Waiting for a database is progress."""
KEEP_SECONDS = 3600.0
"""Real seconds between two rounds of housekeeping, though a day would do: replicas come and go."""
KEEP_AGAIN_SECONDS = 300.0
"""The same after a round that failed: what has no partition meanwhile is to be moved later."""
TIME_SECONDS = 10.0
"""Real seconds between two looks at the database's clock."""
SOONER = 5
"""So many times shorter is the pause between two ticks while something is due, and at most until something will be."""
_ODD_SECONDS = 2.0
"""Real seconds by which a machine's own clock may differ before that is worth a line in the log."""


class Replica:
    """Runs until told to stop. ``failure`` is set when going on would be wrong."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self._service, self._settings = service, settings
        self._clock = ScaledClock.from_settings(settings)
        self._policies = load(settings.policy_folder) if settings.policy_folder else load()
        self._workers: list[Worker] = []
        self._logs: list[KafkaLog] = []
        self._stop = asyncio.Event()
        self._ready = False
        self.failure: Exception | None = None

    async def run(self) -> None:
        """Starts everything, waits for SIGTERM or SIGINT, and stops gracefully."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop.set)
        doors = asyncio.create_task(self._serve_http())
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._serve(stack)
        except StoppedError:
            log.info("stopped before it had started", service=self._service.name)
        finally:
            doors.cancel()
            await asyncio.gather(doors, return_exceptions=True)

    async def _serve(self, stack: contextlib.AsyncExitStack) -> None:
        pool = await self._until_it_works(lambda: connect(self._settings, self._service.name, size=8))
        stack.push_async_callback(_close, pool)
        timeout = self._settings.database_timeout_seconds
        await self._until_it_works(lambda: self._agree_on_time(pool))
        refusal = await self._until_it_works(lambda: remember(pool, self._policies, self._clock.now(), timeout))
        if refusal is not None:
            self._fail(VersionChangedError(f"{self._service.name}: {refusal}"))
            return
        unfit = await self._until_it_works(lambda: self._refuse_unfit(pool))
        if unfit is not None:
            self._fail(unfit)
            return
        keeping = keep_house(self._settings, self._service.name)
        tasks = [asyncio.create_task(keeping), asyncio.create_task(self._keep_time(pool))]
        stack.push_async_callback(cancel, tasks)
        at_work = [self._worker(pool, process, dependent) for process, dependent in all_processes(self._service)]
        await self._start_logs(stack)
        for worker, effects in at_work:
            ticking = keep_ticking(worker, self._settings.tick_seconds, self._fail)
            tasks.append(asyncio.create_task(ticking))
            if effects is not None:
                tasks.append(asyncio.create_task(effects.run(self._settings.tick_seconds)))
        spare_the_collector()
        for worker, _ in at_work:
            worker.progress = steady_seconds()  # what a start waits for says nothing of who waits
        self._ready = True
        log.info("serving", service=self._service.name)
        await self._stop.wait()
        self._ready = False
        await cancel(tasks)

    async def _start_logs(self, stack: contextlib.AsyncExitStack) -> None:
        """All at once: each waits for the broker, and none for another."""
        for kafka in self._logs:
            stack.push_async_callback(kafka.stop)
        starts = [asyncio.create_task(self._until_it_works(kafka.start)) for kafka in self._logs]
        stack.push_async_callback(cancel, starts)
        await asyncio.gather(*starts)

    async def _refuse_unfit(self, pool: Any) -> RefusalError | None:
        """Why this database must not be served with this log; None: they are of one moment."""
        async with kafka_archive(self._settings) as archive:
            try:
                await refuse_unfit(self._service, stores_of(self._service, pool, self._settings), archive)
            except RefusalError as error:
                return error
        return None

    def _worker(self, pool: Any, process: Process[Any], dependent: str | None) -> tuple[Worker, Effects | None]:
        metrics = Metrics(process.name)

        async def hear(records: Sequence[Record]) -> None:
            await worker.informed()
            try:
                await worker.hear(records)
            except RefusalError as error:
                self._fail(error)

        async def assigned(places: Collection[Place]) -> None:
            await worker.assigned(places)

        heard = lingering(hear, process.linger, self._settings.batch_records)
        kafka = KafkaLog(self._settings, process.name, [t.name for t in topics_of(process)], heard, assigned)
        token = uuid.uuid4()
        store = PostgresStore(pool, process.name, token, self._settings.database_timeout_seconds)
        worker = Worker(
            Context(
                process=process, service=self._service.name, token=token, store=store, log=kafka, clock=self._clock,
                policies=self._policies, metrics=metrics, dependent=dependent,
            )
        )  # fmt: skip
        self._workers.append(worker)
        self._logs.append(kafka)
        if self._service.performer is None or process is not self._service.processes[0]:
            return worker, None
        effects = Effects(
            worker,
            store=store,
            clock=self._clock,
            metrics=metrics,
            kinds=self._service.effects,
            performer=self._service.performer(self._settings),
            gave_up=self._service.gave_up,
            group=max(GROUP, self._settings.smtp_connections),  # no line idles for want of a letter
        )
        return worker, effects

    async def _agree_on_time(self, pool: Any) -> None:
        """All replicas go by one clock, the database's: deadlines compare what several of them have read and when."""
        ahead = self._clock.agree(*await look_at_clock(pool, self._settings.database_timeout_seconds))
        clock_ahead(self._service.name, ahead)
        if abs(ahead) > _ODD_SECONDS:
            log.warning("clock differs from the database's, which counts", service=self._service.name, ahead=ahead)

    async def _keep_time(self, pool: Any) -> None:
        while True:
            await asyncio.sleep(TIME_SECONDS)
            try:
                await self._agree_on_time(pool)
            except Exception as error:
                log.warning("time not told", service=self._service.name, error=describe(error))

    def _fail(self, error: Exception) -> None:
        self.failure = self.failure or error
        log.error("refused to go on", service=self._service.name, error=str(error))
        self._stop.set()

    async def _until_it_works(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await until_it_works(self._service.name, start, self._stop)

    async def _serve_http(self) -> None:
        """/health/live, /health/ready, /metrics."""
        if self._settings.http_port == 0:
            return

        async def live(_: Any) -> Response:
            stuck = [worker.process.name for worker in self._workers if self._ready and _is_stuck(worker)]
            return PlainTextResponse(f"stuck: {', '.join(stuck)}" if stuck else "ok", 503 if stuck else 200)

        async def ready(_: Any) -> Response:
            return PlainTextResponse("ok" if self._ready else "not ready", 200 if self._ready else 503)

        async def metrics(_: Any) -> Response:
            return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

        routes = [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
        config = uvicorn.Config(
            Starlette(routes=routes),
            host=self._settings.http_host,
            port=self._settings.http_port,
            log_level="warning",
            access_log=False,
            date_header=False,  # it would have to be kept up to date
            lifespan="off",
        )
        await _Server(config).serve()


def lingering(hear: Hear, seconds: float, most: int) -> Hear:
    """Takes its time after a batch of fewer than ``most`` records, after which there may be no more yet."""

    async def hear_and_linger(records: Sequence[Record]) -> None:
        await hear(records)
        if len(records) < most:
            await asyncio.sleep(seconds)

    return hear_and_linger if seconds else hear


async def keep_house(settings: Settings, service: str) -> None:
    """Round after round, as long as the replica runs."""
    while True:
        pause = KEEP_SECONDS
        try:
            await keep_partitions(settings, service)
        except Exception as error:
            log.warning("partitions not kept", service=service, error=describe(error))
            pause = KEEP_AGAIN_SECONDS
        await asyncio.sleep(pause)


async def keep_ticking(worker: Worker, seconds: float, fail: Callable[[Exception], None]) -> None:
    """The timer of one worker; trouble is waited out, another log ends the replica."""
    waits = pauses()
    while True:
        began = steady_seconds()
        try:
            await worker.tick()
            waits = pauses()
        except RefusalError as error:
            fail(error)
            return
        except Exception as error:
            log.warning("tick retry", process=worker.process.name, error=describe(error))
            await asyncio.sleep(next(waits))
            if isinstance(error, PassingError):  # a restart would not help
                worker.progress, worker.waiting_since = steady_seconds(), None
        if worker.broken is not None:
            fail(worker.broken)
            return
        with contextlib.suppress(TimeoutError):
            # Not `wait_for`, which forgets that it was cancelled when it is woken at the same moment.
            async with asyncio.timeout(_pause(worker, seconds, steady_seconds() - began)):
                await worker.wake.wait()  # which is over at once when it was woken while it ticked
        worker.wake.clear()


def _pause(worker: Worker, usual: float, took: float) -> float:
    """Until its next tick, in real seconds: no longer than until the next deadline passes. After one that ``took``
    longer than a pause to decide what was due there is none, for more has fallen due meanwhile; one that was only slow
    is no reason to hurry."""
    shortest, longest = usual / SOONER, usual * LATER if worker.quiet else usual
    if worker.due:
        return 0.0 if worker.worked and took >= shortest else shortest
    return max(shortest, min(longest, worker.due_in))


async def _close(pool: Any) -> None:
    """Waits for what is under way, but not for a database that is away."""
    try:
        await asyncio.wait_for(pool.close(), 10)
    except TimeoutError:
        pool.terminate()


def _is_stuck(worker: Worker) -> bool:
    """No progress at all, or records that wait while none is heard: a consumer can live and be stuck."""
    since = min(worker.progress, worker.waiting_since or worker.progress)
    return steady_seconds() - since > STUCK_SECONDS


class _Server(uvicorn.Server):
    """Leaves the signals to the replica, which decides when to stop; and does not look ten times a second whether to,
    which was a third of what an idle replica woke up for."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await asyncio.Event().wait()


def stores_of(service: Service, pool: Any, settings: Settings) -> dict[str, Store]:
    """The rows of each process of a service, for work that is none of a worker's."""
    nobody, seconds = uuid.uuid4(), settings.database_timeout_seconds
    return {process.name: PostgresStore(pool, process.name, nobody, seconds) for process in service.processes}


def spare_the_collector() -> None:
    """What was made at start lives as long as we do; looking at it again and again costs a third of the speed. It is
    not even looked at first: that takes 80 ms of a start, and found a thousand objects of 170,000."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
