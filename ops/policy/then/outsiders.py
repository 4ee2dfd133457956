"""All of them, as the outside of a house in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from ops.policy.history import ASKS, History, Saying, claim_of
from ops.policy.then.payers import Payers
from ops.policy.then.people import People
from ops.policy.then.voices import SOON, Voices
from services.seller_notifier.letter import Letter, LetterOutcome
from shared.events.base import Envelope, Event
from shared.events.escalation import PayoutAuthorized
from shared.events.finance import SellerPaymentReceived
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import InformationRequested
from shared.events.mail_gateway import LetterBounced
from shared.events.seller_notifier import InsurerNotified, SellerNotified, SettlementReported
from shared.events.seller_portal import (
    ExtensionRequested,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from shared.events.upstream import (
    BeneficiaryStatusGiven,
    DocumentsSubmitted,
    SettlementConfirmed,
    SettlementDisputed,
)
from shared.runtime import Effect

ANSWERS: Final[Mapping[type[Event], type[Event]]] = {
    SellerAnswered: SellerNotified,
    SellerCommented: SellerNotified,
    SellerReportsSettled: SellerNotified,
    ExtensionRequested: SellerNotified,
    InsurerSettled: InsurerNotified,
    InsurerRejected: InsurerNotified,
    DocumentsSubmitted: InformationRequested,
    BeneficiaryStatusGiven: InformationRequested,
    SettlementConfirmed: SettlementReported,
    SettlementDisputed: SettlementReported,
    SellerAppealed: PayoutAuthorized,
    SellerPaymentReceived: PayoutAuthorized,
}
"""What answers something whose moment is on record: it is said as long after it as then, and not at all without it."""


class Outsiders:
    """Speaks to a house in memory, once."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._voices = Voices()
        self.assumed = self._voices.assumed
        self._after: defaultdict[tuple[type[Event], UUID], list[tuple[timedelta, Saying]]] = defaultdict(list)
        self._bounces: dict[UUID, Saying] = {}
        self._begun: set[tuple[type[Event], UUID]] = set()
        people = People(self._voices, history, self._of(People.says))
        payers = Payers(self._voices, history, self._of(Payers.says))
        self._hears: dict[type[Event], Callable[[Any, datetime], None]] = {**people.hears, **payers.hears}
        for saying in history.sayings:
            if not isinstance(saying.event, (*People.says, *Payers.says)):
                self._plan(saying)

    @property
    def next_at(self) -> datetime | None:
        return self._voices.next_at

    def due(self, now: datetime) -> Iterable[tuple[Event, Envelope]]:
        return self._voices.due(now)

    def hear(self, event: Event, envelope: Envelope) -> None:
        """What a service says: somebody may answer it."""
        kind = type(event)
        if kind in ASKS and (claim := claim_of(event)) is not None and (kind, claim) not in self._begun:
            self._begun.add((kind, claim))
            for delay, saying in self._after.pop((kind, claim), ()):
                self._voices.say(envelope.time + max(delay, SOON), saying.event, saying.id)
            self._newly_asked(event, claim)
        if (answer := self._hears.get(kind)) is not None:
            answer(event, envelope.time)

    def perform(self, effect: Effect, now: datetime) -> tuple[datetime, Event] | None:
        """Letters are delivered at once, to those who took them then; a row has no outcome."""
        if not isinstance(effect, Letter):
            return None
        then = self._history.letters.get(effect.letter_id)
        bounce = self._bounces.pop(effect.letter_id, None)
        if bounce is not None:
            delay = bounce.at - then[0] if then is not None else SOON
            self._voices.say(now + max(delay, SOON), bounce.event, bounce.id)
        if then is None:
            return now, effect.sent(LetterOutcome.HANDED_OVER)
        return now, effect.sent(then[1].outcome, then[1].code)

    def _of(self, kinds: tuple[type[Event], ...]) -> list[Saying]:
        return [saying for saying in self._history.sayings if isinstance(saying.event, kinds)]

    def _plan(self, saying: Saying) -> None:
        event, claim = saying.event, claim_of(saying.event)
        ask = ANSWERS.get(type(event))
        asked_at = self._history.asked.get((ask.__name__, claim)) if ask is not None and claim is not None else None
        if isinstance(event, LetterBounced):
            self._bounces[event.letter_id] = saying
        elif ask is not None and claim is not None and asked_at is not None and saying.at >= asked_at:
            self._after[ask, claim].append((saying.at - asked_at, saying))
        else:
            self._voices.say(saying.at, event, saying.id)

    def _newly_asked(self, event: Event, claim: UUID) -> None:
        asked_then = (type(event).__name__, claim) in self._history.asked
        if isinstance(event, SellerNotified):
            if not event.direct_pay and self._history.notified_directly.get(claim, True):
                self._voices.assume("sellers who were not asked for an answer then: they stay silent")
        elif isinstance(event, InformationRequested) and not asked_then:
            self._voices.assume("customers asked for papers who were not then: they send none")
        elif isinstance(event, InsurerNotified) and not asked_then:
            self._voices.assume("insurers notified who were not then: they stay silent")
