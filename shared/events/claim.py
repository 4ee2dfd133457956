"""Words that several parties use about a claim: losses, items, documents, reasons. No events here."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.events.base import Fact, Id
from shared.money import Minor


class LossKind(StrEnum):
    """What a loss is. The first four can be covered; the rest are named so that they can be refused by name."""

    PURCHASE_PRICE = "purchase_price"
    MEDICAL = "medical"
    LOST_EARNINGS = "lost_earnings"
    PROPERTY_DAMAGE = "property_damage"
    NON_ECONOMIC = "non_economic"
    COMMERCIAL = "commercial"
    CONSEQUENTIAL = "consequential"
    INCIDENTAL = "incidental"
    PUNITIVE = "punitive"


class DocumentKind(StrEnum):
    RECEIPT = "receipt"
    BILL = "bill"
    MEDICAL_RECORD = "medical_record"
    PAYSLIP = "payslip"
    ESTIMATE = "estimate"
    GUARDIAN_AUTHORITY = "guardian_authority"
    ESTATE_AUTHORITY = "estate_authority"


class InjuryClass(StrEnum):
    """As much as a seller needs to know to answer; nothing finer leaves intake."""

    NONE = "none"
    MINOR = "minor"
    SERIOUS = "serious"


class Reason(StrEnum):
    """Why a claim or an item was not accepted, in full or in part. Codes are for ever; texts are in the letters."""

    BEFORE_LAUNCH = "BEFORE_LAUNCH"
    REPORTED_TOO_LATE = "REPORTED_TOO_LATE"
    INCIDENT_BEFORE_PURCHASE = "INCIDENT_BEFORE_PURCHASE"
    TOO_LONG_AFTER_PURCHASE = "TOO_LONG_AFTER_PURCHASE"
    REPORTED_BEFORE_INCIDENT = "REPORTED_BEFORE_INCIDENT"
    REPORTED_IN_FUTURE = "REPORTED_IN_FUTURE"
    UNKNOWN_MARKETPLACE = "UNKNOWN_MARKETPLACE"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    EXCLUDED_PRODUCT = "EXCLUDED_PRODUCT"
    EXCLUDED_LOSS = "EXCLUDED_LOSS"
    MINORS_EARNINGS = "MINORS_EARNINGS"
    ALREADY_PAID = "ALREADY_PAID"
    NOTHING_CLAIMED = "NOTHING_CLAIMED"
    NO_ADMISSIBLE_ITEM = "NO_ADMISSIBLE_ITEM"
    PAPERS_MISSING = "PAPERS_MISSING"
    NO_RESPONSE = "NO_RESPONSE"
    OVER_CAP = "OVER_CAP"
    NOT_PROVEN = "NOT_PROVEN"
    NOT_DEFECTIVE = "NOT_DEFECTIVE"
    SETTLED_BY_SELLER = "SETTLED_BY_SELLER"
    SETTLED_BY_INSURER = "SETTLED_BY_INSURER"
    WITHDRAWN = "WITHDRAWN"
    DUPLICATE = "DUPLICATE"
    FRAUD = "FRAUD"
    RELEASE_NOT_SIGNED = "RELEASE_NOT_SIGNED"
    PAID_BEFORE = "PAID_BEFORE"
    NOT_REOPENED = "NOT_REOPENED"


class Signal(StrEnum):
    """What makes a claim look like fraud, explained by its name. A signal never denies by itself."""

    SAME_ORDER = "SAME_ORDER"
    SAME_INCIDENT = "SAME_INCIDENT"
    SAME_EVIDENCE = "SAME_EVIDENCE"
    SAME_PAYEE = "SAME_PAYEE"
    MANY_BY_CLAIMANT = "MANY_BY_CLAIMANT"
    MANY_AGAINST_SELLER = "MANY_AGAINST_SELLER"
    JUST_UNDER_LINE = "JUST_UNDER_LINE"
    OUTSIDE_POSSESSION = "OUTSIDE_POSSESSION"


class ReopeningReason(StrEnum):
    """Why a claim that has ended is looked at again."""

    NEW_EVIDENCE = "new_evidence"
    CUSTOMER_APPEAL = "customer_appeal"
    PAPERS_FOUND = "papers_found"
    AMENDED = "amended"


class Document(Fact):
    """A paper as its meta-data: the bytes stay with upstream. ``item`` is the loss it proves (1-based).

    ``sha256``: of the bytes, in hexadecimal; the same paper in two claims is found by it.
    """

    kind: DocumentKind
    item: int | None = None
    dated_on: date | None = None
    reference: str | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Lien(Fact):
    """What somebody else (a health insurer) must get out of a payment, before the customer does."""

    holder_ref: Id
    amount_minor: Minor


class Item(Fact):
    """One loss as intake admitted it: ``admitted_minor`` ≤ ``claimed_minor``, with the reasons of the difference."""

    item: int
    kind: LossKind
    claimed_minor: Minor
    admitted_minor: Minor
    reasons: tuple[Reason, ...] = ()


class ItemFinding(Fact):
    """What was decided to pay for one item, and why not all."""

    item: int
    allowed_minor: Minor
    reasons: tuple[Reason, ...] = ()
