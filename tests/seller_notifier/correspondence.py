"""One of every letter, as the decisions write it, in any language and on any marketplace."""

from typing import Any, Final

from services.seller_notifier import answers, decide, deliveries, reimbursement
from services.seller_notifier.letter import Letter
from services.seller_notifier.rendering import Words, render
from services.seller_notifier.state import Correspondence
from shared.events.marketplace import SellerRegistered
from shared.policy import Policies
from shared.runtime import Moment
from tests.deciding import at, day
from tests.seller_notifier.given import (
    accepted,
    amendment,
    appeal,
    closed,
    debit_noticed,
    only_letter,
    proof_requested,
    referral,
    reopened,
    resumed,
    reversed_,
    route,
    seller,
    sent,
)

PORTAL: Final = "https://portal.example"


class Writing:
    """Somebody to write to, in ``language``, about a claim with these facts; days from the start of the story."""

    def __init__(self, language: str, policies: Policies | None = None, **claim: Any) -> None:
        self.seller, self.policies, self.claim = seller(language=language), policies, claim

    def on(self, number: float) -> Moment[SellerRegistered]:
        there = at(day(number), self.seller)
        return Moment(there.now, there.said_at, self.policies or there.policies, reference=self.seller)

    def notice(self, *, direct_pay: bool = False, **claim: Any) -> tuple[Correspondence, Letter]:
        """Handed over on day 0."""
        state = decide.claim_accepted(accepted(**self.claim | claim), self.on(0)).state
        decision = decide.route_chosen(state, route(direct_pay=direct_pay), self.on(0))
        letter = only_letter(decision)
        return deliveries.letter_sent(decision.state, sent(letter), self.on(0)).state, letter


def every_letter(language: str, policies: Policies | None = None, **claim: Any) -> dict[str, Letter]:
    """By what it tells: the template's name, and the variant."""
    writing = Writing(language, policies, **claim)
    return _before_payment(writing) | _about_money(writing) | _to_insurer(writing)


def _before_payment(writing: Writing) -> dict[str, Letter]:
    notified, claim = writing.notice()
    direct, direct_pay = writing.notice(direct_pay=True)
    large, claim_large = writing.notice(small=False)
    ended = decide.claim_closed(notified, closed(), writing.on(10)).state
    crossed = decide.amendment_recorded(notified, amendment(small=False), writing.on(0.5)).state.but(reminders=())
    shrunk = decide.amendment_recorded(large, amendment(small=True), writing.on(0.5)).state.but(reminders=())
    return {
        "claim": claim,
        "claim, large": claim_large,
        "direct_pay": direct_pay,
        "reminder": only_letter(decide.deadline_passed(notified, writing.on(4))),
        "amended": only_letter(decide.amendment_recorded(notified, amendment(), writing.on(1))),
        "amended, direct pay": only_letter(decide.amendment_recorded(direct, amendment(), writing.on(1))),
        "amended, large now": only_letter(decide.deadline_passed(crossed, writing.on(2))),
        "amended, small now": only_letter(decide.deadline_passed(shrunk, writing.on(2))),
        "amended, over": only_letter(decide.amendment_recorded(notified, amendment(), writing.on(20))),
        "reopened": only_letter(decide.claim_reopened(ended, reopened(), writing.on(12))),
    }


def _about_money(writing: Writing) -> dict[str, Letter]:
    notified, _ = writing.notice()
    appealed = answers.seller_appealed(notified, appeal(), writing.on(20)).state
    return {
        "proof": only_letter(reimbursement.proof_requested(notified, proof_requested(day(27)), writing.on(20))),
        "debit": only_letter(reimbursement.debit_noticed(notified, debit_noticed(), writing.on(20))),
        "debit, appealed": only_letter(reimbursement.debit_noticed(appealed, debit_noticed(), writing.on(20))),
        "appeal, won": only_letter(reimbursement.recovery_reversed(appealed, reversed_(), writing.on(25))),
        "appeal, lost": only_letter(reimbursement.recovery_resumed(appealed, resumed(), writing.on(25))),
        "appeal, still open": only_letter(reimbursement.recovery_resumed(notified, resumed(), writing.on(25))),
    }


def _to_insurer(writing: Writing) -> dict[str, Letter]:
    notified, _ = writing.notice()
    decision = answers.seller_answered(notified, referral(), writing.on(1))
    letter = only_letter(decision)
    told = deliveries.letter_sent(decision.state, sent(letter), writing.on(1)).state
    last = told.insurer.reminders[-1] if told.insurer else day(21)
    return {
        "insurer": letter,
        "insurer_reminder": only_letter(decide.deadline_passed(told, writing.on((last - day(0)).days))),
    }


def rendered(letter: Letter) -> Words:
    return render(letter, PORTAL)
