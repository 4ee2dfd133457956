"""What the carriers behind the Insurance Accelerator say."""

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.base import Event, Id, Topic
from shared.events.seller_portal import InsurerRating
from shared.money import Currency, Minor

QUOTES = Topic("carriers.quotes.v1", key="seller_id", party="carriers")


class CarrierQuoted(Event):
    """A price for one year. ``valid_until`` is a promise: the quote is honoured until then."""

    topic: ClassVar = QUOTES
    seller_id: Id
    request_id: Id
    quote_id: Id
    carrier: Id
    rating: InsurerRating
    currency: Currency
    premium_minor: Minor
    per_occurrence_minor: Minor
    deductible_minor: Minor
    valid_until: datetime


class CarrierDeclined(Event):
    """The carrier will not quote; ``reason`` is shown to the seller."""

    topic: ClassVar = QUOTES
    seller_id: Id
    request_id: Id
    carrier: Id
    reason: Annotated[str, Field(max_length=200)]


class PolicyIssued(Event):
    """Cover bound on a quote; both dates inclusive."""

    topic: ClassVar = QUOTES
    seller_id: Id
    quote_id: Id
    carrier: Id
    policy_number: Id
    valid_from: date
    valid_to: date


class PolicyCancelled(Event):
    """The carrier gives notice: cover under its policy ends with ``last_day``."""

    topic: ClassVar = QUOTES
    seller_id: Id
    policy_number: Id
    carrier: Id
    last_day: date
