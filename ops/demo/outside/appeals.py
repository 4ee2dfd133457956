"""Sellers who do not let a debit pass: they appeal, with new information."""

from enum import Enum
from random import Random
from typing import ClassVar, Final

from ops.demo.luck import Fate, after
from ops.demo.outside.directory import Stands, stands
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind
from shared.events.seller_portal import SellerAppealed


class Appeal(Enum):
    """Whether a seller appeals when the debit notice has arrived."""

    NONE = "does not appeal"
    BEFORE_DEBIT = "appeals before the debit"
    AFTER_DEBIT = "appeals when the debit has been asked for"
    TWICE = "appeals, and once more"


APPEALS: Final = {Appeal.NONE: 88, Appeal.BEFORE_DEBIT: 6, Appeal.AFTER_DEBIT: 4, Appeal.TWICE: 2}


class Appeals:
    name: ClassVar = "appeals"
    hears: ClassVar = frozenset[type[Event]]({NoticeHandedOver})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case NoticeHandedOver(kind=NoticeKind.DEBIT) if stands(self._fate, event.seller_id) is not Stands.INSOLVENT:
                return self._appeal(event)
            case _:
                return []

    def _appeal(self, notice: NoticeHandedOver) -> list[Saying]:
        luck = self._fate.chance(self.name, notice.claim_id)
        at = notice.handed_over_at
        match self._fate.decides(notice.claim_id, luck, APPEALS):
            case Appeal.NONE:
                return []
            case Appeal.BEFORE_DEBIT:
                return [Saying(_appealed(luck, notice), at + after(luck, 0.5, 6))]
            case Appeal.AFTER_DEBIT:
                return [Saying(_appealed(luck, notice), at + after(luck, 7.3, 11))]
            case Appeal.TWICE:
                first, second = at + after(luck, 0.5, 3), at + after(luck, 3.5, 11)
                return [Saying(_appealed(luck, notice), first), Saying(_appealed(luck, notice, 2), second)]


def _appealed(luck: Random, notice: NoticeHandedOver, number: int = 1) -> SellerAppealed:
    kinds = luck.sample(("lab-report", "manual-with-warning", "photo-of-misuse", "recall-check"), luck.randint(1, 2))
    return SellerAppealed(
        claim_id=notice.claim_id,
        seller_id=notice.seller_id,
        appeal_id=f"appeal-{notice.claim_id}-{number}",
        evidence=tuple(f"{kind}:{notice.claim_id}" for kind in kinds),
    )
