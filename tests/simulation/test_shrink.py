"""A failing seed is told as the shortest story in which the same thing is wrong."""

from collections.abc import Collection
from datetime import datetime

import pytest

from ops.demo.scenes import SCENES
from ops.simulation.plan import Fault, Kind, Noise, Plan
from ops.simulation.shrink import broken_by, shrunk
from shared.runtime.watermark import Watermark

BAD = Fault(Kind.CRASH, "escalation", 9, busy=True, size=5.0)
OTHERS = tuple(Fault(Kind.COMMIT_LOST, "intake", n, busy=True, size=0.0) for n in range(1, 8))


def test_only_what_it_takes_is_left() -> None:
    def broken(plan: Plan) -> str | None:
        return "it" if BAD in plan.faults and any(3 in claim for claim in plan.claims) else None

    plan = Plan(1, ((1,), (2, 3, 4), (5,)), (*OTHERS[:3], BAD, *OTHERS[3:]), frozenset(Noise))
    assert shrunk(plan, broken) == Plan(1, ((2, 3),), (BAD,))


def test_what_breaks_something_else_is_no_shorter_story() -> None:
    def broken(plan: Plan) -> str | None:
        return "it" if len(plan.faults) > 1 else "something else"

    assert len(shrunk(Plan(1, ((1,),), (BAD, *OTHERS)), broken).faults) == 2


def test_a_planted_bug_is_told_by_one_claim_and_one_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that look at nothing but the clock fire over answers that lie on the log."""

    async def at_once(self: Watermark, lanes: Collection[int]) -> dict[int, datetime]:
        return dict.fromkeys(lanes, self._clock.now())  # pyright: ignore[reportPrivateUsage]

    contests = next(number for number, scene in enumerate(SCENES) if scene.route == "seller_contests_all")
    stopped = Fault(Kind.CRASH, "escalation", 29, busy=True, size=86400.0 * 8)
    slow = frozenset({Noise.SLOW_READING, Noise.SMALL_BATCHES})
    plan = Plan(18, ((1,), (contests,)), (stopped, *OTHERS[:2]), slow | {Noise.MAIL_BUSY})
    assert broken_by(plan) is None
    monkeypatch.setattr(Watermark, "limits", at_once)
    wanted = "What was on the log before a deadline is decided before it, also what another service passes on"
    short = shrunk(Plan(18, ((contests,),), (stopped, *OTHERS[:2]), plan.noise))
    assert broken_by(short) == wanted
    assert short == Plan(18, ((contests,),), (stopped,), slow)
