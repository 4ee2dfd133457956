"""What codes mean, for people who must decide on them."""

from collections.abc import Mapping
from typing import Final

from shared.events.adjusters import ReviewKind
from shared.events.claim import Signal

SIGNALS: Final[Mapping[Signal, str]] = {
    Signal.SAME_ORDER: "another claimant's claim names the same order",
    Signal.SAME_INCIDENT: "the claimant has another claim of the same day, for another order",
    Signal.SAME_EVIDENCE: "another claimant's claim shows the same paper",
    Signal.SAME_PAYEE: "another claimant's claim is to be paid to the same payee",
    Signal.MANY_BY_CLAIMANT: "the claimant has made many claims lately",
    Signal.MANY_AGAINST_SELLER: "many claims against this seller have come lately",
    Signal.JUST_UNDER_LINE: "the amount is just under the small-claim line",
    Signal.OUTSIDE_POSSESSION: "the incident was before the item was delivered, or after it was sent back",
}

REVIEWS: Final[Mapping[ReviewKind, str]] = {
    ReviewKind.CONTESTED: "somebody says that the claim, or an item of it, is not right",
    ReviewKind.AMOUNT: "the claim is to be paid and is above the small-claim line: how much of each item?",
    ReviewKind.SERIOUS_INJURY: "an injury that is never paid for without a person's look",
    ReviewKind.UNDELIVERABLE: "the seller could not be reached, so his silence says nothing",
    ReviewKind.INVESTIGATION: "it looks like fraud: may the claim go on?",
    ReviewKind.REOPENED: "a claim that had ended is looked at again: is more owed than was paid?",
}
