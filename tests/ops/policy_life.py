"""A life of the whole house in memory, with all that its journals, outboxes and ledger would have on record."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ops import catalogue
from ops.demo.claims import generate
from ops.policy.explain import Account, account_of, shared_keys
from ops.policy.history import Ending, Gathering, History, standing
from ops.policy.retake import Entry, Past, PoliciesAt
from ops.policy.simulate import SUMS, sums_of
from ops.submissions import Submission, from_claims, sellers
from services.recovery.ledger import LedgerEntry
from shared.events.base import Envelope, Event, claim_id_of
from shared.policy import Policies, load
from shared.runtime import Effect, Process
from shared.runtime.memory import House, Outside, Room, Taken
from tests.demo.given import TODAY
from tests.demo.house import DemoOutside

START = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)


@dataclass
class Life:
    """Whoever is outside speaks; every decision is kept as the runtime would write it down."""

    outside: Outside
    policies: Policies = field(default_factory=load)
    now: datetime = START
    taken: defaultdict[tuple[str, str], list[Taken]] = field(
        default_factory=lambda: defaultdict[tuple[str, str], list[Taken]](list)
    )
    """By process and key."""

    def __post_init__(self) -> None:
        self.gathering = Gathering()
        self.booked: list[LedgerEntry] = []
        self.processes: dict[str, tuple[str, Process[Any]]] = {
            process.name: (service.name, process)
            for service in catalogue.all_services()
            for process in service.processes
        }
        self.house = House(
            list(self.processes.values()), self, policies=self.policies, now=self.now, watch=self._watch
        )  # fmt: skip

    # What the house meets outside

    @property
    def next_at(self) -> datetime | None:
        return self.outside.next_at

    def due(self, now: datetime) -> Iterable[tuple[Event, Envelope]]:
        return self.outside.due(now)

    def hear(self, event: Event, envelope: Envelope) -> None:
        self.gathering.add(event, envelope.time, envelope.id)
        self.outside.hear(event, envelope)

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        if isinstance(effect, LedgerEntry):
            self.booked.append(effect)
        outcome = self.outside.perform(effect, now)
        if outcome is not None:
            self.gathering.add(outcome[1], outcome[0], "effect")
        return outcome

    def _watch(self, room: Room, taken: Taken) -> None:
        self.taken[room.process.name, taken.row.key].append(taken)

    # What is on record then

    def claims(self) -> list[UUID]:
        return list(self.history().submissions())

    def history(self) -> History:
        cases: Mapping[str, Any] = self.house.rooms["escalation"].states
        sums, currencies = sums_of(self.booked)
        really = {
            UUID(key): Ending(
                standing(case.outcome, case.status), currencies.get(UUID(key), ""),
                **{name: sums.get(UUID(key), Counter())[name] for name in SUMS},
            )
            for key, case in cases.items()
        }  # fmt: skip
        unsigned = [UUID(key) for key, case in cases.items() if "RELEASE_NOT_SIGNED" in case.reasons]
        return self.gathering.history(self.policies, really, unsigned)

    def past(self, process: str, key: str) -> Past:
        service, found = self.processes[process]
        entries = [entry_of(taken) for taken in self.taken.get((process, key), ())]
        state = self.house.rooms[process].states.get(key)
        return Past(service, found, key, entries, state.model_dump_json() if state is not None else None)

    def pasts(self, submission_id: str) -> list[Past]:
        """Of the claim's own keys, and of those it shares with others."""
        claim_id = str(claim_id_of(submission_id))
        own = [self.past(process, key) for process in self.processes for key in (claim_id, submission_id)]
        own = [past for past in own if past.entries]
        return own + [self.past(process.name, key) for _, process, key in shared_keys(own, self._policies())]

    def _policies(self) -> dict[str, PoliciesAt]:
        def always(_: datetime) -> Policies:
            return self.policies

        return dict.fromkeys(catalogue.NAMES, always)

    def said(self) -> dict[str, str]:
        """Everything the services said, by id."""
        return {said.id: said.body for taken in self.taken.values() for one in taken for said in one.said}

    def explained(self, submission_id: str, *changed: Past, outbox: bool = True) -> Account:
        """The claim explained, with some pasts in the place of those on record."""
        pasts = {(past.process.name, past.key): past for past in (*self.pasts(submission_id), *changed)}
        said = self.said() if outbox else {}
        return account_of(str(claim_id_of(submission_id)), submission_id, list(pasts.values()), self._policies(), said)


def entry_of(taken: Taken) -> Entry:
    row = taken.row
    return Entry(
        row.key, row.n, row.at, row.asked.said_at, row.asked.type, row.asked.cause, row.asked.body, row.reference,
        row.known, tuple(row.says), row.result,
    )  # fmt: skip


def demo_life(claims: int, seed: int = 3, days: int = 250) -> Life:
    """As `makegood demo` lives it."""
    outside = DemoOutside(seed)
    life = Life(outside)
    submissions: list[Submission] = list(from_claims(generate(claims, seed, TODAY)))
    outside.world.open(sellers(submissions), life.now)
    for number, submission in enumerate(submissions, start=1):
        life.house.live(life.house.now + timedelta(minutes=1))
        outside.world.submit(submission, number, life.house.now)
    life.house.live(START + timedelta(days=days))
    return life
