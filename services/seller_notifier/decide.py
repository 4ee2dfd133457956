"""What follows from what is heard about a claim, from its seller, and of its letters."""

from datetime import timedelta
from typing import Final

from services.seller_notifier.contents import contents, time_to_answer
from services.seller_notifier.letter import Letter, LetterOutcome, LetterSent
from services.seller_notifier.state import Correspondence, Extension, Wanted
from shared.events.base import Event
from shared.events.escalation import ClaimClosed, RouteChosen
from shared.events.intake import ClaimAccepted
from shared.events.marketplace import SellerRegistered
from shared.events.recovery import DebitNoticed, ProofRequested
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeHandedOver,
    NoticeKind,
    NoticeRefused,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
    SettlementReported,
)
from shared.events.seller_portal import (
    AnswerChoice,
    ExtensionRequested,
    SellerAnswered,
    SellerCommented,
    SellerReportsSettled,
)
from shared.policy import Policy
from shared.runtime import Decision, Moment, unchanged

Now = Moment[SellerRegistered]

SOON: Final = timedelta(minutes=5)
"""When to look again for a seller's contacts that are not known yet."""


def claim_accepted(event: ClaimAccepted, at: Now) -> Decision[Correspondence]:
    """Keep what the letters will need; the notice waits for the route."""
    return Decision(Correspondence.about(event))


def route_chosen(state: Correspondence, event: RouteChosen, at: Now) -> Decision[Correspondence]:
    """Write the claim notice, once."""
    if state.direct_pay is not None:
        return unchanged(state)
    return post(state.but(direct_pay=event.direct_pay).wanting(NoticeKind.CLAIM), at)


def proof_requested(state: Correspondence, event: ProofRequested, at: Now) -> Decision[Correspondence]:
    """Ask for proof of insurance."""
    return post(state.wanting(NoticeKind.PROOF, amount_minor=event.amount_minor, prove_by=event.prove_by), at)


def debit_noticed(state: Correspondence, event: DebitNoticed, at: Now) -> Decision[Correspondence]:
    """Give notice of the debit."""
    return post(state.wanting(NoticeKind.DEBIT, amount_minor=event.amount_minor, notice_days=event.notice_days), at)


def claim_closed(state: Correspondence, event: ClaimClosed, at: Now) -> Decision[Correspondence]:
    """No more reminders; letters about money may still follow."""
    return Decision(state.but(closed=event.outcome, reminders=()))


def deadline_passed(state: Correspondence, at: Now) -> Decision[Correspondence]:
    """Remind (once, however many reminders were missed), and look again for contacts not known before."""
    ahead = tuple(moment for moment in state.reminders if moment > at.now)
    if ahead != state.reminders:
        state = state.but(reminders=ahead).wanting(NoticeKind.REMINDER)
    return post(state, at)


# What the seller says. Only the claim's own seller is heard, and the same word only once.


def seller_answered(state: Correspondence, event: SellerAnswered, at: Now) -> Decision[Correspondence]:
    """Record every answer; one received too late is evidence and moves nothing here."""
    heard = state.hearing("answer", event.answer_id)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    recorded = SellerAnswerRecorded(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        answer_id=event.answer_id,
        choice=event.choice,
        contested_items=event.contested_items,
        evidence=event.evidence,
        received_at=at.said_at,
    )
    if state.respond_by is not None and at.said_at > state.respond_by:
        return Decision(heard, (recorded,))
    answered = heard.but(choice=state.choice or event.choice, reminders=())
    if not _reaches_insurer(state, event):
        return Decision(answered, (recorded,))
    return post(answered.wanting(NoticeKind.INSURER, to=event.insurer_contact or ""), at, recorded)


def _reaches_insurer(state: Correspondence, event: SellerAnswered) -> bool:
    """A referral as the first answer. When its address does not work, a person reviews the claim instead."""
    open_to_it = not state.direct_pay and state.closed is None and state.choice is None
    return open_to_it and event.choice is AnswerChoice.REFER_TO_INSURER


def extension_requested(state: Correspondence, event: ExtensionRequested, at: Now) -> Decision[Correspondence]:
    """Grant the one extension, before the time to answer is over. Asked for early, it is granted at the hand-over."""
    if event.seller_id != state.seller_id or not _may_extend(state):
        return unchanged(state)
    if state.respond_by is None:
        return Decision(state.but(extension=Extension.WANTED))
    if at.now >= state.respond_by:
        return unchanged(state)
    return _extended(state, _policy(state, at))


def _may_extend(state: Correspondence) -> bool:
    awaited = state.choice is None and state.closed is None
    return awaited and not state.direct_pay and state.extension is Extension.UNUSED


def _extended(state: Correspondence, policy: Policy, *said: Event) -> Decision[Correspondence]:
    """The extension has its own reminders, counted from where the first time would have ended."""
    before = state.respond_by
    if before is None or policy.handling.extension_days == 0:
        return Decision(state, said)
    respond_by = before + policy.days(policy.handling.extension_days)
    more = tuple(before + policy.days(n) for n in policy.handling.reminder_days)
    granted = ExtensionGranted(claim_id=state.claim_id, seller_id=state.seller_id, respond_by=respond_by)
    extended = state.but(
        respond_by=respond_by,
        extension=Extension.GRANTED,
        reminders=(*state.reminders, *(moment for moment in more if before < moment < respond_by)),
    )
    return Decision(extended, (*said, granted))


def seller_commented(state: Correspondence, event: SellerCommented, at: Now) -> Decision[Correspondence]:
    """Record the comment and when it was received; escalation decides what it changes."""
    heard = state.hearing("comment", event.contrary, *event.evidence)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    recorded = SellerCommentRecorded(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        contrary=event.contrary,
        evidence=event.evidence,
        received_at=at.said_at,
    )
    return Decision(heard, (recorded,))


def seller_reports_settled(state: Correspondence, event: SellerReportsSettled, at: Now) -> Decision[Correspondence]:
    """Record the proof of a settlement."""
    heard = state.hearing("settled", event.proof)
    if event.seller_id != state.seller_id or heard is None:
        return unchanged(state)
    reported = SettlementReported(
        claim_id=state.claim_id, seller_id=state.seller_id, proof=event.proof, received_at=at.said_at
    )
    return Decision(heard, (reported,))


# What became of a letter.


def letter_sent(state: Correspondence, event: LetterSent, at: Now) -> Decision[Correspondence]:
    """Put the delivery on record, or try the next contact."""
    letter = state.under_way(event.letter_id)
    if letter is None:
        return unchanged(state)
    if event.outcome is not LetterOutcome.HANDED_OVER:
        refused = NoticeRefused(
            claim_id=state.claim_id, seller_id=state.seller_id, kind=letter.kind, contact=letter.contact
        )
        return post(state.trying_next_contact(letter), at, refused)
    if letter.kind is NoticeKind.CLAIM:
        return _seller_notified(state.without(letter), at)
    handed_over = NoticeHandedOver(
        claim_id=state.claim_id, seller_id=state.seller_id, kind=letter.kind, handed_over_at=at.now
    )
    if letter.kind is NoticeKind.INSURER:
        return _insurer_notified(state.without(letter), at, handed_over)
    return Decision(state.without(letter), (handed_over,))


def _seller_notified(state: Correspondence, at: Now) -> Decision[Correspondence]:
    """Freeze ``respond_by``, counted from now: never before the one in the letter, which was written earlier."""
    policy, direct_pay = _policy(state, at), bool(state.direct_pay)
    respond_by = at.now + time_to_answer(policy, direct_pay=direct_pay)
    notified = SellerNotified(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        direct_pay=direct_pay,
        handed_over_at=at.now,
        respond_by=respond_by,
    )
    state = state.but(respond_by=respond_by)
    if direct_pay or state.choice is not None or state.closed is not None:
        return Decision(state, (notified,))
    planned = (at.now + policy.days(n) for n in policy.handling.reminder_days)
    state = state.but(reminders=tuple(moment for moment in planned if at.now < moment < respond_by))
    if state.extension is Extension.WANTED:
        return _extended(state, policy, notified)
    return Decision(state, (notified,))


def _insurer_notified(state: Correspondence, at: Now, handed_over: NoticeHandedOver) -> Decision[Correspondence]:
    policy = _policy(state, at)
    notified = InsurerNotified(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        handed_over_at=at.now,
        respond_by=at.now + policy.days(policy.handling.insurer_response_days),
    )
    return Decision(state, (handed_over, notified))


# Writing.


def post(state: Correspondence, at: Now, *said: Event) -> Decision[Correspondence]:
    """Write the letters that wait, each to its next contact; while contacts are not known, ask again soon."""
    says, does, under_way, waiting = list(said), list[Letter](), list[Wanted](), False
    for letter in state.wanted:
        if letter.written:
            under_way.append(letter)
        elif not state.still_wants(letter, at.now):
            continue
        elif not at.known:
            under_way.append(letter)
            waiting = True
        elif letter.contact >= len(contacts := _contacts(letter, at)):
            says.append(_undeliverable(state, letter, at))
        else:
            does.append(_letter(state, letter, contacts[letter.contact], at))
            under_way.append(letter.model_copy(update={"written": True}))
    state = state.but(wanted=tuple(under_way), ask_again_at=at.now + SOON if waiting else None)
    return Decision(state, tuple(says), tuple(does))


def _contacts(letter: Wanted, at: Now) -> tuple[str, ...]:
    """In the order to try them: the seller's, as on record now, or the insurer's one."""
    if letter.kind is NoticeKind.INSURER:
        return (letter.to,) if letter.to else ()
    return at.reference.contacts if at.reference else ()


def _undeliverable(state: Correspondence, letter: Wanted, at: Now) -> NoticeUndeliverable:
    return NoticeUndeliverable(
        claim_id=state.claim_id, seller_id=state.seller_id, kind=letter.kind, attempted_at=at.now
    )


def _letter(state: Correspondence, letter: Wanted, to: str, at: Now) -> Letter:
    seller = at.reference
    return Letter(
        claim_id=state.claim_id,
        letter_id=state.id_of(letter),
        kind=letter.kind,
        contact=letter.contact,
        to=to,
        name=seller.name if seller else state.seller_id,
        language=seller.language if seller else "en",
        marketplace=state.marketplace,
        currency=state.currency,
        order_id=state.order_id,
        product=state.product,
        written_at=at.now,
        contents=contents(state, letter, _policy(state, at), at.now),
    )


def _policy(state: Correspondence, at: Now) -> Policy:
    """The version frozen on the claim."""
    return at.policies.version(state.policy)
