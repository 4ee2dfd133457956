"""History under another policy: the claims that were submitted, lived once more in memory, and what becomes of them.

All five services run, on the code in use, in virtual time: once under the policies on record (the baseline), once with
the proposed version for all claims of its marketplace. Both make the same assumptions about whoever is asked now and
was not then; the baseline is also compared with what really happened.
"""

import gc
import multiprocessing
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from ops import catalogue
from ops.policy.history import OPEN, Ending, History, standing
from ops.policy.then.outsiders import Outsiders
from services.recovery.ledger import Account, LedgerEntry
from shared.events.base import Event
from shared.policy import Policies, Policy, PolicyError
from shared.policy.differences import changed
from shared.policy.files import versions_in
from shared.runtime import Effect
from shared.runtime.memory import House

LONGEST: Final = timedelta(days=900)
"""After the last recorded word everything has ended by then, or never will."""
ACCOUNTS: Final = {
    Account.INDEMNITY_COST: ("paid", 1),
    Account.RECOVERIES_SELLER: ("recovered", -1),
    Account.RECOVERIES_INSURER: ("recovered", -1),
    Account.WAIVED: ("waived", 1),
    Account.WRITTEN_OFF: ("written_off", 1),
    Account.EXPECTED_RECOVERY: ("outstanding", 1),
}
"""Which account of recovery's ledger makes up which sum, as in its view ``claim_money``."""
SHOWN: Final = 10
"""Most claims that are named."""
SUMS: Final = ("paid", "recovered", "waived", "written_off", "outstanding")


@dataclass(frozen=True)
class Run:
    """One life of the history. ``assumed``: in words, and how often."""

    endings: Mapping[UUID, Ending]
    assumed: Mapping[str, int]
    decisions: int
    seconds: float


@dataclass(frozen=True)
class Change:
    """What another policy would have made of one claim."""

    claim: UUID
    before: Ending
    after: Ending

    @property
    def weight(self) -> int:
        return max(abs(self.after.paid - self.before.paid), abs(self.after.borne - self.before.borne))


@dataclass(frozen=True)
class Report:
    """``matrix``: (from, to) → claims. ``money``: currency → sum → (baseline, proposed), in minor units.

    ``reproduced`` of ``ended``: of the claims that have really ended, those which the baseline ends with the same
    outcome and the same payment. ``differing``: how some of the others really ended, and how in the baseline.
    """

    claims: int
    reproduced: int
    ended: int
    differing: list[Change]
    matrix: dict[tuple[str, str], int]
    money: dict[str, dict[str, tuple[int, int]]]
    changes: list[Change]
    changed: int
    assumed: dict[str, tuple[int, int]]
    decisions: int
    seconds: float = 0.0


def proposed_policies(recorded: Policies, file: Path, folder: Path) -> tuple[Policies, list[tuple[Policy, Policy]]]:
    """The policies with what a file proposes, and each pair of replaced and proposed versions.

    Where the file has the recorded versions of a marketplace and one that is new, or says otherwise, that one is
    proposed. Raises PolicyError when it is not clear which.
    """
    in_file = [version.policy for version in versions_in(file, folder)]
    known = {policy.version: policy for policy in recorded.versions()}
    kept = [policy for policy in known.values() if policy.marketplace not in {one.marketplace for one in in_file}]
    pairs: list[tuple[Policy, Policy]] = []
    for marketplace in sorted({policy.marketplace for policy in in_file}):
        here = [policy for policy in in_file if policy.marketplace == marketplace]
        new = [policy for policy in here if policy.version not in known or _differs(known[policy.version], policy)]
        if len(new) > 1:
            names = " and ".join(policy.version for policy in new)
            raise PolicyError(f"{file.name}: {names} are both new for {marketplace}; leave the one that is meant")
        used = recorded.of(marketplace)
        if not used:
            raise PolicyError(f"{file.name}: no claim was ever judged in {marketplace}; propose for {_list(recorded)}")
        kept += new or here
        pairs += [(used[-1], policy) for policy in new]
    return Policies(kept), pairs


def _differs(known: Policy, policy: Policy) -> bool:
    return known.fingerprint != policy.fingerprint and bool(changed(known.model_dump(mode="json"), policy))


def _list(policies: Policies) -> str:
    return ", ".join(policies.marketplaces())


class _Counted(Outsiders):
    """Beside what everybody outside says: the ledger."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self.ledger: list[LedgerEntry] = []

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        if isinstance(effect, LedgerEntry):
            self.ledger.append(effect)
        return super().perform(effect, now)


def sums_of(ledger: Iterable[LedgerEntry]) -> tuple[dict[UUID, Counter[str]], dict[UUID, str]]:
    """Of each claim that was paid: the sums, and their currency."""
    sums: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    currencies: dict[UUID, str] = {}
    for entry in ledger:
        currencies[entry.claim_id] = str(entry.currency)
        for account, sign in ((entry.debit_account, 1), (entry.credit_account, -1)):
            name, side = ACCOUNTS.get(account, ("", 0))
            if name:
                sums[entry.claim_id][name] += sign * side * entry.amount_minor
    return dict(sums), currencies


def live(history: History, policies: Policies) -> Run:
    """The whole history once, until nothing waits any more."""
    began = time.perf_counter()
    first, last = history.sayings[0].at, history.sayings[-1].at
    outside = _Counted(history)
    processes = [(service.name, process) for service in catalogue.all_services() for process in service.processes]
    house = House(processes, outside, policies=policies, now=first, light=True)
    house.live(last + LONGEST)
    states = house.rooms["escalation"].states
    booked, currencies = sums_of(outside.ledger)
    endings: dict[UUID, Ending] = {}
    for claim in history.submissions():
        state = states.get(str(claim))
        if state is not None:
            outcome = standing(state.outcome, state.status)
            sums = {name: booked[claim][name] for name in SUMS} if claim in booked else {}
            endings[claim] = Ending(outcome, currencies.get(claim, ""), **sums)
    decisions = sum(sum(room.turn.decided.values()) for room in house.rooms.values())
    return Run(endings, dict(outside.assumed), decisions, time.perf_counter() - began)


def simulate(history: History, proposed: Policies, *, apart: bool = True) -> Report:
    """Both lives, and what differs. ``apart``: at the same time, the second in a process of its own."""
    began = time.perf_counter()
    if apart:
        fork = multiprocessing.get_context("fork")  # it inherits the history, which would take long to hand over
        with ProcessPoolExecutor(1, mp_context=fork, initializer=_inherit, initargs=(history,)) as other:
            second = other.submit(_live_apart, proposed)
            runs = _live_uncollected(history, history.policies), second.result()
    else:
        runs = _live_uncollected(history, history.policies), _live_uncollected(history, proposed)
    return replace(compare(history, *runs), seconds=time.perf_counter() - began)


_inherited: list[History] = []


def _inherit(history: History) -> None:
    _inherited.append(history)


def _live_apart(policies: Policies) -> Run:
    return _live_uncollected(_inherited[-1], policies)


def _live_uncollected(history: History, policies: Policies) -> Run:
    """What a life makes is nearly all kept until it ends: looking for garbage in between costs a third of the time."""
    gc.collect()
    gc.disable()
    try:
        return live(history, policies)
    finally:
        gc.enable()


def compare(history: History, baseline: Run, proposed: Run) -> Report:
    """What differs between two lives, and how true the first one is."""
    claims = [claim for claim in history.submissions() if claim in baseline.endings or claim in proposed.endings]
    none = Ending("not submitted")
    changes = [Change(claim, baseline.endings.get(claim, none), proposed.endings.get(claim, none)) for claim in claims]
    really = {claim: ending for claim, ending in history.really.items() if not ending.outcome.startswith(OPEN)}
    true = [Change(claim, really[claim], baseline.endings.get(claim, none)) for claim in claims if claim in really]
    untrue = [one for one in true if (one.before.outcome, one.before.paid) != (one.after.outcome, one.after.paid)]
    changed = [one for one in changes if one.before != one.after]
    return Report(
        claims=len(claims),
        ended=len(true),
        reproduced=len(true) - len(untrue),
        differing=untrue[:SHOWN],
        matrix=dict(Counter((one.before.outcome, one.after.outcome) for one in changes)),
        money=_money(changes),
        changed=len(changed),
        changes=sorted(changed, key=lambda one: one.weight, reverse=True)[:SHOWN],
        assumed={
            sentence: (baseline.assumed.get(sentence, 0), proposed.assumed.get(sentence, 0))
            for sentence in sorted({*baseline.assumed, *proposed.assumed})
        },
        decisions=baseline.decisions + proposed.decisions,
    )


def _money(changes: Sequence[Change]) -> dict[str, dict[str, tuple[int, int]]]:
    """Currency by currency: they are never added up."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for currency in sorted({one.currency for change in changes for one in (change.before, change.after)} - {""}):
        before = [change.before for change in changes if change.before.currency == currency]
        after = [change.after for change in changes if change.after.currency == currency]
        found[currency] = {name: (_sum(before, name), _sum(after, name)) for name in SUMS}
    return found


def _sum(endings: Sequence[Ending], name: str) -> int:
    return sum(getattr(ending, name) for ending in endings)
