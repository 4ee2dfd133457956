"""Everybody outside, on the simulated log: the demo's world, and a mail server."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID
from zlib import crc32

from ops.demo.directed import directed, submission_id, written
from ops.demo.outside.world import World
from ops.demo.scenes import SCENES
from ops.simulation.clock import TrueClock
from ops.simulation.log import Cluster
from ops.simulation.plan import Noise, Plan
from ops.submissions import Submission, from_claims, sellers
from services.seller_notifier.letter import Letter, LetterOutcome, LetterSent
from shared.events.base import PARTITIONS
from shared.runtime import TryLater
from shared.runtime.codec import decode, type_of
from shared.runtime.lanes import partition_of
from shared.runtime.log import Place, Record


def submissions_of(plan: Plan, today: datetime, spoilt: frozenset[str]) -> list[Submission]:
    """The plan's claims as they are filed, in its order."""
    claims = [directed(plan.seed, number, today.date()) for group in plan.claims for number in group]
    return list(from_claims(claims, lambda claim: claim.submission_id in spoilt))


class Outside:
    """Says what is due when it is asked to. What one topic's party sends stays in order; topics overtake each other."""

    def __init__(self, plan: Plan, cluster: Cluster, clock: TrueClock) -> None:
        self._plan, self._cluster, self._clock = plan, cluster, clock
        self._world = World(plan.seed, written=written(plan.seed))
        self._wanted, self._topics = frozenset(self._world.wanted), self._world.listens_to
        self._filing: list[tuple[datetime, int, Submission]] = []
        self._on_their_way: defaultdict[str, list[tuple[datetime, Place, Any]]] = defaultdict(list)
        self._luck = Random(f"{plan.seed}/outside")  # noqa: S311 - no secret hangs on it
        numbers = [number for group in plan.claims for number in group]
        spoilt = (number for number in numbers if SCENES[number].route == "not_understood")
        self.spoilt = frozenset(submission_id(plan.seed, number) for number in spoilt)
        """Submissions that are no fact any more when they arrive."""
        cluster.appended.append(self._hear)

    def open(self, now: datetime) -> None:
        """The directory at once, the claims within the hours that follow."""
        filed = submissions_of(self._plan, now, self.spoilt)
        self._world.open(sellers(filed), now)
        luck, at = Random(f"{self._plan.seed}/filing"), now  # noqa: S311
        for number, submission in enumerate(filed, start=1):
            at += timedelta(seconds=luck.choice((0.0, luck.uniform(1, 600), luck.uniform(1, 40_000))))
            self._filing.append((at + timedelta(minutes=10), number, submission))

    @property
    def next_at(self) -> datetime | None:
        moments = [queue[0][0] for topic, queue in self._on_their_way.items() if queue and self._finds(topic)]
        moments += [self._filing[0][0]] if self._filing else []
        if self._world.next_at is not None:
            moments.append(self._world.next_at)
        return min(moments, default=None)

    def speak(self) -> None:
        """Everything that is due by now gets onto the log."""
        now = self._clock.now()
        while self._filing and self._filing[0][0] <= now:
            _, number, submission = self._filing.pop(0)
            self._world.submit(submission, number, now)
        for speech in self._world.due(now):
            self._send(speech.topic, speech.key, speech.record(), now)
        for topic, queue in self._on_their_way.items():
            while self._finds(topic) and queue and queue[0][0] <= now:
                _, place, record = queue.pop(0)
                self._cluster.append(place, *record)

    def _finds(self, topic: str) -> bool:
        """Whoever is outside speaks to no other log than ours either."""
        return topic not in self._cluster.replaced

    def _send(self, topic: str, key: str, record: Any, now: datetime) -> None:
        place = Place(topic, self._partition(key))
        queue = self._on_their_way[topic]
        arrives = max([now + self._lateness(topic, now), *(at for at, _, _ in queue[-1:])])
        queue.append((arrives, place, record))
        if Noise.DUPLICATES in self._plan.noise and self._luck.random() < 0.2:
            queue.append((arrives + timedelta(seconds=self._luck.choice((0, 3, 4000))), place, record))
            queue.sort(key=lambda each: each[0])

    def _lateness(self, topic: str, now: datetime) -> timedelta:
        if Noise.LATE_TOPICS not in self._plan.noise:
            return timedelta()
        luck = Random(f"{self._plan.seed}/{topic}/{now.toordinal()}")  # noqa: S311
        return timedelta(seconds=luck.choice((0.0, 0.0, luck.uniform(0, 60), luck.uniform(0, 86400 * 4))))

    def _partition(self, key: str) -> int:
        if Noise.OTHER_PARTITIONER in self._plan.noise:
            return crc32(key.encode()) % PARTITIONS
        return partition_of(key, PARTITIONS)

    def _hear(self, record: Record) -> None:
        if record.place.topic in self._topics and type_of(record.headers) in self._wanted:
            event, envelope = decode(record.place.topic, record.key, record.value, record.headers)
            self._world.hear(event, envelope)


class MailServer:
    """Takes letters: ``refused…`` says no for good, ``busy…`` once for now. Remembers every letter it took."""

    def __init__(self, plan: Plan) -> None:
        self.taken: list[UUID] = []
        self.again: list[UUID] = []
        """Letters sent by somebody who could have known that they were out, or twice at a time."""
        self.on_record: dict[UUID, int] = {}
        """Letter → the round before which what came of it was written down."""
        self._rounds = count(1)
        self._busy = Noise.MAIL_BUSY in plan.noise
        self._turned_away: set[UUID] = set()
        self._luck = Random(f"{plan.seed}/mail")  # noqa: S311

    def round(self) -> "Round":
        """Somebody is about to look which letters are to be sent."""
        return Round(self, next(self._rounds))

    def take(self, letters: Sequence[Letter]) -> list[LetterSent | TryLater]:
        return [self._take(letter) for letter in letters]

    def _take(self, letter: Letter) -> LetterSent | TryLater:
        if letter.to.startswith("refused"):
            return letter.sent(LetterOutcome.REFUSED, 550)
        busy = letter.to.startswith("busy") or (self._busy and self._luck.random() < 0.3)
        if busy and letter.letter_id not in self._turned_away:
            self._turned_away.add(letter.letter_id)
            return TryLater("451")
        self.taken.append(letter.letter_id)
        return letter.sent(LetterOutcome.HANDED_OVER)

    def written_down(self, letters: Iterable[UUID]) -> None:
        now = next(self._rounds)
        for letter in letters:
            self.on_record.setdefault(letter, now)


class Round:
    """One batch of letters on one replica: looked up, sent, and what came of them written down, or not."""

    def __init__(self, mail: MailServer, number: int) -> None:
        self._mail, self._number = mail, number
        self._sent: set[UUID] = set()

    def take(self, letters: Sequence[Letter]) -> list[LetterSent | TryLater]:
        for letter in letters:
            known = self._mail.on_record.get(letter.letter_id, self._number) < self._number
            if known or letter.letter_id in self._sent:
                self._mail.again.append(letter.letter_id)
            self._sent.add(letter.letter_id)
        outcomes = self._mail.take(letters)
        put_off = (each.letter_id for each, what in zip(letters, outcomes, strict=True) if isinstance(what, TryLater))
        self._sent.difference_update(put_off)
        return outcomes

    def written_down(self) -> None:
        """What came of them is on record."""
        self._mail.written_down(self._sent)
