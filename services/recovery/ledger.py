"""The double-entry ledger: which accounts each move of money touches. One entry is one balanced pair of postings.

What the marketplace has borne and what came in are booked as money. What it expects from seller or insurer is no
income: it stands in memo accounts, so that what was paid out, less what was recovered, is at every moment found again
as outstanding, waived or written off.
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
    RECOVERIES_INSURER = "recoveries_insurer"  # income, against the expense
    OWED_TO_SELLER = "owed_to_seller"  # liability, until refunded
    SUSPENSE = "suspense"  # what finance did and nobody asked for, until it is sent back
    EXPECTED_RECOVERY = "expected_recovery"
    WAIVED = "waived"
    WRITTEN_OFF = "written_off"
    MEMO_CONTRA = "memo_contra"


class Move(StrEnum):
    """What happened to an amount."""

    PAID = "paid"
    EXPECTED = "expected"
    UNORDERED = "unordered"  # paid out, and nobody had ordered it

    RETURNED = "returned"
    UNORDERED_RETURNED = "unordered_returned"
    NOT_EXPECTED = "not_expected"  # of what came back nothing need be recovered
    NOT_WRITTEN_OFF = "not_written_off"
    NOT_WAIVED = "not_waived"

    COLLECTED = "collected"  # from the seller: by a debit, or of his own accord
    INSURER_PAID = "insurer_paid"
    INSURER_EXCESS = "insurer_excess"  # more than there was to recover
    INSURER_REVERSED = "insurer_reversed"  # the payout came back after the insurer had paid for it
    SATISFIED = "satisfied"
    WRITTEN_BACK = "written_back"
    OVER_COLLECTED = "over_collected"

    WAIVED = "waived"
    WRITTEN_OFF = "written_off"
    WAIVED_AFTER_WRITE_OFF = "waived_after_write_off"
    WAIVED_AFTER_PAYMENT = "waived_after_payment"
    REVERSED = "reversed"  # what the seller had paid is owed to him
    REFUNDED = "refunded"


ACCOUNTS: Mapping[Move, tuple[Account, Account]] = {
    Move.PAID: (Account.INDEMNITY_COST, Account.CASH_CLEARING),
    Move.EXPECTED: (Account.EXPECTED_RECOVERY, Account.MEMO_CONTRA),
    Move.UNORDERED: (Account.SUSPENSE, Account.CASH_CLEARING),
    Move.RETURNED: (Account.CASH_CLEARING, Account.INDEMNITY_COST),
    Move.UNORDERED_RETURNED: (Account.CASH_CLEARING, Account.SUSPENSE),
    Move.NOT_EXPECTED: (Account.MEMO_CONTRA, Account.EXPECTED_RECOVERY),
    Move.NOT_WRITTEN_OFF: (Account.MEMO_CONTRA, Account.WRITTEN_OFF),
    Move.NOT_WAIVED: (Account.MEMO_CONTRA, Account.WAIVED),
    Move.COLLECTED: (Account.CASH_CLEARING, Account.RECOVERIES_SELLER),
    Move.INSURER_PAID: (Account.CASH_CLEARING, Account.RECOVERIES_INSURER),
    Move.INSURER_EXCESS: (Account.CASH_CLEARING, Account.SUSPENSE),
    Move.INSURER_REVERSED: (Account.RECOVERIES_INSURER, Account.SUSPENSE),
    Move.SATISFIED: (Account.MEMO_CONTRA, Account.EXPECTED_RECOVERY),
    Move.WRITTEN_BACK: (Account.MEMO_CONTRA, Account.WRITTEN_OFF),
    Move.OVER_COLLECTED: (Account.CASH_CLEARING, Account.OWED_TO_SELLER),
    Move.WAIVED: (Account.WAIVED, Account.EXPECTED_RECOVERY),
    Move.WRITTEN_OFF: (Account.WRITTEN_OFF, Account.EXPECTED_RECOVERY),
    Move.WAIVED_AFTER_WRITE_OFF: (Account.WAIVED, Account.WRITTEN_OFF),
    Move.WAIVED_AFTER_PAYMENT: (Account.WAIVED, Account.MEMO_CONTRA),
    Move.REVERSED: (Account.RECOVERIES_SELLER, Account.OWED_TO_SELLER),
    Move.REFUNDED: (Account.OWED_TO_SELLER, Account.CASH_CLEARING),
}
"""Each move's debit and credit account."""


class LedgerEntry(Effect):
    """A row of ``ledger_entry``: columns are these fields. Never changed; a mistake is met by an entry of its own.

    ``idempotency_key`` is the payout, debit, demand or refund that the amount belongs to (the claim itself where the
    seller paid of his own accord); ``reference`` is finance's, or the reason of a decision of ours.
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
    """One entry for each amount that is not zero. The same move by the same result of finance is the same entry."""
    return tuple(
        _entry(
            recovery, at, move, amount, key=idempotency_key, reference=reference,
            entry_id=derived_id("ledger", recovery.claim_id, move, idempotency_key, reference),
        )
        for move, amount in amounts.items()
        if amount
    )  # fmt: skip


def book_decision(
    recovery: Recovery, at: datetime, reason: str, amounts: Mapping[Move, int]
) -> tuple[LedgerEntry, ...]:
    """As ``book``, for what we decided ourselves. Decisions are counted: the same may be due again later."""
    return tuple(
        _entry(
            recovery, at, move, amount, key=recovery.payouts[-1].id, reference=reason,
            entry_id=derived_id("ledger of decisions", recovery.claim_id, move, recovery.decisions),
        )
        for move, amount in amounts.items()
        if amount
    )  # fmt: skip


def _entry(
    recovery: Recovery, at: datetime, move: Move, amount: int, *, key: UUID, reference: str, entry_id: UUID
) -> LedgerEntry:
    debit, credit = ACCOUNTS[move]
    return LedgerEntry(
        claim_id=recovery.claim_id,
        entry_id=entry_id,
        booked_at=at,
        move=move,
        debit_account=debit,
        credit_account=credit,
        currency=recovery.currency,
        amount_minor=amount,
        seller_id=recovery.seller_id,
        idempotency_key=key,
        reference=reference,
    )
