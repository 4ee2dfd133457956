"""The marketplace's mail gateway: some letters that were accepted come back hours or days later."""

from enum import Enum
from typing import ClassVar, Final
from uuid import UUID

from ops.demo.luck import Fate, after
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event
from shared.events.mail_gateway import LetterBounced
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, SellerNotified


class ClaimLetter(Enum):
    """What becomes of the notice of one claim."""

    ARRIVES = "arrives"
    FIRST_RETURNS = "the first one comes back"
    EACH_RETURNS = "each one comes back"


class DebitLetter(Enum):
    """What becomes of the debit notice of one claim."""

    ARRIVES = "arrives"
    RETURNS_SOON = "the first one comes back soon"
    RETURNS_LATE = "the first one comes back when the debit has been asked for"


CLAIM_LETTERS: Final = {ClaimLetter.ARRIVES: 95.5, ClaimLetter.FIRST_RETURNS: 3, ClaimLetter.EACH_RETURNS: 1.5}
DEBIT_LETTERS: Final = {DebitLetter.ARRIVES: 94, DebitLetter.RETURNS_SOON: 3, DebitLetter.RETURNS_LATE: 3}
OTHERS_RETURN: Final = 0.01
"""Share of all other letters."""
DEBIT_ASKED: Final = 8
"""Days after which the debit has been asked for on a notice, where nothing stood in the way."""


def claim_letter(fate: Fate, claim_id: UUID) -> ClaimLetter:
    """What becomes of the notice of a claim; the seller who never got it cannot answer it."""
    return fate.decides(claim_id, fate.chance("mail", claim_id, "claim"), CLAIM_LETTERS)


class MailGateway:
    name: ClassVar = "mail"
    hears: ClassVar = frozenset[type[Event]]({SellerNotified, NoticeHandedOver})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._first: dict[tuple[UUID, NoticeKind], UUID] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case SellerNotified(letter_id=UUID() as letter_id):
                return self._claim(event.claim_id, letter_id, envelope)
            case NoticeHandedOver(letter_id=UUID() as letter_id, kind=NoticeKind.DEBIT):
                return self._debit(event.claim_id, letter_id, envelope)
            case NoticeHandedOver(letter_id=UUID() as letter_id):
                return self._other(event.claim_id, letter_id, envelope)
            case _:
                return []

    def _claim(self, claim_id: UUID, letter_id: UUID, handed_over: Envelope) -> list[Saying]:
        first = self._is_first(claim_id, NoticeKind.CLAIM, letter_id)
        match claim_letter(self._fate, claim_id):
            case ClaimLetter.FIRST_RETURNS if first:
                return self._returns(claim_id, letter_id, handed_over, 0.1, 1.5)
            case ClaimLetter.EACH_RETURNS:
                return self._returns(claim_id, letter_id, handed_over, 0.1, 1.5)
            case _:
                return []

    def _debit(self, claim_id: UUID, letter_id: UUID, handed_over: Envelope) -> list[Saying]:
        if not self._is_first(claim_id, NoticeKind.DEBIT, letter_id):
            return []
        match self._fate.decides(claim_id, self._fate.chance(self.name, claim_id, "debit"), DEBIT_LETTERS):
            case DebitLetter.RETURNS_SOON:
                return self._returns(claim_id, letter_id, handed_over, 0.5, 3)
            case DebitLetter.RETURNS_LATE:
                return self._returns(claim_id, letter_id, handed_over, DEBIT_ASKED, DEBIT_ASKED + 1)
            case DebitLetter.ARRIVES:
                return []

    def _other(self, claim_id: UUID, letter_id: UUID, handed_over: Envelope) -> list[Saying]:
        if self._fate.chance(self.name, letter_id, "other").random() >= OTHERS_RETURN:
            return []
        return self._returns(claim_id, letter_id, handed_over, 0.1, 2)

    def _returns(
        self, claim_id: UUID, letter_id: UUID, handed_over: Envelope, low_days: float, high_days: float
    ) -> list[Saying]:
        pause = after(self._fate.chance(self.name, letter_id), low_days, high_days)
        return [Saying(LetterBounced(claim_id=claim_id, letter_id=letter_id), handed_over.time + pause)]

    def _is_first(self, claim_id: UUID, kind: NoticeKind, letter_id: UUID) -> bool:
        return self._first.setdefault((claim_id, kind), letter_id) == letter_id
