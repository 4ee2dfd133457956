"""What concerns several matters of a seller at once: the account's name and proceeds, and the passing of time."""

from typing import Any

from services.insurance_accelerator import binding, cover, duty, quotes, renewals
from services.insurance_accelerator.certificates import judge_waiting
from services.insurance_accelerator.state import Seller
from shared.events.marketplace import SellerProceedsReported
from shared.runtime import Decision, Moment


def proceeds_reported(seller: Seller, event: SellerProceedsReported, at: Moment[Any]) -> Decision[Seller]:
    """The account's name is known, so certificates need wait no longer; proceeds may bring the duty to insure."""
    named = seller.model_copy(update={"account_name": event.account_name})
    obliged, required = duty.begun(named, event, at)
    judged, replies = judge_waiting(obliged, obliged.waiting, at)
    return cover.told(seller, judged, required + replies, at)


def deadline_passed(seller: Seller, at: Moment[Any]) -> Decision[Seller]:
    """Tell all that is over by now: the wait for a name, quotes or a carrier, the time to insure or renew, cover."""
    unnamed = tuple(waiting for waiting in seller.waiting if waiting.until <= at.now)
    judged, replies = judge_waiting(seller, unnamed, at)
    shown, comparisons = quotes.compared(judged, at.now)
    moved, ends = binding.overdue(shown, at.now)
    told = cover.told(seller, moved, replies + comparisons + ends, at)
    over, lapses = cover.lapsed(told.state, at)
    warned, duties = duty.passed(over, at)
    renewed, renewal = renewals.asked_for(warned, at)
    return Decision(renewed, told.says + lapses + duties + renewal)
