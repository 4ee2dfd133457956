"""Every decision of a claim: what was heard, the rule, its inputs, what followed, and whether it is the same today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ops import catalogue
from ops.policy.recorded import past_of, recorded_policies, said_by
from ops.policy.retake import Bodies, Entry, Past, PoliciesAt, Retaken, retake
from ops.reach import Database, ReachError
from ops.show import Refused, facts_of, named, refused
from shared.events.base import Event
from shared.policy import Policies
from shared.runtime import Process

OF_A_CLAIM: Final = frozenset({"claim_id", "submission_id"})
"""Keys that belong to one claim; what is under another key is shared, and only what names the claim is shown."""


@dataclass(frozen=True)
class Fact:
    """An event with the fields that tell nothing of a person."""

    type: str
    facts: dict[str, str]


@dataclass(frozen=True)
class Explained:
    """One decision. ``grown``: the same facts, though state or event have got fields since."""

    at: datetime
    process: str
    heard: Fact
    said_by: str
    said_at: datetime
    rule: str
    rule_in_words: str
    policy: str | None
    reference: str
    says: list[Fact]
    does: list[str]
    due: datetime | None
    status: str
    same: bool
    grown: bool
    differences: list[str]


@dataclass
class Account:
    """All of them, in the order of their moments. ``refused``: what was sent for it and could not be understood."""

    claim_id: str
    submission_id: str | None
    decisions: list[Explained] = field(default_factory=list[Explained])
    refused: list[Refused] = field(default_factory=list[Refused])

    @property
    def differing(self) -> int:
        return sum(not one.same for one in self.decisions)


async def explain(look: Database, given: str, shipped: Policies) -> Account:
    """All that is on record of a claim or submission id. Raises ReachError for one of which nothing was ever sent."""
    story = await named(look, given)
    policies = {name: (await recorded_policies(look, name, shipped)).at for name in catalogue.NAMES}
    pasts = await _own(look, story.claim_id, story.submission_id)
    no_facts = await refused(look, story)
    if not pasts and not no_facts:
        raise ReachError(
            f"no decision about {given!r} is on record: give a claim id or a submission id as it was published"
        )
    for service, process, key in shared_keys(pasts, policies):
        if (past := await past_of(look, service, process, key)).entries:
            pasts.append(past)
    bodies: dict[str, str] = {}
    for past in pasts:
        bodies |= await said_by(look, past)
    account = account_of(story.claim_id, story.submission_id, pasts, policies, bodies)
    account.refused = no_facts
    return account


def account_of(
    claim_id: str, submission_id: str | None, pasts: Sequence[Past], policies: Mapping[str, PoliciesAt], said: Bodies
) -> Account:
    """Of what is on record; ``policies`` by service, ``said``: what is still in the outboxes."""
    heard = {entry.cause: entry.body for past in pasts for entry in past.entries if entry.body is not None}
    account = Account(claim_id, submission_id)
    for past in pasts:
        retaken = retake(past, policies[past.service], heard | dict(said))
        names_it = [one for one in retaken if past.key in (claim_id, submission_id) or claim_id in _text(one.entry)]
        account.decisions += [_explained(past, one) for one in names_it]
    account.decisions.sort(key=lambda one: one.at)
    return account


async def _own(look: Database, claim_id: str, submission_id: str | None) -> list[Past]:
    """Of the processes whose key is the claim's own."""
    own = {"claim_id": claim_id, "submission_id": submission_id}
    found: list[Past] = []
    for service in catalogue.all_services():
        for process in service.processes:
            key = own.get(_keyed_by(process))
            if key is not None and (past := await past_of(look, service.name, process, key)).entries:
                found.append(past)
    return found


def shared_keys(pasts: Sequence[Past], policies: Mapping[str, PoliciesAt]) -> list[tuple[str, Process[Any], str]]:
    """Service, process and key of what claims share (a claimant, an order, a product) and these have spoken to."""
    ears: list[tuple[str, Process[Any]]] = [
        (service.name, process)
        for service in catalogue.all_services()
        for process in service.processes
        if _keyed_by(process) not in OF_A_CLAIM
    ]
    found: dict[tuple[str, str], tuple[str, Process[Any], str]] = {}
    for past in pasts:
        for one in retake(past, policies[past.service], {}):
            for said in one.taken.said if one.taken is not None else ():
                for service, process in ears:
                    if type(said.event) in process.begins or type(said.event) in process.hears:
                        found[process.name, said.event.key] = service, process, said.event.key
    return list(found.values())


def _keyed_by(process: Process[Any]) -> str:
    topics = [kind.topic for kind in (*process.begins, *process.hears) if kind.topic is not None]
    return topics[0].key if topics else ""


def _text(entry: Entry) -> str:
    return entry.body or ""


def _explained(past: Past, one: Retaken) -> Explained:
    entry, after = one.entry, one.after
    topic = one.event.topic if one.event is not None else None
    decision = one.taken.decision if one.taken is not None else None
    return Explained(
        at=entry.at,
        process=past.process.name,
        heard=Fact(entry.type, facts_of(entry.type, entry.body) if entry.body is not None else {}),
        said_by=topic.party if topic is not None else past.service,
        said_at=entry.said_at,
        rule=one.rule.name if one.rule is not None else "",
        rule_in_words=one.rule.words if one.rule is not None else "",
        policy=_policy(after, one.event),
        reference=_reference(past.process, entry),
        says=[
            Fact(type(said.event).__name__, facts_of(type(said.event).__name__, said.body))
            for said in (one.taken.said if one.taken is not None else ())
        ],
        does=[type(effect).__name__ for effect in decision.does] if decision is not None else [],
        due=getattr(after, "due", None),
        status=str(getattr(after, "status", None) or getattr(after, "stage", None) or ""),
        same=one.same,
        grown=one.grown,
        differences=list(one.differences),
    )


def _policy(state: Any, event: Event | None) -> str | None:
    """The version that the claim has carried since it was accepted, or was judged by before."""
    holders = (state, getattr(state, "accepted", None), event)
    names = (getattr(holder, "policy", None) for holder in holders)
    return next((name for name in names if isinstance(name, str) and name), None)


def _reference(process: Process[Any], entry: Entry) -> str:
    if process.reference is None:
        return ""
    kind = process.reference.fact.__name__
    if not entry.known:
        return f"{kind}: unknown, not read to its end"
    if entry.reference is None:
        return f"{kind}: none on record"
    return f"{kind}: {', '.join(f'{name} {text}' for name, text in facts_of(kind, entry.reference).items())}"
