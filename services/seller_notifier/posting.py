"""Writing the letters that wait: each to its next contact, with the facts as they are at that moment."""

from datetime import timedelta
from typing import Final, TypeAlias

from services.seller_notifier.contents import contents
from services.seller_notifier.letter import Letter
from services.seller_notifier.state import Correspondence
from services.seller_notifier.wanted import Wanted
from shared.events.base import Event
from shared.events.marketplace import SellerRegistered
from shared.events.seller_notifier import NoticeKind, NoticeUndeliverable
from shared.policy import Policy
from shared.runtime import Decision, Moment

At: TypeAlias = Moment[SellerRegistered]

SOON: Final = timedelta(minutes=5)
"""When to look again for a seller's contacts that are not known yet."""


def post(state: Correspondence, at: At, *said: Event) -> Decision[Correspondence]:
    """Write the letters that wait, each to its next contact; while contacts are not known, ask again soon."""
    says, does, kept, unknown = list(said), list[Letter](), list[Wanted](), False
    for letter in state.wanted:
        if letter.written:
            kept.append(letter)
        elif not state.still_wants(letter, at.now):
            if letter.kind is NoticeKind.PROOF and not letter.outdated:
                says.append(_undeliverable(state, letter, at))  # the time to prove does not run without an outcome
        elif letter.hold_until is not None and at.now < letter.hold_until:
            kept.append(letter)
        elif not at.known:
            kept.append(letter.model_copy(update={"hold_until": None}))
            unknown = True
        elif (address := letter.next_address(_addresses(letter, at), state.came_back)) is None:
            says.append(_undeliverable(state, letter, at))
            state = state.unreached(letter)
        else:
            written = _stating_its_time(letter, policy_of(state, at), at).written_to(address)
            does.append(_letter(state, written, address, at))
            kept.append(written)
    state = state.but(wanted=tuple(kept), ask_again_at=at.now + SOON if unknown else None)
    return Decision(state, tuple(says), tuple(does))


def policy_of(state: Correspondence, at: At) -> Policy:
    """The version frozen on the claim."""
    return at.policies.version(state.policy)


def _addresses(letter: Wanted, at: At) -> tuple[str, ...]:
    """In the order to try them: the seller's, as on record now, or the insurer's one."""
    if letter.kind in (NoticeKind.INSURER, NoticeKind.INSURER_REMINDER):
        return (letter.to,) if letter.to else ()
    return at.reference.contacts if at.reference else ()


def _undeliverable(state: Correspondence, letter: Wanted, at: At) -> NoticeUndeliverable:
    return NoticeUndeliverable(
        claim_id=state.claim_id,
        seller_id=state.seller_id,
        kind=letter.kind,
        attempted_at=at.now,
        number=letter.number,
    )


def _stating_its_time(letter: Wanted, policy: Policy, at: At) -> Wanted:
    """A request for proof that was late in going out gives the whole time all the same, as recovery does."""
    if letter.prove_by is None:
        return letter
    whole = policy.after(at.now, policy.recovery.proof_days)
    return letter.model_copy(update={"prove_by": max(letter.prove_by, whole)})


def _letter(state: Correspondence, letter: Wanted, to: str, at: At) -> Letter:
    seller, policy = at.reference, policy_of(state, at)
    return Letter(
        claim_id=state.claim_id,
        letter_id=letter.id_on(state.claim_id),
        kind=letter.kind,
        contact=letter.contact,
        to=to,
        name=seller.name if seller else state.seller_id,
        language=seller.language if seller else policy.letters.language,
        fallback=policy.letters.language,
        marketplace=state.marketplace,
        currency=state.currency,
        order_id=state.order_id,
        product=state.product,
        written_at=at.now,
        contents=contents(state, letter, policy, at.now),
    )
