"""Routes of the seller's answer: whether, when and what he and his insurer said, and whether he could be reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.demo.routes.story import Story, route
from shared.events.adjusters import ReviewKind
from shared.events.escalation import (
    ClaimClosed,
    ClaimEscalated,
    Outcome,
    PaymentContested,
    PayoutAuthorized,
    ReviewOpened,
    Route,
    RouteChosen,
)
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import SettlementReplyRecorded
from shared.events.marketplace import Standing
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeBounced,
    NoticeKind,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
    SettlementReported,
)
from shared.events.seller_portal import AnswerChoice, SellerAnswered

A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """When a word of the seller's was received and when it was heard, and the end of the time for it."""

    received_at: datetime
    at: datetime
    limit: datetime

    @property
    def in_time(self) -> bool:
        return self.received_at <= self.limit

    @property
    def heard_late(self) -> bool:
        return self.in_time and self.at > self.limit + A_SECOND


@route
def paid_directly(story: Story) -> bool:
    """Small and covered: paid at the end of the seller's comment window, or at his word that he agrees."""
    paid = story.has(PayoutAuthorized, route=Route.DIRECT_PAY)
    return paid and not story.has(SellerCommentRecorded, contrary=True)


@route
def contrary_evidence(story: Story) -> bool:
    """On direct pay the seller objected in his window, with evidence: a person looked."""
    return any(heard.in_time for heard in _contrary(story)) and _reviewed(story)


@route
def contrary_heard_late(story: Story) -> bool:
    """On direct pay the seller objected in his window, and was heard when it was over."""
    return any(heard.heard_late for heard in _contrary(story))


@route
def contrary_too_late(story: Story) -> bool:
    """On direct pay the seller objected when his window was over: kept as evidence."""
    return any(not heard.in_time for heard in _contrary(story))


@route
def seller_pays_through_us(story: Story) -> bool:
    """The seller accepted, and the marketplace paid for him."""
    return story.has(PayoutAuthorized, route=Route.SELLER_ACCEPTED) and _chose(story, AnswerChoice.PAY_THROUGH_US)


@route
def seller_contests_all(story: Story) -> bool:
    """The seller contested the claim as a whole."""
    return any(not answer.contested_items for answer in story.all(SellerAnswerRecorded, choice=AnswerChoice.CONTEST))


@route
def seller_contests_some(story: Story) -> bool:
    """The seller contested some items and accepted the others."""
    return any(review.contested for review in story.all(ReviewOpened))


@route
def seller_settled_confirmed(story: Story) -> bool:
    """The seller says that he paid the customer himself, and the customer confirms it."""
    return story.has(SettlementReported) and story.has(SettlementReplyRecorded, confirmed=True)


@route
def seller_settled_disputed(story: Story) -> bool:
    """The seller says that he paid the customer himself, and the customer disputes it."""
    return story.has(SettlementReported) and story.has(SettlementReplyRecorded, confirmed=False)


@route
def seller_settled_no_word(story: Story) -> bool:
    """The seller says that he paid the customer himself, and the customer says nothing."""
    settled = story.has(SettlementReported) and not story.has(SettlementReplyRecorded)
    return settled and story.has(ClaimClosed, outcome=Outcome.RESOLVED_BY_SELLER) and not story.has(PayoutAuthorized)


@route
def promise_broken(story: Story) -> bool:
    """The seller promised to settle himself, and never did."""
    return _chose(story, AnswerChoice.SETTLE_DIRECTLY) and not story.has(SettlementReported)


@route
def insurer_settles_fully(story: Story) -> bool:
    """The seller's insurer settled with the customer in full."""
    return any(settled.amount_minor >= _admitted(story) for settled in story.all(InsurerSettled))


@route
def insurer_settles_partly(story: Story) -> bool:
    """The seller's insurer settled a part; a person looked at the rest."""
    return any(settled.amount_minor < _admitted(story) for settled in story.all(InsurerSettled))


@route
def insurer_rejects(story: Story) -> bool:
    """The seller's insurer rejected the claim."""
    return story.has(InsurerRejected)


@route
def insurer_silent(story: Story) -> bool:
    """The seller's insurer did not reply."""
    return story.has(InsurerNotified) and not story.has(InsurerSettled) and not story.has(InsurerRejected)


@route
def insurer_unreachable(story: Story) -> bool:
    """The seller referred to an insurer who could not be told."""
    return _chose(story, AnswerChoice.REFER_TO_INSURER) and story.has(NoticeUndeliverable, kind=NoticeKind.INSURER)


@route
def seller_silent(story: Story) -> bool:
    """The seller said nothing in his time: the marketplace stepped in."""
    return story.has(ClaimEscalated, route=Route.SELLER_SILENT)


@route
def answer_before_notice(story: Story) -> bool:
    """The seller answered before the notice had reached him."""
    notices = story.all(SellerNotified)
    return any(notices and a.received_at < notices[0].handed_over_at for a in story.all(SellerAnswerRecorded))


@route
def answer_heard_after_timer(story: Story) -> bool:
    """The seller's answer came in time, and was heard when the time was over."""
    return any(heard.heard_late for heard in _answers(story))


@route
def answer_in_same_second(story: Story) -> bool:
    """The seller's answer came in the very second in which his time was over."""
    return any(abs(heard.received_at - heard.limit) < A_SECOND for heard in _answers(story))


@route
def answer_after_timer(story: Story) -> bool:
    """The seller's answer came when his time was over: kept as evidence."""
    return any(not heard.in_time for heard in _answers(story))


@route
def payment_contested(story: Story) -> bool:
    """An answer that had come in time was heard when the payout had been ordered: a dispute about the debit."""
    return story.has(PaymentContested)


@route
def answers_contradict(story: Story) -> bool:
    """The seller answered twice, and not the same: the first one counts."""
    return len({answer.choice for answer in story.all(SellerAnswerRecorded)}) > 1


@route
def somebody_else_answers(story: Story) -> bool:
    """Another seller answered: that is nothing."""
    chosen = story.first(RouteChosen)
    return chosen is not None and any(a.seller_id != chosen.seller_id for a in story.all(SellerAnswered))


@route
def one_extension(story: Story) -> bool:
    """The seller asked for more time, and had it once."""
    return story.has(ExtensionGranted)


@route
def no_notice_possible(story: Story) -> bool:
    """No contact of the seller took the notice: a person looked, silence is not presumed."""
    return story.has(NoticeUndeliverable, kind=NoticeKind.CLAIM) and not story.has(SellerNotified)


@route
def notice_bounced_once(story: Story) -> bool:
    """The notice came back, and the next contact took it: the seller has his time anew."""
    return story.has(NoticeBounced, kind=NoticeKind.CLAIM) and len(story.all(SellerNotified)) > 1


@route
def notice_bounced_for_good(story: Story) -> bool:
    """The notice came back, and there was no other contact."""
    undeliverable = story.has(NoticeUndeliverable, kind=NoticeKind.CLAIM)
    return undeliverable and story.has(NoticeBounced, kind=NoticeKind.CLAIM)


@route
def seller_suspended(story: Story) -> bool:
    """The seller sells no more; he had his time to answer."""
    return story.has(SellerNotified, standing=Standing.SUSPENDED)


@route
def seller_insolvent(story: Story) -> bool:
    """Nobody at the seller's could answer: the marketplace stepped in at once."""
    return story.has(SellerNotified, standing=Standing.INSOLVENT)


def _answers(story: Story) -> Iterator[Heard]:
    """What the right seller answered, by the end of his time as it was then."""
    for answer, at in story.told(SellerAnswerRecorded):
        given = [n.respond_by for n in story.all(SellerNotified) if n.handed_over_at <= answer.received_at]
        given += [more.respond_by for more, granted in story.told(ExtensionGranted) if granted <= answer.received_at]
        if given:
            yield Heard(answer.received_at, at, max(given))


def _contrary(story: Story) -> Iterator[Heard]:
    """Objections on direct pay, by the end of the window."""
    window = story.first(SellerNotified, direct_pay=True)
    for comment, at in story.told(SellerCommentRecorded):
        if window is not None and comment.contrary:
            yield Heard(comment.received_at, at, window.respond_by)


def _chose(story: Story, choice: AnswerChoice) -> bool:
    return story.has(SellerAnswerRecorded, choice=choice)


def _reviewed(story: Story) -> bool:
    return story.has(ReviewOpened, review=ReviewKind.CONTESTED)


def _admitted(story: Story) -> int:
    return max((notice.admitted_minor or 0 for notice in story.all(InsurerNotified)), default=0)
