"""What is known of one seller: name, proceeds, duties, cover on record, certificates waiting, claims, quotes."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

from shared.events.base import Event, Fact
from shared.events.insurance_accelerator import AfterDuty, ComparedQuote, CoverPeriod, Decline
from shared.events.seller_portal import CertificateSubmitted, InsurerRating, ProductHazardClass
from shared.money import Currency
from shared.runtime import Moment, State

At: TypeAlias = Moment[Any]
"""When something is decided. Nothing here has a reference."""
ONE_DAY: Final = timedelta(days=1)
MAX_PERIODS: Final = 24
"""Beyond it the period that ends first leaves the record."""
MAX_CANCELLATIONS: Final = 8
"""Of certificates. Beyond it the one heard first is forgotten; the periods it has cut stay cut."""
MAX_NOTICES: Final = 4
"""Of policies that are not on record yet. Beyond it the one heard first is forgotten."""
MAX_WAITING: Final = 3
"""Beyond it the certificate that has waited longest is judged without the account's name."""
MAX_REQUESTS: Final = 4
"""Open ones of the seller's own; beyond it he does not qualify for another. Closed ones stay while there is room."""
MAX_QUOTES: Final = 16
"""Beyond it a carrier's quote is refused."""
MAX_DECLINES: Final = 12
"""For one request. Beyond it a carrier's no is not shown."""


class Named(NamedTuple):
    """The report that the account's name is from: of the newest month, and of its reports the one said last."""

    month: str
    said_at: datetime


class Proceeds(Fact):
    """The latest month reported on one marketplace, in its currency."""

    marketplace: str
    month: str
    amount_minor: int


class Duty(Fact):
    """The duty to insure on one marketplace, with what was to follow when it was told.

    ``reminders``: those to come. ``over_at``: the moment at which ``insure_by`` has passed; None: it has.
    ``uncovered_at``: from then on, the moment at which the cover of today (without it: the next) leaves a day out.
    """

    marketplace: str
    insure_by: date
    follows: AfterDuty
    reminders: tuple[datetime, ...]
    over_at: datetime | None
    uncovered_at: datetime | None = None


class Bound(Fact):
    """What a period was bound on. ``renew_at``: when quotes for what follows are asked for; None: they were.

    ``cancelled_on``: the last day by the carrier's own word; no paper of the seller's covers longer.
    """

    carrier: str
    hazard_class: ProductHazardClass
    per_occurrence_minor: int
    deductible_minor: int
    renew_at: datetime | None
    cancelled_on: date | None = None


class Period(CoverPeriod):
    """Cover on record; a last day before the first one: cancelled before it began. ``terms``: see ``terms_of``.

    ``bound``: through the Accelerator; the certificate's id is then the policy's number.
    """

    terms: str
    bound: Bound | None = None

    @property
    def has_days(self) -> bool:
        return self.valid_from <= self.valid_to

    def cut(self, last_day: date) -> "Period":
        """The same, ending no later than this day."""
        return self.model_copy(update={"valid_to": min(self.valid_to, last_day)})

    def cancelled(self, last_day: date) -> "Period":
        """The same, ending no later than this day by the word of the carrier that bound it."""
        bound = None if self.bound is None else self.bound.model_copy(update={"cancelled_on": last_day})
        return self.cut(last_day).model_copy(update={"bound": bound})

    def is_paper(self, certificate_id: str, marketplace: str) -> bool:
        return (self.certificate_id, self.marketplace) == (certificate_id, marketplace)

    def is_policy(self, policy_number: str, carrier: str) -> bool:
        return self.bound is not None and (self.certificate_id, self.bound.carrier) == (policy_number, carrier)

    def as_told(self) -> CoverPeriod:
        return CoverPeriod(**self.model_dump(exclude={"terms", "bound"}))


class Insured(Fact):
    """A marketplace where the end of cover is still to be told, and when that is; None: at the end of time."""

    marketplace: str
    over_at: datetime | None


class Cancellation(Fact):
    """The earliest day of cancellation heard for a certificate; it counts wherever and whenever the paper turns up."""

    certificate_id: str
    on: date


class Notice(Fact):
    """A carrier cancels a policy that is not on record yet; ``last_day`` leaves the days of notice."""

    policy_number: str
    carrier: str
    last_day: date


class Waiting(Fact):
    """A certificate whose insured name nothing is known to compare with yet. It is judged by the day of its upload.

    ``uploaded_at``: accepted, its cover was known since then, however long it has waited.
    """

    certificate: CertificateSubmitted
    uploaded_on: date
    uploaded_at: datetime
    until: datetime


class PastClaim(NamedTuple):
    """One accepted claim against the seller, short because there can be many. ``claim``: see ``history``."""

    claim: str
    marketplace: str
    reported_on: date
    admitted_minor: int


class Request(Fact):
    """One round of quotes. The timer closes it: a quote said in time counts even if it is heard later."""

    request_id: str
    marketplace: str
    currency: Currency
    hazard_class: ProductHazardClass
    reply_by: datetime
    renews: str | None = None
    declined: tuple[Decline, ...] = ()
    open: bool = True


class Stage(StrEnum):
    OFFERED = "offered"
    CHOSEN = "chosen"
    ENDED = "ended"


class Quote(Fact):
    """A carrier's promise: it can be chosen until ``valid_until``.

    Chosen, the carrier is asked again at ``ask_again_at``, each time after twice the ``patience``. An ended one is
    remembered while its request is open, for the comparison, and so that the same quote is never offered twice.
    """

    quote_id: str
    request_id: str
    marketplace: str
    carrier: str
    rating: InsurerRating
    hazard_class: ProductHazardClass
    premium_minor: int
    per_occurrence_minor: int
    deductible_minor: int
    valid_until: datetime
    patience: timedelta
    stage: Stage = Stage.OFFERED
    ask_again_at: datetime | None = None

    @property
    def due(self) -> datetime | None:
        return self.valid_until if self.stage is Stage.OFFERED else self.ask_again_at

    def as_compared(self) -> ComparedQuote:
        return ComparedQuote(**self.model_dump(include=set(ComparedQuote.model_fields)))


class Seller(State):
    """Everything about one seller."""

    seller_id: str
    account_name: str | None = None
    named: Named | None = None
    proceeds: tuple[Proceeds, ...] = ()
    duties: tuple[Duty, ...] = ()
    claims: tuple[PastClaim, ...] = ()
    cover_version: int = 0
    periods: tuple[Period, ...] = ()
    insured_on: tuple[Insured, ...] = ()
    cancellations: tuple[Cancellation, ...] = ()
    notices: tuple[Notice, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    requests: tuple[Request, ...] = ()
    quotes: tuple[Quote, ...] = ()

    @property
    def due(self) -> datetime | None:
        return min((moment for moment in self._moments() if moment is not None), default=None)

    def _moments(self) -> Iterator[datetime | None]:
        for duty in self.duties:
            yield from duty.reminders
            yield from (duty.over_at, duty.uncovered_at)
        yield from (insured.over_at for insured in self.insured_on)
        yield from (period.bound.renew_at for period in self.periods if period.bound is not None)
        yield from (waiting.until for waiting in self.waiting)
        yield from (request.reply_by for request in self.requests if request.open)
        yield from (quote.due for quote in self.quotes)

    def proceeds_on(self, marketplace: str) -> Proceeds | None:
        return next((p for p in self.proceeds if p.marketplace == marketplace), None)

    def with_proceeds(self, proceeds: Proceeds) -> "Seller":
        others = (p for p in self.proceeds if p.marketplace != proceeds.marketplace)
        return self.but(proceeds=(*others, proceeds))

    def covered(self, marketplace: str, today: date, *, by: date) -> bool:
        """Whether there is cover that is not over and begins by a day at the latest."""
        return any(
            p.marketplace == marketplace and p.has_days and p.valid_from <= by and p.valid_to >= today
            for p in self.periods
        )

    def last_day(self, marketplace: str) -> date | None:
        """The last day of cover on a marketplace, past or future; None: there is no such day."""
        return max((p.valid_to for p in self.periods if p.marketplace == marketplace and p.has_days), default=None)

    def covered_through(self, marketplace: str, today: date) -> date | None:
        """The last day before one without cover, from today or else from the next cover on; None: no cover is left."""
        left = (p for p in self.periods if p.marketplace == marketplace and p.has_days and p.valid_to >= today)
        last_day: date | None = None
        for period in sorted(left, key=lambda p: p.valid_from):
            if last_day is not None and (period.valid_from - last_day).days > 1:
                break
            last_day = max(last_day or period.valid_to, period.valid_to)
        return last_day

    def has_on_record(self, certificate: CertificateSubmitted) -> bool:
        """Whether exactly this paper was accepted, also when another content has superseded it since."""
        terms = terms_of(certificate)
        return any(
            p.is_paper(certificate.certificate_id, certificate.marketplace) for p in self.periods if p.terms == terms
        )

    def cancelled_on(self, certificate_id: str) -> date | None:
        return next((c.on for c in self.cancellations if c.certificate_id == certificate_id), None)

    def with_cancellation(self, certificate_id: str, on: date) -> "Seller":
        """The day noted, and the certificate's periods cut at it; the day itself is the last one covered."""
        earliest = min(on, self.cancelled_on(certificate_id) or on)
        others = [c for c in self.cancellations if c.certificate_id != certificate_id]
        noted = (*others, Cancellation(certificate_id=certificate_id, on=earliest))
        periods = tuple(p.cut(earliest) if p.certificate_id == certificate_id else p for p in self.periods)
        return self.but(cancellations=noted[-MAX_CANCELLATIONS:], periods=periods)

    def with_certificate(self, period: Period, today: date) -> "Seller":
        """One more period. It supersedes what the same certificate said for today and later; past days stay.

        The paper of a policy that was bound here stands for that policy from then on.
        """
        same = [p for p in self.periods if p.is_paper(period.certificate_id, period.marketplace)]
        past = tuple(
            p.cut(today - ONE_DAY).model_copy(update={"bound": None}) if p in same else p for p in self.periods
        )
        bound = max((p for p in same if p.bound is not None), key=lambda p: p.valid_to, default=period).bound
        last_day = period.valid_to if bound is None else bound.cancelled_on or period.valid_to
        return self.but(periods=past).with_period(period.cut(last_day).model_copy(update={"bound": bound}))

    def with_period(self, period: Period) -> "Seller":
        """One more period, beside all others, to the day of a cancellation that was heard before it."""
        kept = list(self.periods)
        if len(kept) >= MAX_PERIODS:
            kept.remove(min(kept, key=lambda p: p.valid_to))
        cancelled_on = self.cancelled_on(period.certificate_id) or period.valid_to
        return self.but(periods=(*kept, period.cut(cancelled_on)))

    def request(self, request_id: str) -> Request | None:
        return next((r for r in self.requests if r.request_id == request_id), None)

    def with_request(self, request: Request) -> "Seller":
        """One more request, in the place of the closed one that is the oldest where there is no room."""
        kept = list(self.requests)
        closed = [r for r in kept if not r.open]
        if len(kept) >= MAX_REQUESTS and closed:
            kept.remove(closed[0])
        return self.but(requests=(*kept, request))

    def with_requests(self, requests: tuple[Request, ...]) -> "Seller":
        return self.but(requests=requests)._tidied()

    def quote(self, quote_id: str) -> Quote | None:
        return next((q for q in self.quotes if q.quote_id == quote_id), None)

    def with_quote(self, quote: Quote) -> "Seller":
        others = (q for q in self.quotes if q.quote_id != quote.quote_id)
        return self.but(quotes=(*others, quote))._tidied()

    def _tidied(self) -> "Seller":
        open_requests = {r.request_id for r in self.requests if r.open}
        kept = tuple(q for q in self.quotes if q.stage is not Stage.ENDED or q.request_id in open_requests)
        return self.but(quotes=kept)


def terms_of(paper: Event) -> str:
    """A fingerprint of what a certificate or an issued policy says, its cancellation left out: that is noted apart."""
    return blake2b(paper.model_dump_json(exclude={"cancelled_on"}).encode(), digest_size=6).hexdigest()
