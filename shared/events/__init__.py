"""The contracts: one file per party that speaks. Importing this package registers every event."""

from shared.events import (
    adjusters,
    carriers,
    escalation,
    finance,
    insurance_accelerator,
    insurers,
    intake,
    mail_gateway,
    marketplace,
    recovery,
    seller_notifier,
    seller_portal,
    upstream,
)

__all__ = [
    "adjusters",
    "carriers",
    "escalation",
    "finance",
    "insurance_accelerator",
    "insurers",
    "intake",
    "mail_gateway",
    "marketplace",
    "recovery",
    "seller_notifier",
    "seller_portal",
    "upstream",
]
