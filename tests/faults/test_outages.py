"""Those outside are away: the mail server, finance, and sellers whose answers lie unread while their time runs out."""

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops.local.stack import NativeStack, Stack
from shared.events.escalation import Outcome
from tests.conftest import REPOSITORY
from tests.faults.load import Claim, Way, ended
from tests.faults.town import SLOWER, Town, opened

SILENCE = 8.0
"""Real seconds: sixteen days."""


@pytest.mark.thorough
async def test_the_mail_server_is_away_for_days(town: Town, native: NativeStack) -> None:
    async with town.fault("the mail server away for 8 days of the clock"):
        native.mail.kill()
        await town.goes_on_for(4)
        await native.mail.start()


@pytest.mark.thorough
async def test_finance_is_away_for_days(town: Town) -> None:
    async with town.fault("finance away for 16 days of the clock, which then says all at once"):
        town.load.silent.add("finance")
        await town.goes_on_for(SILENCE)
        assert town.load.speaks_again("finance")


@pytest.mark.thorough
async def test_the_carriers_are_away_for_days(town: Town) -> None:
    async with town.fault("carriers away for 16 days of the clock, and quote when it is too late"):
        town.load.silent.add("carriers")
        await town.goes_on_for(SILENCE)
        assert town.load.speaks_again("carriers")


async def test_answers_that_came_in_time_count_though_their_time_passed_while_they_lay_unread(town: Town) -> None:
    """Escalation is away from the route on; the sellers answer, their time is over, and then it comes back."""
    async with town.fault("answers in time lie unread while escalation is away and deadlines pass", settles=False):
        await town.load.stops()
        town.load.silent.add("seller_portal")
        claims = town.load.file(*[Way.CONTESTED] * 24)
        await town.until(lambda: all(claim.routed for claim in claims), 30 * SLOWER, "routes")
        town.fleet.kill("escalation")
        assert len(town.load.speaks_again("seller_portal")) >= len(claims)
        await town.until(lambda: all(claim.respond_by for claim in claims), 30 * SLOWER, "notices")
        await _until_their_time_is_over(town, claims)
        town.serve("escalation")
        await town.until(lambda: ended(claims), 90 * SLOWER, "the contested claims to end")
    assert {claim.closed[0] for claim in claims} == {Outcome.STEPPED_IN_REJECTED}
    await town.settles()


@pytest.mark.thorough
async def test_a_deadline_waits_for_answers_that_another_service_has_not_passed_on_yet(folder: Path) -> None:
    """On a slower clock, so that all notices are out before the first seller's time is over."""
    async with (
        await Stack.native(REPOSITORY, name="faults-slow", fresh=True) as stack,
        opened(stack, folder / "slow", day=4.0 * SLOWER) as town,
    ):
        town.load.silent.add("seller_portal")
        claims = town.load.file(*[Way.CONTESTED] * 24)
        await town.until(lambda: all(claim.respond_by for claim in claims), 60 * SLOWER, "notices")
        town.fleet.kill("seller_notifier")
        assert len(town.load.speaks_again("seller_portal")) == len(claims)
        assert all(claim.respond_by and town.clock.now() < claim.respond_by for claim in claims)
        await _until_their_time_is_over(town, claims)
        town.serve("seller_notifier")
        await town.until(lambda: ended(claims), 200 * SLOWER, "the contested claims to end")
        assert {claim.closed[0] for claim in claims} == {Outcome.STEPPED_IN_REJECTED}
        await town.settles()


async def _until_their_time_is_over(town: Town, claims: Sequence[Claim]) -> None:
    last = max(claim.respond_by for claim in claims if claim.respond_by)
    seconds = town.clock.real_seconds(last - town.clock.now())
    await town.until(lambda: town.clock.now() > last, seconds + 10, "the sellers' time to be over")
    await town.goes_on_for(2, claims=0)


@pytest.mark.thorough
@pytest.mark.parametrize("service", ["intake", "seller_notifier", "escalation", "recovery"])
async def test_the_last_event_comes_out_though_its_publisher_died_and_nothing_else_ever_comes(
    town: Town, folder: Path, service: str
) -> None:
    """Killed between commit and publishing; the replica after it hears nothing new."""
    file = folder / "last.jsonl"
    file.unlink(missing_ok=True)
    await town.flows()
    await town.settles()
    town.sound = False
    town.fleet.kill(service)
    [claim] = town.load.file(Way.DIRECT)
    town.run(f"{service}.nursery", "nursery", service, "1", "last", str(file), "before publishing")
    await town.until(lambda: file.exists() and "before publishing" in file.read_text(), 60 * SLOWER, "the death")
    await town.until(lambda: claim.ended, 60 * SLOWER, "the only claim to end")
    town.signal(f"{service}.nursery", signal.SIGTERM)
    await town.until_gone(f"{service}.nursery")
    town.serve(service)
    await town.settles()
