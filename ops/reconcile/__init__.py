"""Continuous reconciliation: topics, states, outbox, journal, ledger and finance's results, compared from outside."""

from ops.reconcile.account import Account, Check
from ops.reconcile.whole import reconcile

__all__ = ["Account", "Check", "reconcile"]
