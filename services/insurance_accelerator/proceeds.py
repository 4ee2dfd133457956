"""A month's proceeds: they name the account, and may bring the duty to insure."""

from services.insurance_accelerator import cover, duty
from services.insurance_accelerator.certificates import judge_waiting
from services.insurance_accelerator.state import At, Seller
from shared.events.marketplace import SellerProceedsReported
from shared.runtime import Decision


def proceeds_reported(seller: Seller, event: SellerProceedsReported, at: At) -> Decision[Seller]:
    """The account's name is known, so certificates need wait no longer; proceeds may bring the duty to insure."""
    named = seller.but(account_name=event.account_name)
    obliged, required = duty.begun(named, event, at)
    judged, replies = judge_waiting(obliged, obliged.waiting, at)
    return cover.told(seller, judged, required + replies, at)
