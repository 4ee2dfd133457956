"""Intake's four processes in memory, with the streams between them: for tests of what they come to together."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

from services.intake.app import across_claims, by_product, in_common, intake
from shared.events.base import Event, claim_id_of
from shared.events.claim import Document
from shared.events.intake import ClaimAccepted, InformationRequested, SuspicionRaised
from shared.events.upstream import BeneficiaryStatusGiven, ClaimSubmitted, DocumentsSubmitted
from shared.runtime import State
from tests.deciding import START
from tests.interpreter import Interpreter

E = TypeVar("E", bound=Event)

PROCESSES: Final = (intake, across_claims, in_common, by_product)


class House:
    """What the outside says goes to intake at once; what the processes say to each other waits until it is delivered.

    Events of one topic and key stay in order; between streams a test picks. Deadlines fire only in ``wait``.
    """

    def __init__(self, now: datetime = START) -> None:
        self.intake = Interpreter(intake, now=now)
        self.claimants = Interpreter(across_claims, now=now)
        self.links = Interpreter(in_common, now=now)
        self.products = Interpreter(by_product, now=now)
        self.all: tuple[Interpreter[Any], ...] = (self.intake, self.claimants, self.links, self.products)
        self._streams: dict[str, deque[Event]] = {}

    @property
    def now(self) -> datetime:
        return self.intake.now

    def hear(self, event: Event, *, said_at: datetime | None = None) -> None:
        """Something from outside."""
        self._under_way(self.intake.hear(event, said_at=said_at))

    def deliver(self, pick: int = 0) -> bool:
        """The next event of one stream, to the process that hears it; False: nothing is under way."""
        if not self._streams:
            return False
        name = list(self._streams)[pick % len(self._streams)] if pick else next(iter(self._streams))
        event = self._streams[name].popleft()
        if not self._streams[name]:
            del self._streams[name]
        for process in self._hearers(event):
            self._under_way(process.hear(event))
        return True

    def settle(self, *, holding: str | None = None) -> None:
        """Delivers until nothing is under way, but what is on its way to the key ``holding``."""
        held = {name: stream for name, stream in self._streams.items() if name.endswith(f" {holding}")}
        self._streams = {name: stream for name, stream in self._streams.items() if name not in held}
        while self.deliver():
            pass
        self._streams |= held

    def pass_to(self, moment: datetime) -> None:
        """It is then; no deadline fires."""
        for process in self.all:
            process.now = max(process.now, moment)

    def wait(self, span: timedelta) -> None:
        """Time passes, and deadlines with it."""
        self._under_way(self.intake.wait(span))
        self.pass_to(self.intake.now)

    def oversleep(self, span: timedelta) -> None:
        """An outage: what was due meanwhile is asked at its end, and what is on its way is heard after that."""
        self._under_way(self.intake.oversleep(span))
        self.pass_to(self.intake.now)

    def live_through(self, claims: Iterable[ClaimSubmitted], evidence: Mapping[str, str] | None = None) -> None:
        """Each claim on the day it was reported, the earliest first, and whatever is asked for in answer.

        ``evidence``: submission → what its papers say, where that is not its own.
        """
        for claim in sorted(claims, key=lambda claim: claim.reported_on):
            self.pass_to(datetime.combine(claim.reported_on, time(12), UTC))
            before = len(self.intake.said)
            self.hear(claim)
            self.settle()
            for asked in self.intake.said[before:]:
                if isinstance(asked, InformationRequested):
                    says = (evidence or {}).get(claim.submission_id, claim.submission_id)
                    for answer in answers(asked, says, dated_on=claim.reported_on):
                        self.hear(answer)
            self.settle()

    def investigated(self) -> set[str]:
        """The submissions that a person is to look at for fraud, at acceptance or since."""
        at_once = {said.submission_id for said in self.said(ClaimAccepted) if said.investigate}
        return at_once | {said.submission_id for said in self.said(SuspicionRaised)}

    def come_to_rest(self) -> None:
        """Everything is delivered, and time passes until nobody waits for anything."""
        self.settle()
        while self.intake.next_due():
            self.wait(timedelta(days=5))
            self.settle()

    def said(self, *kinds: type[E]) -> list[E]:
        """By all processes: in the order said by each, one process after the other."""
        return [event for process in self.all for event in process.said if isinstance(event, kinds)]

    def about(self, submission_id: str, *kinds: type[E]) -> list[E]:
        claim_id = claim_id_of(submission_id)
        return [event for event in self.said(*kinds) if getattr(event, "claim_id", None) == claim_id]

    def states(self) -> Iterator[State]:
        for process in self.all:
            yield from process.states.values()

    def _hearers(self, event: Event) -> Iterator[Interpreter[Any]]:
        for process in self.all:
            if type(event) in process.process.begins or type(event) in process.process.hears:
                yield process

    def _under_way(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if any(True for _ in self._hearers(event)):
                assert event.topic is not None
                self._streams.setdefault(f"{event.topic.name} {event.key}", deque()).append(event)


def answers(asked: InformationRequested, says: str, *, dated_on: date) -> Iterator[Event]:
    """All that is asked for, as a customer would send it who has everything. ``says``: what his papers say."""
    documents = tuple(
        Document(
            kind=wanted.any_of[0],
            item=wanted.item,
            dated_on=dated_on,
            sha256=sha256(f"{says} {wanted.item}".encode()).hexdigest(),
        )
        for wanted in asked.missing
    )
    if documents:
        yield DocumentsSubmitted(submission_id=asked.submission_id, documents=documents)
    if asked.asks_beneficiary:
        yield BeneficiaryStatusGiven(submission_id=asked.submission_id, beneficiary=False)
