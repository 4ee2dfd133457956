"""The log on Kafka: FastStream's batch subscriber to hear, an idempotent aiokafka producer to publish."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any, cast

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.consumer import fetcher
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.helpers import create_ssl_context
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage as Message
from faststream.security import SASLPlaintext, SASLScram256, SASLScram512

from shared.events.base import PARTITIONS, Topic
from shared.runtime.codec import Headers
from shared.runtime.fetched import Fetched
from shared.runtime.kafka_cluster import SameCluster
from shared.runtime.log import Assigned, Hear, Outgoing, Place, Record
from shared.runtime.settings import Settings
from shared.runtime.store import PassingError

log = structlog.get_logger()
fetcher.MemoryRecords = Fetched  # the client has no place to say with what a fetch is read
_ADMIN_TIMEOUT = 30.0
_IN_SYNC = "min.insync.replicas"
"""So many copies must have what is acknowledged. With Kafka's own 1 the leader alone would do, and what only it has is
lost with its disk, after it has counted as published."""
_NEVER_MS = 365 * 86_400_000
"""FastStream takes as long a rest after a batch that brought nothing, and hears nothing meanwhile: so none does."""
_FETCH_MS = 500
"""A fetch waits so long at the broker for the first record. Whatever is asked on its connection next waits behind it:
the places that a rebalance brings, and those that had nothing while another one's batch was decided."""
_QUIET_FETCH_MS = 2000
"""The same while there is nothing to do: most of what an idle replica costs is its fetches."""
_UNSETTLED_FETCH_MS = 20
"""The same from a rebalance on until the worker has sought its places: what is fetched meanwhile is of no use, and what
it has sought waits for it."""
_LOOK_MS = 5000
"""Between two looks of the client whether anything can be fetched: what can be, says so by itself."""
_UNSETTLED_LOOK_MS = 100
"""The same from a rebalance on until then: a fetch that comes back in the very moment in which places are assigned, the
client takes for one under way, and nothing tells it that it is over."""
LOOK_TIMEOUT = 5.0
"""Real seconds for one look at offsets, or their commit: a client that lost its broker in the middle of one would hold
the tick, and with it every deadline, for its own forty."""
START_TIMEOUT = 90.0
"""Real seconds until a start that waits for its group is given up, said to wait, and begun anew."""
STOP_TIMEOUT = 20.0
"""Real seconds for leaving the group, which lets the batch under way come to its end."""
PUBLISH_TIMEOUT = 20.0
"""Real seconds until a batch that is not acknowledged is given up and the producer replaced: an idempotent one
would try for ever."""


_Ask = Callable[[Any, list[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]


class TopicError(Exception):
    """The topics do not fit the code; the text says which and the cure."""


def group_of(process: str) -> str:
    """The consumer group of a process: what lag monitors and autoscalers look at."""
    return f"makegood.{process}"


def client_options(settings: Settings) -> dict[str, Any]:
    """What every plain client (producer, consumer, admin) is made with: address and security."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_password.get_secret_value() if settings.kafka_password else None
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": password,
        }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = create_ssl_context(cafile=settings.kafka_ca_file)
    return options


def _security(settings: Settings) -> Any:
    """The same for FastStream, which has words of its own for it."""
    if not settings.kafka_security_protocol.startswith("SASL"):
        return None
    kinds: dict[str, Any] = {
        "PLAIN": SASLPlaintext,
        "SCRAM-SHA-256": SASLScram256,
        "SCRAM-SHA-512": SASLScram512,
    }
    password = settings.kafka_password.get_secret_value() if settings.kafka_password else ""
    tls = settings.kafka_security_protocol == "SASL_SSL"
    context = create_ssl_context(cafile=settings.kafka_ca_file) if tls else None
    kind = kinds[settings.kafka_sasl_mechanism]
    return kind(username=settings.kafka_username or "", password=password, use_ssl=tls, ssl_context=context)


async def make_topics(settings: Settings, topics: Collection[Topic]) -> None:
    """Makes the topics that are missing; refuses one whose partition count is not ours, before any is made, or that may
    lose what it has acknowledged."""
    admin: Any = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=int(_ADMIN_TIMEOUT * 1000))
    await admin.start()
    try:
        present = set(await admin.list_topics())
        copies = settings.kafka_replication
        configs = {"retention.ms": "-1", _IN_SYNC: str(max(1, copies - 1))}
        wanted = [
            NewTopic(topic.name, PARTITIONS, copies, topic_configs=configs)
            for topic in topics
            if topic.name not in present
        ]
        if there := [topic.name for topic in topics if topic.name in present]:
            await _led(admin, there)
        if wanted:
            _refuse_unmade((await admin.create_topics(wanted)).topic_errors)
        copies_of = await _led(admin, [topic.name for topic in topics])
        await _refuse_too_few_in_sync(admin, {name: n for name, n in copies_of.items() if name in present})
    finally:
        await admin.close()


def _refuse_unmade(answers: Sequence[Sequence[Any]]) -> None:
    """Of each topic the broker says what became of it; the client raises nothing. What passes shows when it is waited
    for."""
    for name, code, *message in answers:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            log.info("topic made by somebody else meanwhile", topic=name)
        elif code and error.retriable:
            log.warning("topic not made yet", topic=name, error=error.__name__)
        elif code:
            why = " ".join(filter(None, message)).rstrip(".") or error.__name__
            raise TopicError(
                f"the topic {name} cannot be made ({why}): correct MAKEGOOD_KAFKA_REPLICATION, or give the user of "
                "MAKEGOOD_KAFKA_USERNAME the right to make topics, and run `makegood migrate` again"
            )


async def _led(admin: Any, names: list[str]) -> dict[str, int]:
    """Returns when every partition has a leader, with each topic's copies; a topic just made has none for a moment."""
    async with asyncio.timeout(_ADMIN_TIMEOUT):
        while True:
            described = await admin.describe_topics(names)
            for topic in described:
                count = len(topic["partitions"])
                if count not in (0, PARTITIONS):
                    raise TopicError(
                        f"the topic {topic['topic']} has {count} partitions and the code wants {PARTITIONS}: "
                        "make it again with that many if nothing is on it yet. One that holds records must not be "
                        "deleted: nothing else has them (docs/operations/scaling.md)"
                    )
            partitions = [partition for topic in described for partition in topic["partitions"]]
            if len(partitions) == PARTITIONS * len(names) and all(p["leader"] >= 0 for p in partitions):
                return {topic["topic"]: min(len(p["replicas"]) for p in topic["partitions"]) for topic in described}
            await asyncio.sleep(0.1)


async def _refuse_too_few_in_sync(admin: Any, copies_of: Mapping[str, int]) -> None:
    """Of topics that were there already, for somebody else may have made them. Only a leader that will do alone is too
    few: more is the operator's choice, and partitions that are being moved have more copies for a while."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, {_IN_SYNC: None}) for name, n in copies_of.items() if n > 2]
    for answer in await admin.describe_configs(asked):
        for topic in answer.to_object()["resources"]:
            name = topic["resource_name"]
            if topic["error_code"]:
                log.warning(f"{_IN_SYNC} not looked at", topic=name, error=topic["error_message"])
            elif int(topic["config_entries"][0]["config_value"]) < 2:
                raise TopicError(
                    f"the topic {name} has {copies_of[name]} copies and {_IN_SYNC}=1: what is acknowledged may be on "
                    f"one disk alone. Set it to 2: kafka-configs.sh --alter --topic {name} --add-config {_IN_SYNC}=2"
                )


class _Rebalance(ConsumerRebalanceListener):
    """Tells the worker of new places. What goes wrong here is only logged: the worker checks every record itself."""

    def __init__(self, assigned: Assigned, settle: Callable[[bool], None]) -> None:
        self._assigned, self._settle = assigned, settle

    async def on_partitions_revoked(self, revoked: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Asynchronous, though it waits for nothing: else FastStream takes it through a thread."""
        self._settle(False)

    async def on_partitions_assigned(self, assigned: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        places = [Place(tp.topic, tp.partition) for tp in assigned]
        try:
            if places:
                await self._assigned(places)
        except Exception as error:
            log.warning("assignment not prepared", error=type(error).__name__)
        finally:
            self._settle(True)


async def _parse_nothing(records: Any) -> Message:
    """FastStream's own parser decodes every header as UTF-8, and loses the whole batch when one is not."""
    return Message(body=b"", raw_message=records, consumer=_NOBODY)


async def _undecoded(message: Message) -> Any:
    """Its own decoding of a batch costs half the throughput; the worker decodes each record itself."""
    return message.raw_message


def _headers(record: Any) -> Headers:
    """A header may have no value at all."""
    return [(name, value or b"") for name, value in record.headers]


@contextmanager
def passing_errors() -> Generator[None, None, None]:
    """Whatever the broker or the way to it does, passes: it is waited out."""
    try:
        yield
    except (KafkaError, OSError) as error:
        told = isinstance(error, KafkaConnectionError | OSError)  # which address it was, and nothing of what was sent
        raise PassingError(f"{type(error).__name__} {error if told else ''}".strip()) from error


async def _give_up(closing: Coroutine[Any, Any, None], seconds: float = 1.0) -> None:
    """A client in trouble may hold what it will never get rid of; its end is not waited for longer."""
    task = asyncio.ensure_future(closing)
    await asyncio.wait({task}, timeout=seconds)
    task.cancel()


class _Nobody:
    """Acknowledging is not for the message to do: offsets are told after publishing."""

    async def commit(self) -> None: ...

    def seek(self, partition: Any, offset: int) -> None: ...


_NOBODY = _Nobody()


class KafkaLog:
    """One consumer group membership and one producer."""

    def __init__(self, settings: Settings, process: str, topics: Sequence[str], hear: Hear, assigned: Assigned) -> None:
        self._settings, self._group, self._hear = settings, group_of(process), hear
        self._producer: AIOKafkaProducer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._looker: Any = None
        self._making = asyncio.Lock()
        self._settled = True
        self._assignment: Collection[TopicPartition] = ()
        self._places: frozenset[Place] = frozenset()
        self._cluster = SameCluster(self._group, self._clients)
        session = settings.kafka_session_seconds
        self._broker = KafkaBroker(
            settings.kafka_bootstrap_servers.split(","),  # a list in one text would be taken for one address
            security=_security(settings),
            client_id=self._group,
            allow_auto_create_topics=False,
            apply_types=False,  # what it injects by costs each batch a way through a thread
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
            graceful_timeout=15.0,
        )
        self._subscriber: Any = self._broker.subscriber(
            *topics,
            group_id=self._group,
            batch=True,
            max_records=settings.batch_records,
            batch_timeout_ms=_NEVER_MS,
            ack_policy=AckPolicy.MANUAL,
            parser=_parse_nothing,
            decoder=_undecoded,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_MS,
            consumer_timeout_ms=_LOOK_MS,
            max_partition_fetch_bytes=4 << 20,
            session_timeout_ms=int(session * 1000),
            heartbeat_interval_ms=int(session * 200),
            max_poll_interval_ms=600_000,
            partition_assignment_strategy=(RangePartitionAssignor,),
            listener=_Rebalance(assigned, self._settle),
        )
        self._subscriber(self._on_batch)

    async def _on_batch(self, raw: Sequence[Any]) -> None:
        records = [Record(Place(r.topic, r.partition), r.offset, r.timestamp, r.key, r.value, _headers(r)) for r in raw]
        with nullcontext() if len(records) >= self._settings.batch_records else self._fetching_nothing():
            await self._hear(records)

    @contextmanager
    def _fetching_nothing(self) -> Generator[None]:
        """A fetch would come back with the first record that is said meanwhile, and be the next batch. Afterwards it
        brings all of them. After a full batch there is more already, which had better be fetched meanwhile."""
        consumer = self._subscriber.consumer
        consumer.pause(*consumer.assignment())
        try:
            yield
        finally:
            consumer.resume(*consumer.paused())

    async def start(self) -> None:
        """Raises when the broker does not answer; may then be called again."""
        with passing_errors():
            await self._start_producer()
            try:
                async with asyncio.timeout(START_TIMEOUT):
                    await self._broker.start()
                await self.check()
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        """Also while the broker stands still: whoever stops a replica waits for it."""
        await _give_up(self._broker.stop(), STOP_TIMEOUT)
        for client in (self._producer, self._looker):
            if client is not None:
                await _give_up(client.stop(), STOP_TIMEOUT / 2)
        if self._admin is not None:
            await _give_up(self._admin.close())

    async def check(self) -> str | None:
        async with self._look():
            return await self._cluster.check()

    @asynccontextmanager
    async def _look(self) -> AsyncGenerator[None]:
        """Asks within bounded time. Who has not answered by then may have lost its power: what leads there is closed,
        for the clients would wait for it eight times as long before they connect anew."""
        with passing_errors():
            try:
                async with asyncio.timeout(LOOK_TIMEOUT):
                    yield
            except TimeoutError:
                for connection in [c for client in self._clients() for c in client._conns.values()]:
                    connection.close()
                raise

    def _clients(self) -> list[Any]:
        """What records come and go by, and what says where they end."""
        consumers: list[Any] = [one for one in (self._subscriber.consumer, self._looker) if one]
        producer: Any = self._producer
        return [*(one._client for one in consumers), *([producer.client] if producer else [])]

    def assigned(self) -> frozenset[Place]:
        """Asked several times in each tick, and as long as nobody joins or leaves the client gives the same set."""
        consumer = self._subscriber.consumer
        tps: Collection[TopicPartition] = consumer.assignment() if consumer else ()
        if tps is not self._assignment:
            self._assignment, self._places = tps, frozenset(Place(tp.topic, tp.partition) for tp in tps)
        return self._places

    def seek(self, place: Place, offset: int) -> None:
        tp = TopicPartition(*place)
        if tp in self._subscriber.consumer.assignment():
            self._subscriber.consumer.seek(tp, offset)

    def rest(self, *, quiet: bool) -> None:
        if self._settled:
            self._pace(_QUIET_FETCH_MS if quiet else _FETCH_MS, _LOOK_MS)

    def _settle(self, settled: bool) -> None:
        """Whether the worker has sought its places: not from a rebalance on until it has been told of them."""
        self._settled = settled
        self._pace(*((_FETCH_MS, _LOOK_MS) if settled else (_UNSETTLED_FETCH_MS, _UNSETTLED_LOOK_MS)))

    def _pace(self, fetch_ms: int, look_ms: int) -> None:
        if (consumer := self._subscriber.consumer) is not None:  # the client has no words for it
            consumer._fetcher._fetch_max_wait_ms, consumer._fetcher._fetcher_timeout = fetch_ms, look_ms / 1000

    async def ends(self, places: Collection[Place]) -> Mapping[Place, int]:
        return await self._ask(places, lambda looker, tps: looker.end_offsets(tps))

    async def begins(self, places: Collection[Place]) -> Mapping[Place, int]:
        return await self._ask(places, lambda looker, tps: looker.beginning_offsets(tps))

    async def _ask(self, places: Collection[Place], ask: _Ask) -> Mapping[Place, int]:
        """By a client that fetches nothing, for a broker answers a connection in turn, and a fetch waits there. It is
        of no group, for a member forgets topics of others with every rebalance."""
        async with self._look():
            looker = await self._at_hand()
            try:
                found = await ask(looker, [TopicPartition(*place) for place in places])
                await self._cluster.check()
            except BaseException:
                self._looker = None if self._looker is looker else self._looker
                await _give_up(looker.stop())
                raise
        return {Place(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def _at_hand(self) -> Any:
        """The client that looks: a new one each time something went wrong."""
        async with self._making:
            if self._looker is None:
                looker: Any = AIOKafkaConsumer(
                    **client_options(self._settings), client_id=self._group, enable_auto_commit=False
                )
                try:
                    await looker.start()
                except BaseException:
                    await _give_up(looker.stop())
                    raise
                self._looker = looker
            return self._looker

    async def publish(self, records: Sequence[Outgoing]) -> None:
        try:
            with passing_errors():
                async with asyncio.timeout(PUBLISH_TIMEOUT):
                    if self._producer is None:
                        await self._start_producer()
                    await self._send(records)
                    await self._cluster.check()
        except PassingError:
            await self._forget_producer()
            raise

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        with passing_errors():
            async with asyncio.timeout(LOOK_TIMEOUT):
                await self._subscriber.consumer.commit({TopicPartition(*place): n for place, n in offsets.items()})

    async def committed(self, group: str, topics: Collection[str]) -> Mapping[Place, int]:
        places = [TopicPartition(topic, n) for topic in topics for n in range(PARTITIONS)]
        try:
            with passing_errors():
                async with asyncio.timeout(LOOK_TIMEOUT):
                    found = await self._committed(group, places)
        except PassingError:
            await self._forget_admin()
            raise
        return {Place(tp.topic, tp.partition): meta.offset for tp, meta in found.items() if meta.offset >= 0}

    async def _committed(self, group: str, tps: list[TopicPartition]) -> Any:
        if self._admin is None:
            admin = AIOKafkaAdminClient(**client_options(self._settings))
            await admin.start()
            self._admin = admin
        return await self._admin.list_consumer_group_offsets(group_of(group), partitions=tps)

    async def _forget_admin(self) -> None:
        """One that has lost its broker in the middle of a call never finds it again."""
        old, self._admin = self._admin, None
        if old is not None:
            await _give_up(old.close())

    async def _send(self, records: Sequence[Outgoing]) -> None:
        """One request's worth of batches per place; a place's batches follow each other in order."""
        producer = cast("Any", self._producer)
        by_place: defaultdict[Place, list[Outgoing]] = defaultdict(list)
        for record in records:
            by_place[record.place].append(record)
        sent: list[Any] = []
        for place, group in by_place.items():
            batch = producer.create_batch()
            for record in group:
                key, value = record.key.encode(), record.body.encode()
                if batch.append(key=key, value=value, timestamp=None, headers=record.headers) is None:
                    sent.append(await producer.send_batch(batch, place.topic, partition=place.partition))
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None, headers=record.headers)
            sent.append(await producer.send_batch(batch, place.topic, partition=place.partition))
        await asyncio.gather(*sent)

    async def _start_producer(self) -> None:
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=512 * 1024,
            max_request_size=4 << 20,
            request_timeout_ms=10_000,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def _forget_producer(self) -> None:
        """One that has failed may hold what it never gets rid of; the next is made when there is a broker."""
        old: Any = self._producer
        self._producer = None
        if old is not None:
            await _give_up(old.stop())
            if (sender := old._sender.sender_task) is not None:
                sender.cancel()  # else it goes on publishing what it holds
            await _give_up(old.client.close())
