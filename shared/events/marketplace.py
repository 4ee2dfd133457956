"""What the marketplace's seller directory says."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.base import Event, Id, PersonalLine, Topic
from shared.money import Currency, Minor

PROFILES = Topic("sellers.profiles.v1", key="seller_id", party="marketplace")
PROCEEDS = Topic("sellers.proceeds.v1", key="seller_id", party="marketplace")
"""Apart from the profiles, because who hears it (the accelerator) never receives a contact."""

BusinessName = Annotated[str, Field(min_length=1, max_length=200)]
"""The name of a business, not of a person."""


class Standing(StrEnum):
    """SUSPENDED: sells no more, but may answer. INSOLVENT: nobody there can answer or be debited."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    INSOLVENT = "insolvent"


class SellerRegistered(Event):
    """The whole profile, said again whenever any of it changes. Contacts in the order to try them."""

    topic: ClassVar = PROFILES
    seller_id: Id
    name: BusinessName
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    contacts: Annotated[tuple[PersonalLine, ...], Field(max_length=5)]
    standing: Standing = Standing.ACTIVE


class SellerProceedsReported(Event):
    """Gross proceeds of one month (``YYYY-MM``) on one marketplace, and the name of the account."""

    topic: ClassVar = PROCEEDS
    seller_id: Id
    account_name: BusinessName
    marketplace: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    currency: Currency
    amount_minor: Minor
