"""The 5,000 real injuries: how many pass intake's rules. The file is not part of the repository."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import pytest

from services.intake import decide
from services.intake.state import Stage, Submission
from shared.events.claim import InjuryClass, Reason
from shared.events.intake import ClaimDenied
from shared.events.upstream import ClaimSubmitted
from shared.runtime import Decision
from tests.deciding import at

FILE = Path(
    os.environ.get("MAKEGOOD_CLAIMS_FILE")
    or Path(__file__).resolve().parents[2].parent / "shared" / "data" / "claims.jsonl"
)

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason=f"the real claims are not at {FILE}: set MAKEGOOD_CLAIMS_FILE to try them"
)


def submissions() -> Iterator[ClaimSubmitted]:
    with FILE.open(encoding="utf-8") as lines:
        yield from map(ClaimSubmitted.model_validate_json, lines)


@cache
def decisions() -> list[Decision[Submission]]:
    """Each submission heard on the day it was reported."""
    return [
        decide.claim_submitted(claim, at(datetime.combine(claim.reported_on, time(12), UTC))) for claim in submissions()
    ]


def denials() -> list[set[Reason]]:
    return [set(said.reasons) for d in decisions() for said in d.says if isinstance(said, ClaimDenied)]


def test_of_5000_claims_3394_pass_window_and_launch_and_22_more_fail_the_british_year() -> None:
    window_and_launch = {Reason.BEFORE_LAUNCH, Reason.REPORTED_TOO_LATE}
    failed = [reasons for reasons in denials() if reasons & window_and_launch]
    others = [reasons for reasons in denials() if not reasons & window_and_launch]

    assert len(decisions()) == 5_000
    assert len(decisions()) - len(failed) == 3_394
    assert others == [{Reason.TOO_LONG_AFTER_PURCHASE}] * 22


def test_2139_claimants_are_minors_and_their_earnings_are_refused() -> None:
    minors = sum(d.state.minor_claimant for d in decisions())
    earnings = sum(Reason.MINORS_EARNINGS in i.reasons for d in decisions() for i in d.state.items)

    assert minors == 2_139
    assert earnings == sum(
        loss.kind == "lost_earnings"
        for claim in submissions()
        if claim.claimant.age is not None and claim.claimant.age < 18
        for loss in claim.losses
    )


def test_every_death_admission_and_transfer_is_serious() -> None:
    with FILE.open(encoding="utf-8") as lines:
        grave = [
            any(word in json.loads(line)["injury"]["disposition"] for word in ("fatality", "admitted", "transferred"))
            for line in lines
        ]

    assert sum(grave) == 2 + 451 + 52
    assert all(
        decision.state.injury is InjuryClass.SERIOUS
        for decision, is_grave in zip(decisions(), grave, strict=True)
        if is_grave
    )


def test_every_state_is_small_and_keeps_no_narrative() -> None:
    for claim, decision in zip(submissions(), decisions(), strict=True):
        body = decision.state.model_dump_json()
        assert len(body) < 1024
        assert claim.narrative not in body
        assert decision.state.stage in {Stage.SCREENING, Stage.ENDED}
