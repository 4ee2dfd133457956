"""The passing of time: one moment may end several of a seller's matters, and they are told in this order."""

from services.insurance_accelerator import binding, cover, duty, quotes, renewals
from services.insurance_accelerator.certificates import judge_waiting
from services.insurance_accelerator.state import At, Seller
from shared.runtime import Decision


def deadline_passed(seller: Seller, at: At) -> Decision[Seller]:
    """Tell all that is over by now: the wait for a name, quotes or a carrier, the time to insure or renew, cover."""
    unnamed = tuple(waiting for waiting in seller.waiting if waiting.until <= at.now)
    judged, replies = judge_waiting(seller, unnamed, at)
    shown, comparisons = quotes.compared(judged, at.now)
    moved, ends = binding.overdue(shown, at.now)
    told = cover.told(seller, moved, replies + comparisons + ends, at)
    over, lapses = cover.lapsed(told.state, at)
    warned, reminders = duty.reminded(over, at)
    held, overdue = duty.held(told.state, warned, at)
    renewed, renewal = renewals.asked_for(held, at)
    return Decision(renewed, told.says + lapses + reminders + overdue + renewal)
