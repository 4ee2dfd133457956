"""A month's proceeds: they name the account, and may bring the duty to insure."""

from services.insurance_accelerator import cover, duty
from services.insurance_accelerator.certificates import judge_waiting
from services.insurance_accelerator.quotes import received
from services.insurance_accelerator.state import At, Named, Seller
from shared.events.marketplace import SellerProceedsReported
from shared.runtime import Decision


def proceeds_reported(seller: Seller, event: SellerProceedsReported, at: At) -> Decision[Seller]:
    """The account's name is known, so certificates need wait no longer; proceeds may bring the duty to insure."""
    obliged, required = duty.begun(_named(seller, event, at), event, at)
    judged, replies = judge_waiting(obliged, obliged.waiting, at)
    return cover.told(seller, judged, required + replies, at)


def _named(seller: Seller, event: SellerProceedsReported, at: At) -> Seller:
    """An older month that is reported late gives an account no older name back."""
    reported = Named(event.month, received(at))
    if seller.named is not None and reported < seller.named:
        return seller
    return seller.but(account_name=event.account_name, named=reported)
