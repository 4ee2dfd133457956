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

    def asked(self, case: Case) -> Waits | None:
        """The decision of the table that is asked when the deadline of this state passes; None: it has none."""
        if case.wakes_at is None:
            return None
        return self.table[case.status] if case.due == case.wakes_at else delay_told

    def __call__(self, case: Case, at: At) -> Decision[Case]:
        asked = self.asked(case)
        if asked is None or case.due is None or at.now < case.due:
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
