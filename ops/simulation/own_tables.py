"""What the schemas of the services' own tables refuse, as far as a decision could bring it about."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.runtime.store import DataError

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "ledger_entry": ("claim_id", "entry_id"),
    "payout_order": ("claim_id", "round", "attempt"),
}
"""The primary key of each."""


def key_of(table: str, row: str) -> str:
    """The value of a row's primary key."""
    body: dict[str, Any] = json.loads(row)
    return "/".join(str(body[name]) for name in KEYS[table])


def refuse_bad_rows(table: str, present: Mapping[str, str], rows: Sequence[str]) -> None:
    """Raises DataError for a key that is there already, and for another payout, or more, in a round that has one."""
    keys = [key_of(table, row) for row in rows]
    if len(set(keys)) < len(keys) or present.keys() & set(keys):
        raise DataError("UniqueViolationError 23505")
    if table == "payout_order":
        orders = [json.loads(row) for row in present.values()]
        for new in map(json.loads, rows):
            for order in orders:
                same_round = (order["claim_id"], order["round"]) == (new["claim_id"], new["round"])
                same_payout = (order["payout_id"], order["currency"]) == (new["payout_id"], new["currency"])
                if same_round and not (same_payout and order["amount_minor"] >= new["amount_minor"]):
                    raise DataError("IntegrityConstraintViolationError 23000")
            orders.append(new)
