"""A letter on its way through a claim: wanted, written to one contact after another, handed over, come back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from pydantic import SerializerFunctionWrapHandler, model_serializer

from services.seller_notifier.letter import letter_id
from shared.events.base import Fact, PersonalLine, derived_id
from shared.events.claim import ReopeningReason
from shared.events.recovery import WaiverReason
from shared.events.seller_notifier import NoticeKind
from shared.money import Minor

MOST_TRIES: Final = 10
"""However often a seller changes his contacts, one letter goes to no more than so many."""


class Wanted(Fact):
    """``written`` to the last address of ``tried`` (marks of addresses), or still to be written to one not tried yet.

    ``contact``: the number of that address among those tried, from 0.
    ``outdated``: what it tells holds no longer. ``hold_until``: not to be written before, while it may become so. The
    rest are facts of single kinds of letter. A PROOF has ``prove_by`` as it states it; the ``number`` is that of the
    DebitNoticed. An APPEAL tells that the recovery was ``reversed_for`` something, or that
    it goes on; an AMENDED that the claim was ``reopened_for`` something, or that it came to ``amount_minor`` before.
    """

    kind: NoticeKind
    ordinal: int = 0
    contact: int = 0
    written: bool = False
    tried: tuple[str, ...] = ()
    came_back: bool = False
    outdated: bool = False
    hold_until: datetime | None = None
    to: PersonalLine = ""
    """The insurer's address; letters to the seller go to the contacts on record."""
    amount_minor: Minor = 0
    prove_by: datetime | None = None
    number: int | None = None
    was_small: bool = False
    reversed_for: WaiverReason | None = None
    reopened_for: ReopeningReason | None = None

    def id_on(self, claim_id: UUID) -> UUID:
        return letter_id(claim_id, self.kind, self.contact, self.ordinal)

    def next_address(self, addresses: Iterable[str], came_back: tuple[str, ...]) -> str | None:
        """The first that was not tried, those from which a letter came back last; None: there is none left."""
        untried = [address for address in addresses if mark(address) not in self.tried]
        if len(self.tried) >= MOST_TRIES or not untried:
            return None
        return min(untried, key=lambda address: mark(address) in came_back)

    def written_to(self, address: str) -> Self:
        return self.model_copy(update={"written": True, "tried": (*self.tried, mark(address))})

    def to_next_contact(self) -> Self:
        return self.model_copy(update={"written": False, "contact": self.contact + 1})

    @model_serializer(mode="wrap")
    def _as_little_as_tells_it(self, rest: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is not so is left out: of each kind of letter most is not, and a claim's state must stay small."""
        return {name: value for name, value in rest(self).items() if value}


def mark(address: str) -> str:
    """Tells an address from the few others of one seller, without keeping it."""
    return derived_id("address", address).hex[:8]
