"""What is known of one seller: account name, proceeds, cover on record, certificates waiting, requests and quotes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from shared.events.base import Event, Fact
from shared.events.insurance_accelerator import CoverPeriod
from shared.events.seller_portal import CertificateSubmitted
from shared.runtime import State

ONE_DAY: Final = timedelta(days=1)
MAX_PERIODS: Final = 24
"""Beyond it the period that ends first leaves the record."""
MAX_CANCELLATIONS: Final = 8
"""Beyond it the one heard first is forgotten; the periods it has cut stay cut."""
MAX_WAITING: Final = 3
"""Beyond it the certificate that has waited longest is judged without the account's name."""
MAX_REQUESTS: Final = 4
"""Open ones; beyond it a seller does not qualify for another. Closed ones are remembered while there is room."""
MAX_QUOTES: Final = 12
"""Beyond it a carrier's quote is not offered."""


class Proceeds(Fact):
    """The latest month reported on one marketplace, in its currency, and the duty that some month has brought."""

    marketplace: str
    month: str
    amount_minor: int
    insure_by: date | None = None


class Period(CoverPeriod):
    """Cover on record; a last day before the first one: cancelled before it began. ``terms``: see ``terms_of``."""

    terms: str

    @property
    def has_days(self) -> bool:
        return self.valid_from <= self.valid_to

    def cut(self, last_day: date) -> "Period":
        """The same, ending no later than this day."""
        return self.model_copy(update={"valid_to": min(self.valid_to, last_day)})

    def as_told(self) -> CoverPeriod:
        return CoverPeriod(**self.model_dump(exclude={"terms"}))


class Cancellation(Fact):
    """The earliest day of cancellation heard for a certificate; it counts wherever and whenever the paper turns up."""

    certificate_id: str
    on: date


class Waiting(Fact):
    """A certificate whose insured name nothing is known to compare with yet. It is judged by the day of its upload."""

    certificate: CertificateSubmitted
    uploaded_on: date
    until: datetime


class Request(Fact):
    """One round of quotes. The timer closes it: a quote said in time counts even if it is heard later."""

    request_id: str
    marketplace: str
    reply_by: datetime
    open: bool = True


class Stage(StrEnum):
    OFFERED = "offered"
    CHOSEN = "chosen"
    ENDED = "ended"


class Quote(Fact):
    """A carrier's promise. ``due``: offered, it ends then; chosen, the carrier is asked again then.

    An ended one is remembered while its request is open, so that the same quote is never offered twice.
    """

    quote_id: str
    request_id: str
    marketplace: str
    carrier: str
    stage: Stage
    due: datetime | None
    patience_days: int
    """How long to wait for the carrier's policy before asking again; doubles each time."""


class Seller(State):
    """Everything about one seller. ``insured_on``: the marketplaces where the end of cover is still to be told."""

    seller_id: str
    account_name: str | None = None
    proceeds: tuple[Proceeds, ...] = ()
    claims_so_far: int = 0
    cover_version: int = 0
    periods: tuple[Period, ...] = ()
    insured_on: tuple[str, ...] = ()
    cancellations: tuple[Cancellation, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    requests: tuple[Request, ...] = ()
    quotes: tuple[Quote, ...] = ()

    @property
    def due(self) -> datetime | None:
        return min(self._moments(), default=None)

    def _moments(self) -> Iterator[datetime]:
        yield from (waiting.until for waiting in self.waiting)
        yield from (request.reply_by for request in self.requests if request.open)
        yield from (quote.due for quote in self.quotes if quote.due is not None)
        for last_day in map(self.last_day, self.insured_on):
            if last_day is not None and last_day < date.max:
                yield datetime.combine(last_day + ONE_DAY, time.min, UTC)

    def proceeds_on(self, marketplace: str) -> Proceeds | None:
        return next((p for p in self.proceeds if p.marketplace == marketplace), None)

    def with_proceeds(self, proceeds: Proceeds) -> "Seller":
        others = (p for p in self.proceeds if p.marketplace != proceeds.marketplace)
        return self.model_copy(update={"proceeds": (*others, proceeds)})

    def last_day(self, marketplace: str) -> date | None:
        """The last day of cover on a marketplace, past or future; None: there is no such day."""
        return max((p.valid_to for p in self.periods if p.marketplace == marketplace and p.has_days), default=None)

    def has_on_record(self, certificate: CertificateSubmitted) -> bool:
        """Whether exactly this paper was accepted, also when another content has superseded it since."""
        terms = terms_of(certificate)
        return any(
            p.certificate_id == certificate.certificate_id and p.marketplace == certificate.marketplace
            for p in self.periods
            if p.terms == terms
        )

    def cancelled_on(self, certificate_id: str) -> date | None:
        return next((c.on for c in self.cancellations if c.certificate_id == certificate_id), None)

    def with_cancellation(self, certificate_id: str, on: date) -> "Seller":
        """The day noted, and the certificate's periods cut at it; the day itself is the last one covered."""
        earliest = min(on, self.cancelled_on(certificate_id) or on)
        others = [c for c in self.cancellations if c.certificate_id != certificate_id]
        noted = (*others, Cancellation(certificate_id=certificate_id, on=earliest))
        periods = tuple(p.cut(earliest) if p.certificate_id == certificate_id else p for p in self.periods)
        return self.model_copy(update={"cancellations": noted[-MAX_CANCELLATIONS:], "periods": periods})

    def with_period(self, period: Period, today: date) -> "Seller":
        """One more period. It supersedes what the same certificate said for today and later; past days stay."""
        superseded = [
            p.cut(today - ONE_DAY)
            if (p.certificate_id, p.marketplace) == (period.certificate_id, period.marketplace)
            else p
            for p in self.periods
        ]
        if len(superseded) >= MAX_PERIODS:
            superseded.remove(min(superseded, key=lambda p: p.valid_to))
        cancelled_on = self.cancelled_on(period.certificate_id)
        added = period if cancelled_on is None else period.cut(cancelled_on)
        return self.model_copy(update={"periods": (*superseded, added)})

    def request(self, request_id: str) -> Request | None:
        return next((r for r in self.requests if r.request_id == request_id), None)

    def with_request(self, request: Request) -> "Seller":
        """One more request, in the place of the closed one that is the oldest where there is no room."""
        kept = list(self.requests)
        if len(kept) >= MAX_REQUESTS:
            kept.remove(next(r for r in kept if not r.open))
        return self.model_copy(update={"requests": (*kept, request)})

    def with_requests(self, requests: tuple[Request, ...]) -> "Seller":
        return self.model_copy(update={"requests": requests})._tidied()

    def quote(self, quote_id: str) -> Quote | None:
        return next((q for q in self.quotes if q.quote_id == quote_id), None)

    def with_quote(self, quote: Quote) -> "Seller":
        others = (q for q in self.quotes if q.quote_id != quote.quote_id)
        return self.model_copy(update={"quotes": (*others, quote)})._tidied()

    def _tidied(self) -> "Seller":
        open_requests = {r.request_id for r in self.requests if r.open}
        kept = tuple(q for q in self.quotes if q.stage is not Stage.ENDED or q.request_id in open_requests)
        return self.model_copy(update={"quotes": kept})


def terms_of(paper: Event) -> str:
    """A fingerprint of what a certificate or an issued policy says, its cancellation left out: that is noted apart."""
    return blake2b(paper.model_dump_json(exclude={"cancelled_on"}).encode(), digest_size=6).hexdigest()
