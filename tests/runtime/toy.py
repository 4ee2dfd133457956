"""Two tiny services that show the runtime alone: an account counts deposits; a mirror repeats what it hears of them."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from shared.events.base import Event, Topic
from shared.runtime import Decision, Effect, Moment, Process, Service, State, unchanged

DEPOSITS = Topic("toy.deposits.v1", key="account", party="bank")
ADJUSTMENTS = Topic("toy.adjustments.v1", key="account", party="bank")
COUNTS = Topic("toy.counts.v1", key="account", party="account", numbered=True)
MIRRORED = Topic("toy.mirrored.v1", key="account", party="mirror", numbered=True)
TOPICS = (DEPOSITS, ADJUSTMENTS, COUNTS, MIRRORED)


class Deposited(Event):
    """``n`` counts an account's deposits from 1. ``wait_days``: ask again that many days after this one.

    ``late_days``: so long after it the account is late; None: it is not any more.
    """

    topic: ClassVar = DEPOSITS
    account: str
    n: int
    amount: int = 1
    note: str = ""
    wait_days: float | None = None
    late_days: float | None = None
    fails: bool = False
    spoils_deadline: bool = False


class Adjusted(Event):
    topic: ClassVar = ADJUSTMENTS
    account: str
    amount: int


class Counted(Event):
    topic: ClassVar = COUNTS
    account: str
    n: int
    total: int


class Expired(Event):
    """The account's deadline passed with ``n`` deposits heard."""

    topic: ClassVar = COUNTS
    account: str
    n: int


class Mirrored(Event):
    topic: ClassVar = MIRRORED
    account: str
    n: int


class MirrorExpired(Event):
    topic: ClassVar = MIRRORED
    account: str
    n: int


class Entry(Effect):
    """A row that PostgreSQL refuses when the amount does not fit."""

    table: ClassVar[str | None] = "entry"
    account: str
    amount: int
    note: str


class Account(State):
    account: str
    n: int = 0
    total: int = 0
    expires_at: datetime | None = None
    spoilt: bool = False
    late: datetime | None = None

    @property
    def due(self) -> datetime | None:
        return self.expires_at

    @property
    def late_at(self) -> datetime | None:
        return self.late


class FailingOnPurposeError(Exception):
    """Raised by a decision; its text must not reach any log or table."""


def opened(event: Deposited, at: Moment[Any]) -> Decision[Account]:
    return deposited(Account(account=event.account), event, at)


def deposited(account: Account, event: Deposited, at: Moment[Any]) -> Decision[Account]:
    if event.fails:
        raise FailingOnPurposeError("secret text")
    expires_at = account.expires_at
    if event.wait_days is not None:
        expires_at = at.said_at + timedelta(days=event.wait_days)
    after = Account(
        account=event.account,
        n=account.n + 1,
        total=account.total + event.amount,
        expires_at=expires_at,
        spoilt=event.spoils_deadline,
        late=None if event.late_days is None else at.said_at + timedelta(days=event.late_days),
    )
    entry = Entry(account=event.account, amount=event.amount, note=event.note)
    return Decision(after, (Counted(account=event.account, n=after.n, total=after.total),), (entry,))


def adjusted(account: Account, event: Adjusted, at: Moment[Any]) -> Decision[Account]:
    after = account.model_copy(update={"total": account.total + event.amount})
    return Decision(after, (Counted(account=event.account, n=after.n, total=after.total),))


def expired(account: Account, at: Moment[Any]) -> Decision[Account]:
    after = account.model_copy(update={"expires_at": None})
    rows = (Entry(account=account.account, amount=2**70, note=""),) if account.spoilt else ()
    return Decision(after, (Expired(account=account.account, n=account.n),), rows)


class Copy(State):
    account: str
    n: int = 0
    expires_at: datetime | None = None

    @property
    def due(self) -> datetime | None:
        return self.expires_at


def copy_begun(event: Counted, at: Moment[Any]) -> Decision[Copy]:
    first = Copy(account=event.account, expires_at=at.now + timedelta(days=10))
    return copied(first, event, at)


def copied(copy: Copy, event: Counted, at: Moment[Any]) -> Decision[Copy]:
    after = copy.model_copy(update={"n": copy.n + 1})
    return Decision(after, (Mirrored(account=event.account, n=event.n),))


def copy_expired(copy: Copy, at: Moment[Any]) -> Decision[Copy]:
    after = copy.model_copy(update={"expires_at": None})
    return Decision(after, (MirrorExpired(account=copy.account, n=copy.n),))


def ignored(copy: Copy, event: Expired, at: Moment[Any]) -> Decision[Copy]:
    return unchanged(copy)


_SCHEMA = "create table if not exists entry (account text not null, amount bigint not null, note text not null)"
account_process = Process(
    name="account", state=Account, begins={Deposited: opened}, hears={Deposited: deposited}, waits=expired
)
account_process_v2 = Process(
    name="account",
    state=Account,
    begins={Deposited: opened},
    hears={Deposited: deposited, Adjusted: adjusted},
    waits=expired,
)
mirror_process = Process(
    name="mirror",
    state=Copy,
    begins={Counted: copy_begun},
    hears={Counted: copied, Expired: ignored},
    waits=copy_expired,
    passed_on={"account": (DEPOSITS,)},
)
SERVICES = {
    "account": Service(name="account", processes=(account_process,), schema=_SCHEMA),
    "account-v2": Service(name="account", processes=(account_process_v2,), schema=_SCHEMA),
    "mirror": Service(name="mirror", processes=(mirror_process,)),
}
