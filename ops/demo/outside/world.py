"""The parties together, and what each will say when: in memory, with no log and no clock of its own."""

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zlib import crc32

from ops.demo.carriers.carrier import Carriers
from ops.demo.luck import Fate, Written
from ops.demo.outside.adjusters import Adjusters
from ops.demo.outside.appeals import Appeals
from ops.demo.outside.certificates import Certificates
from ops.demo.outside.collecting import Collections
from ops.demo.outside.customers import Customers
from ops.demo.outside.directory import Directory
from ops.demo.outside.duplicates import Duplicates
from ops.demo.outside.finance import Finance
from ops.demo.outside.insurers import Insurers
from ops.demo.outside.late_certificates import LateCertificates
from ops.demo.outside.mail import MailGateway
from ops.demo.outside.party import Party, Saying
from ops.demo.outside.paying import Payers
from ops.demo.outside.sellers import Sellers
from ops.demo.outside.upstream import Upstream
from ops.submissions import Submission
from ops.wire import Speech
from shared.events.adjusters import DECISIONS
from shared.events.base import Envelope, Event, derived_id
from shared.events.carriers import QUOTES
from shared.events.finance import RESULTS
from shared.events.insurers import REPLIES
from shared.events.mail_gateway import BOUNCES
from shared.events.marketplace import PROCEEDS, PROFILES
from shared.events.seller_portal import ANSWERS, CERTIFICATES
from shared.events.upstream import SUBMISSIONS, ClaimSubmitted

SPOKEN: Final = frozenset(
    topic.name
    for topic in (
        *(SUBMISSIONS, PROFILES, PROCEEDS, ANSWERS, CERTIFICATES),
        *(REPLIES, QUOTES, DECISIONS, RESULTS, BOUNCES),
    )
)
"""The topics of the outside world."""

SAME_AGAIN, NEW_AGAIN = range(2), range(2, 4)
"""Of a hundred records, those sent twice as they are and those sent twice under an id of their own."""


class World:
    """Everybody outside. ``hear`` and the openings plan what is said; ``due`` hands it out at its moment.

    ``written``: what some claims and sellers will choose (see Fate). ``apart``: the carriers have processes of their
    own. ``alone``: there is this one party and nobody else.
    """

    def __init__(
        self, seed: int, *, written: Written | None = None, apart: bool = False, alone: Party | None = None
    ) -> None:
        self._seed, fate = seed, Fate(seed, written)
        self.directory, self.certificates = Directory(fate), Certificates(fate)
        self._filing = (Upstream(fate), Customers(fate), LateCertificates(fate), self.certificates)
        everybody: tuple[Party, ...] = (
            *(*self._filing, Sellers(fate), Appeals(fate), Insurers(fate), MailGateway(fate)),
            *(Adjusters(fate), Duplicates(fate), Finance(fate), Collections(fate), Payers(fate)),
            *(() if apart else (Carriers(seed),)),
        )
        self._parties = (alone,) if alone else everybody
        self._ears: dict[str, list[Party]] = {}
        for party in self._parties:
            for kind in party.hears:
                self._ears.setdefault(kind.type_name(), []).append(party)
        self._planned: list[tuple[datetime, int, Speech, Callable[[], bool] | None]] = []
        self._number = 0
        self._said: set[UUID] = set()

    @property
    def wanted(self) -> Collection[str]:
        """The event types that somebody outside listens to."""
        return self._ears.keys()

    @property
    def listens_to(self) -> frozenset[str]:
        """The topics on which these events are."""
        kinds = {kind for party in self._parties for kind in party.hears}
        return frozenset(kind.topic.name for kind in kinds if kind.topic is not None)

    def remember(self, ids: Iterable[str]) -> None:
        """What was published before this process began: it is not said again."""
        for text in ids:
            try:
                self._said.add(UUID(text))
            except ValueError:
                continue  # another producer's id

    def open(self, sellers: Mapping[str, Collection[str]], now: datetime) -> None:
        """The seller directory and the certificates there are, before the first claim."""
        self._plan(self.directory.name, self.directory.opening(sellers, now), "opening")
        self._plan(self.certificates.name, self.certificates.opening(sellers, now), "opening")

    def submit(self, submission: Submission, number: int, now: datetime) -> bool:
        """One submission with the papers that come with it. False: it was out already."""
        cause = derived_id(self._seed, "submission", number, submission.key, crc32(submission.body))
        envelope = Envelope(
            id=str(cause),
            type=ClaimSubmitted.type_name(),
            source=f"/demo/{Upstream.name}",
            time=now,
            subject=submission.key,
            traceparent=_trace(None, cause),
        )
        new = self._schedule(cause, Speech(SUBMISSIONS.name, submission.key, submission.body, envelope), now)
        if submission.claim is not None:
            for party in self._filing:
                self._plan(party.name, party.file(submission.claim, now), envelope.id, envelope.traceparent)
        return new

    def hear(self, event: Event, envelope: Envelope) -> None:
        """What a service said, to everybody who listens to it."""
        for party in self._ears.get(envelope.type, ()):
            self._plan(party.name, party.hear(event, envelope), envelope.id, envelope.traceparent)

    def due(self, now: datetime) -> list[Speech]:
        """What is to be said by now, in the order of its moments."""
        speeches: list[Speech] = []
        while self._planned and self._planned[0][0] <= now:
            _, _, speech, unless = heapq.heappop(self._planned)
            if unless is None or not unless():
                speeches.append(speech)
        return speeches

    @property
    def next_at(self) -> datetime | None:
        """When somebody speaks next; None: nobody will unless something is heard."""
        return self._planned[0][0] if self._planned else None

    def _plan(self, party: str, sayings: Iterable[Saying], cause: str, trace: str | None = None) -> None:
        """Gives each saying its envelope, with an id that the same cause always gives."""
        for ordinal, saying in enumerate(sayings):
            topic, kind = saying.event.topic, saying.event.type_name()
            assert topic is not None
            if saying.because is not None:
                cause, trace = saying.because.id, saying.because.traceparent
            said_id = derived_id(self._seed, party, cause, kind, ordinal)
            envelope = Envelope(
                id=str(said_id),
                type=kind,
                source=f"/demo/{party}",
                time=saying.at,
                subject=saying.event.key,
                traceparent=_trace(trace, said_id),
                cause=cause,
            )
            speech = Speech(topic.name, envelope.subject, saying.event, envelope)
            self._schedule(said_id, speech, saying.arrives or saying.at, saying.unless)

    def _schedule(
        self, said_id: UUID, speech: Speech, arrives: datetime, unless: Callable[[], bool] | None = None
    ) -> bool:
        """Once, unless it is one of those that are sent twice on purpose."""
        if said_id in self._said:
            return False
        self._said.add(said_id)
        self._push(arrives, speech, unless)
        share, pause = said_id.int % 100, timedelta(minutes=said_id.int // 100 % 400)
        if share in SAME_AGAIN:
            self._push(arrives + pause, speech, unless)
        elif share in NEW_AGAIN:
            self._push(arrives + pause, _again(speech), unless)
        return True

    def _push(self, at: datetime, speech: Speech, unless: Callable[[], bool] | None) -> None:
        self._number += 1
        heapq.heappush(self._planned, (at, self._number, speech, unless))


def _again(speech: Speech) -> Speech:
    """The same fact under another id."""
    envelope = speech.envelope._replace(id=str(derived_id(speech.envelope.id, "again")))
    return replace(speech, envelope=envelope)


def _trace(parent: str | None, said_id: UUID) -> str:
    """W3C trace context: what was heard goes on, with this saying as its newest span."""
    parts = (parent or "").split("-")
    trace = parts[1] if len(parts) == 4 and len(parts[1]) == 32 else said_id.hex
    return f"00-{trace}-{said_id.hex[:16]}-01"
