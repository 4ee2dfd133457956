"""The 5,000 real injuries: how many pass intake's rules. The file is not part of the repository."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import pytest

from services.intake import decide
from services.intake.state import Stage, Submission
from shared.events.claim import InjuryClass, Reason
from shared.events.intake import ClaimAccepted, ClaimDenied, HazardLevel, ProductHazardFlagged
from shared.events.upstream import ClaimSubmitted
from shared.runtime import Decision
from tests.deciding import at
from tests.intake import planted
from tests.intake.house import House

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


@cache
def as_they_came() -> House:
    """All of them through the whole of intake, in the order in which they were reported, with all papers."""
    house = House(now=datetime(2021, 1, 1, tzinfo=UTC))
    house.live_through(submissions())
    return house


def valid() -> list[ClaimSubmitted]:
    """What nothing speaks against."""
    pairs = zip(submissions(), decisions(), strict=True)
    return [claim for claim, decision in pairs if decision.state.stage is Stage.SCREENING]


def test_every_valid_claim_with_its_papers_is_accepted() -> None:
    accepted = as_they_came().said(ClaimAccepted)

    assert len(accepted) == len(valid()) == 3_394 - 22
    assert len({said.claim_id for said in accepted}) == len(accepted)


def test_of_the_real_claims_fewer_than_2_percent_are_taken_for_fraud() -> None:
    house = as_they_came()
    accepted = house.said(ClaimAccepted)
    suspected = house.investigated()

    report(f"{len(suspected)} of {len(accepted)} real claims investigated; signals: {_counted(accepted)}")
    assert len(suspected) < 0.02 * len(accepted)


@pytest.mark.parametrize("seed", [1, 2])
def test_of_planted_rings_nine_in_ten_are_found_and_hardly_anybody_else(seed: int) -> None:
    house = House(now=datetime(2021, 1, 1, tzinfo=UTC))
    rings, honest = planted.rings(valid(), seed), planted.honest_company(valid(), seed)
    house.live_through([*submissions(), *rings.claims, *honest.claims], rings.evidence)
    fraud = {claim.submission_id for claim in rings.claims}
    suspected = house.investigated()

    precision, recall = len(suspected & fraud) / len(suspected), len(suspected & fraud) / len(fraud)

    alike = len(suspected & {claim.submission_id for claim in honest.claims})
    report(
        f"seed {seed}: {len(fraud)} claims of rings, {len(honest.claims)} honest ones with as much in common "
        f"({alike} of them suspected), {len(house.said(ClaimAccepted))} in all: "
        f"precision {precision:.3f}, recall {recall:.3f}"
    )
    assert recall >= 0.9
    assert precision >= 0.9


def test_products_that_hurt_many_are_flagged_once_at_each_level() -> None:
    flags = as_they_came().said(ProductHazardFlagged)

    for level in HazardLevel:
        flagged = sorted(flag.product for flag in flags if flag.level is level)
        report(f"{level}: {len(flagged)} products: {'; '.join(flagged)}")
    assert flags
    assert max(Counter((flag.product, flag.level) for flag in flags).values()) == 1


def report(line: str) -> None:
    """Shown by ``pytest -s``, and when a test fails."""
    sys.stdout.write(f"\n{line}\n")


def _counted(accepted: list[ClaimAccepted]) -> dict[str, int]:
    return dict(Counter(signal for said in accepted for signal in said.signals))


def test_every_state_is_small_and_keeps_no_narrative() -> None:
    for claim, decision in zip(submissions(), decisions(), strict=True):
        body = decision.state.model_dump_json()
        assert len(body) < 1024
        assert claim.narrative not in body
        assert decision.state.stage in {Stage.SCREENING, Stage.ENDED}


def test_what_is_known_after_five_years_of_claims_is_small() -> None:
    house = as_they_came()
    largest = {process.process.name: max(map(process.size, process.states)) for process in house.all}

    report(f"largest states in bytes: {largest}")
    assert largest.pop("products") < 4096  # the three that hurt most of all
    assert max(largest.values()) < 2048
