"""Those outside are away: the mail server, finance, and sellers whose answers lie unread while their time runs out."""

import signal
from pathlib import Path

import pytest

from ops.local.stack import NativeStack
from shared.events.escalation import Outcome
from tests.conftest import REPOSITORY
from tests.faults.load import Way, ended
from tests.faults.town import SLOWER, Town

pytestmark = pytest.mark.thorough
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


async def test_the_carriers_are_away_for_days(town: Town) -> None:
    async with town.fault("carriers away for 16 days of the clock, and quote when it is too late"):
        town.load.silent.add("carriers")
        await town.goes_on_for(SILENCE)
        assert town.load.speaks_again("carriers")


async def test_answers_that_came_in_time_count_though_their_time_passed_while_they_lay_unread(town: Town) -> None:
    """Escalation is away from the route on; the sellers answer, the time is over, and then it comes back."""
    town.load.silent.add("seller_portal")
    async with town.fault("answers in time lie unread while escalation is away and deadlines pass", settles=False):
        await town.load.stops()
        claims = town.load.file(*[Way.CONTESTED] * 24)
        await town.until(lambda: all(claim.routed for claim in claims), 30 * SLOWER, "routes")
        town.fleet.kill("escalation")
        await town.until(lambda: all(claim.respond_by for claim in claims), 30 * SLOWER, "notices")
        said = town.load.speaks_again("seller_portal")
        in_time = {claim.claim_id for claim in claims if claim.respond_by and town.clock.now() < claim.respond_by}
        last = max(claim.respond_by for claim in claims if claim.respond_by)
        await town.until(lambda: town.clock.now() > last, 30 * SLOWER, "the sellers' time to be over")
        town.serve("escalation")
        await town.until(lambda: ended(claims), 90 * SLOWER, "the contested claims to end")
    assert len(said) == len(claims)
    assert len(in_time) >= 12
    ends = {claim.closed[0] for claim in claims if claim.claim_id in in_time}
    assert ends == {Outcome.STEPPED_IN_REJECTED}
    await town.settles()


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
    town.fleet.start(
        f"{service}.nursery", "tests.faults.nursery", service, "1", "last", str(file), "before publishing",
        environment={"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    await town.until(lambda: file.exists() and "before publishing" in file.read_text(), 60 * SLOWER, "the death")
    await town.until(lambda: claim.ended, 60 * SLOWER, "the only claim to end")
    town.signal(f"{service}.nursery", signal.SIGTERM)
    await town.until_gone(f"{service}.nursery")
    town.serve(service)
    await town.settles()
