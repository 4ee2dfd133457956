"""Reads the books of recovery as people ask about them. Read-only; every sum is taken of postings, none is kept."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from ops.reach import Database, ReachError
from services.recovery.ledger import Move

MOVES: Final = [move.value for move in Move]
"""In the order in which moves of one moment are told."""
BUCKETS: Final = ("0-30", "31-60", "61-90", "over 90")
"""Days since the marketplace has borne what is still outstanding."""


@dataclass(frozen=True)
class Standing:
    """What one seller owes, and what we owe him, at a moment."""

    owes_minor: int = 0
    owed_minor: int = 0


@dataclass(frozen=True)
class Line:
    """One entry, and where the two stand after it."""

    booked_at: datetime
    claim_id: str
    move: str
    debit_account: str
    credit_account: str
    amount_minor: int
    reference: str
    entry_id: str
    owes_minor: int
    owed_minor: int


@dataclass
class Statement:
    """One seller in one currency: from the opening over every entry to where it ends."""

    currency: str
    opening: Standing
    lines: list[Line] = field(default_factory=list[Line])

    @property
    def closing(self) -> Standing:
        return Standing(self.lines[-1].owes_minor, self.lines[-1].owed_minor) if self.lines else self.opening


@dataclass
class Age:
    """What is outstanding in one currency (of one seller, or of all: None), by days."""

    seller_id: str | None
    currency: str
    claims: int = 0
    minor: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))

    @property
    def total_minor(self) -> int:
        return sum(self.minor.values())


@dataclass(frozen=True)
class Balance:
    """One account in one currency."""

    currency: str
    account: str
    memo: bool
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        return self.debit_minor - self.credit_minor


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included, in UTC; None: no limit."""

    first: date | None = None
    last: date | None = None

    @property
    def begins(self) -> datetime:
        return _midnight(self.first) if self.first else datetime.min.replace(tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return _midnight(self.last + timedelta(days=1)) if self.last else datetime.max.replace(tzinfo=UTC)


async def statements(look: Database, seller_id: str, currency: str | None, span: Span) -> list[Statement]:
    """One per currency, in which there is anything about the seller. Raises ReachError for one without entries."""
    found: dict[str, Statement] = {}
    for row in await look.rows("recovery", _OPENING, seller_id, currency, span.begins):
        found[row["currency"]] = Statement(row["currency"], Standing(row["owes"], row["owed"]))
    if not found:
        where = f" in {currency}" if currency else ""
        raise ReachError(f"the ledger has no entry about the seller {seller_id!r}{where}: give an id as it is there")
    async for row in look.each("recovery", _LINES, seller_id, currency, span.begins, span.ends, MOVES):
        statement = found[row["currency"]]
        before, amount = statement.closing, int(row["amount_minor"])
        owes = before.owes_minor + amount * _sign(row, "expected_recovery")
        owed = before.owed_minor - amount * _sign(row, "owed_to_seller")
        shown = {name: row[name] for name in Line.__dataclass_fields__ if name not in ("owes_minor", "owed_minor")}
        statement.lines.append(Line(**shown, owes_minor=owes, owed_minor=owed))
    return [found[name] for name in sorted(found)]


async def aging(look: Database, on: date, sellers: list[str], *, by_seller: bool) -> list[Age]:
    """What is outstanding at the end of a day. What came in has met the oldest first, claim by claim."""
    found: dict[tuple[str, str], Age] = {}
    for row in await look.rows("recovery", _AGING, Span(last=on).ends, on, sellers or None):
        seller = row["seller_id"] if by_seller or sellers else None
        age = found.setdefault((row["currency"], seller or ""), Age(seller, row["currency"]))
        age.claims += row["claims"]
        for bucket in BUCKETS:
            age.minor[bucket] += row[bucket]
    return [found[key] for key in sorted(found)]


async def trial_balance(look: Database, on: date | None, currency: str | None) -> list[Balance]:
    """Every account at the end of a day (None: with all that is booked)."""
    rows = await look.rows("recovery", _TRIAL_BALANCE, Span(last=on).ends, currency)
    return [Balance(**dict(row)) for row in rows]


def off_balance(found: Iterable[Balance]) -> dict[str, int]:
    """Currencies whose debits and credits differ, and by how much. There must be none."""
    sums = Counter[str]()
    for one in found:
        sums[one.currency] += one.balance_minor
    return {currency: minor for currency, minor in sums.items() if minor}


async def postings(look: Database, span: Span, currency: str | None) -> AsyncIterator[Mapping[str, str | int | bool]]:
    """Every posting, of each entry its debit before its credit; the same each time the span is asked for again."""
    async for row in look.each("recovery", _POSTINGS, span.begins, span.ends, currency):
        yield {**dict(row), "booked_at": row["booked_at"].astimezone(UTC).isoformat().replace("+00:00", "Z")}


def month(name: str) -> Span:
    """``2026-10`` → its days. Raises ValueError for what names no month."""
    first = date.fromisoformat(f"{name}-01")
    following = (first + timedelta(days=32)).replace(day=1)
    return Span(first, following - timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _sign(row: Any, account: str) -> int:
    return (row["debit_account"] == account) - (row["credit_account"] == account)


_OPENING: Final = """
    select currency,
        coalesce(sum(amount_minor) filter (where account = 'expected_recovery' and booked_at < $3), 0)::bigint as owes,
        coalesce(-sum(amount_minor) filter (where account = 'owed_to_seller' and booked_at < $3), 0)::bigint as owed
    from posting where seller_id = $1 and ($2::text is null or currency = $2)
    group by currency"""

_LINES: Final = """
    select currency, booked_at, claim_id::text, move, debit_account, credit_account, amount_minor, reference,
        entry_id::text
    from ledger_entry
    where seller_id = $1 and ($2::text is null or currency = $2) and booked_at >= $3 and booked_at < $4
    order by currency, booked_at, claim_id, array_position($5::text[], move), entry_id"""

_AGING: Final = """
    with expected as (
        select claim_id, seller_id, currency, booked_at, amount_minor,
            sum(amount_minor) over (partition by claim_id order by booked_at, entry_id) as so_far
        from ledger_entry
        where debit_account = 'expected_recovery' and booked_at < $1 and ($3::text[] is null or seller_id = any($3))
    ), met as (
        select claim_id, sum(amount_minor) as amount from ledger_entry
        where credit_account = 'expected_recovery' and booked_at < $1 and ($3::text[] is null or seller_id = any($3))
        group by claim_id
    ), still_open as (
        select e.claim_id, e.seller_id, e.currency, $2::date - (e.booked_at at time zone 'UTC')::date as days,
            least(e.amount_minor, e.so_far - coalesce(m.amount, 0)) as amount
        from expected e left join met m using (claim_id)
        where e.so_far > coalesce(m.amount, 0)
    )
    select seller_id, currency, count(distinct claim_id) as claims,
        coalesce(sum(amount) filter (where days <= 30), 0)::bigint as "0-30",
        coalesce(sum(amount) filter (where days between 31 and 60), 0)::bigint as "31-60",
        coalesce(sum(amount) filter (where days between 61 and 90), 0)::bigint as "61-90",
        coalesce(sum(amount) filter (where days > 90), 0)::bigint as "over 90"
    from still_open group by seller_id, currency"""

_TRIAL_BALANCE: Final = """
    select currency, account, memo,
        coalesce(sum(amount_minor) filter (where amount_minor > 0), 0)::bigint as debit_minor,
        coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0)::bigint as credit_minor
    from posting where booked_at < $1 and ($2::text is null or currency = $2)
    group by currency, account, memo order by currency, memo, account"""

_POSTINGS: Final = """
    select booked_at, entry_id::text, claim_id::text, seller_id, move, account, memo, currency,
        greatest(amount_minor, 0) as debit_minor, greatest(-amount_minor, 0) as credit_minor,
        idempotency_key::text, reference
    from posting
    where booked_at >= $1 and booked_at < $2 and ($3::text is null or currency = $3)
    order by booked_at, claim_id, entry_id, amount_minor < 0"""
