"""The clocks of a claim: the wait for whoever must act, the customer's word of a delay, and the handling clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.escalation.state import At, Case, later
from services.escalation.status import told, told_if_moved
from shared.events.escalation import Notice, Status
from shared.runtime import Decision

Waits: TypeAlias = Callable[[Case, At], Decision[Case]]


def started(case: Case, at: At) -> Case:
    """All proof is here: from now on a decision is due, and a delay is told."""
    handling = case.policy(at).handling
    return case.but(decide_by=case.within(at, handling.decide_days), delay_at=_next_word(case, at))


def delay_told(case: Case, at: At) -> Decision[Case]:
    """Tells the customer of a delay whenever nothing was decided for as long as the policy says; no wait ends by it."""
    return _delay_told(Decision(case), at)


@dataclass(frozen=True)
class Waiting:
    """The decision for where the claim stands, once its deadline has passed."""

    table: Mapping[Status, Waits]

    def asked(self, case: Case, now: datetime) -> Waits | None:
        """The decision that is asked at this moment; None: nothing is due. A wait that is over goes before a delay."""
        if case.due is None or now < case.due:
            return None
        over = case.wakes_at is not None and case.wakes_at <= now
        return self.table[case.status] if over else delay_told

    def __call__(self, case: Case, at: At) -> Decision[Case]:
        asked = self.asked(case, at.now)
        if asked is None:
            return Decision(case)
        decision = asked(case, at)
        if _delay_is_due(decision.state, at.now):
            return _delay_told(decision, at)
        return told_if_moved(case, decision, at)


def _delay_is_due(case: Case, now: datetime) -> bool:
    return case.undecided and case.delay_at is not None and case.delay_at <= now


def _delay_told(decision: Decision[Case], at: At) -> Decision[Case]:
    again = decision.state.but(delay_at=_next_word(decision.state, at))
    return told(Decision(again, decision.says, decision.does), at, Notice.DELAYED)


def _next_word(case: Case, at: At) -> datetime | None:
    """None: the policy wants no word of delays (0 days)."""
    policy = case.policy(at)
    days = policy.handling.delay_notice_days
    return later(at, policy.wait(at.now, days)) if days else None
