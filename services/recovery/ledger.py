"""The double-entry ledger: which accounts each move of money touches. One entry is one balanced pair of postings.

What the marketplace has borne and what came in are booked as money. What it expects from the seller is no income:
it stands in memo accounts, so that what was paid out, less what was recovered, is at every moment found again as
outstanding, waived or written off.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.recovery.state import Recovery
from shared.events.base import derived_id
from shared.money import Currency
from shared.runtime import Effect


class Account(StrEnum):
    """The chart of accounts. The last four are memo accounts: they balance among themselves."""

    INDEMNITY_COST = "indemnity_cost"  # expense
    CASH_CLEARING = "cash_clearing"  # asset
    RECOVERIES_SELLER = "recoveries_seller"  # income, against the expense
    OVER_COLLECTED = "over_collected"  # liability to the seller, until refunded
    EXPECTED_RECOVERY = "expected_recovery"
    WAIVED = "waived"
    WRITTEN_OFF = "written_off"
    MEMO_CONTRA = "memo_contra"


class Move(StrEnum):
    """What happened to an amount."""

    PAID = "paid"
    EXPECTED = "expected"
    COLLECTED = "collected"
    SATISFIED = "satisfied"
    WAIVED = "waived"
    WRITTEN_OFF = "written_off"
    WRITTEN_BACK = "written_back"
    OVER_COLLECTED = "over_collected"


ACCOUNTS: Mapping[Move, tuple[Account, Account]] = {
    Move.PAID: (Account.INDEMNITY_COST, Account.CASH_CLEARING),
    Move.EXPECTED: (Account.EXPECTED_RECOVERY, Account.MEMO_CONTRA),
    Move.COLLECTED: (Account.CASH_CLEARING, Account.RECOVERIES_SELLER),
    Move.SATISFIED: (Account.MEMO_CONTRA, Account.EXPECTED_RECOVERY),
    Move.WAIVED: (Account.WAIVED, Account.EXPECTED_RECOVERY),
    Move.WRITTEN_OFF: (Account.WRITTEN_OFF, Account.EXPECTED_RECOVERY),
    Move.WRITTEN_BACK: (Account.MEMO_CONTRA, Account.WRITTEN_OFF),
    Move.OVER_COLLECTED: (Account.CASH_CLEARING, Account.OVER_COLLECTED),
}
"""Each move's debit and credit account."""


class LedgerEntry(Effect):
    """A row of ``ledger_entry``: columns are these fields. Never changed; a mistake is met by an entry of its own.

    ``idempotency_key`` is the payout or debit that the amount belongs to; ``reference`` is finance's, or the reason.
    """

    table: ClassVar = "ledger_entry"
    claim_id: UUID
    entry_id: UUID
    booked_at: datetime
    move: Move
    debit_account: Account
    credit_account: Account
    currency: Currency
    amount_minor: int
    seller_id: str
    idempotency_key: UUID
    reference: str


def book(
    recovery: Recovery, at: datetime, idempotency_key: UUID, reference: str, amounts: Mapping[Move, int]
) -> tuple[LedgerEntry, ...]:
    """One entry for each amount that is not zero. The same move for the same reason is the same entry."""
    return tuple(
        LedgerEntry(
            claim_id=recovery.claim_id,
            entry_id=derived_id("ledger", recovery.claim_id, move, idempotency_key, reference),
            booked_at=at,
            move=move,
            debit_account=ACCOUNTS[move][0],
            credit_account=ACCOUNTS[move][1],
            currency=recovery.currency,
            amount_minor=amount,
            seller_id=recovery.seller_id,
            idempotency_key=idempotency_key,
            reference=reference,
        )
        for move, amount in amounts.items()
        if amount
    )
