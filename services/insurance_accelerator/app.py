"""Insurance Accelerator: knows who must be insured and who is, and helps sellers to cover that does.

Hears  SellerProceedsReported · CertificateSubmitted · QuotesWanted · QuoteChosen · CarrierQuoted · CarrierDeclined ·
       PolicyIssued
Says   InsuranceRequired · CertificateAccepted · CertificateRejected · SellerCoverChanged · CoverLapsed ·
       SellerQualified · SellerNotQualified · QuotesRequested · QuoteOffered · QuoteExpired · BindRequested · CoverBound
Waits  for an account's name, the carriers' quotes, the seller's choice, the carrier's policy, the end of cover
"""

from collections.abc import Callable
from typing import Any

from services.insurance_accelerator import decide, quotes
from services.insurance_accelerator.state import Seller
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyIssued
from shared.events.marketplace import SellerProceedsReported
from shared.events.seller_portal import CertificateSubmitted, QuoteChosen, QuotesWanted
from shared.runtime import Decision, Moment, Process, Service


def of_a_new_seller(
    decision: Callable[[Seller, Any, Moment[Any]], Decision[Seller]],
) -> Callable[[Any, Moment[Any]], Decision[Seller]]:
    """The same decision about a seller of whom nothing is known yet."""
    return lambda event, at: decision(Seller(seller_id=event.seller_id), event, at)


insurance_accelerator = Process(
    name="insurance_accelerator",
    state=Seller,
    begins={
        SellerProceedsReported: of_a_new_seller(decide.proceeds_reported),
        CertificateSubmitted: of_a_new_seller(decide.certificate_submitted),
        QuotesWanted: of_a_new_seller(quotes.quotes_wanted),
    },
    hears={
        SellerProceedsReported: decide.proceeds_reported,
        CertificateSubmitted: decide.certificate_submitted,
        QuotesWanted: quotes.quotes_wanted,
        CarrierQuoted: quotes.carrier_quoted,
        CarrierDeclined: quotes.carrier_declined,
        QuoteChosen: quotes.quote_chosen,
        PolicyIssued: decide.policy_issued,
    },
    waits=decide.deadline_passed,
)

service = Service(name="insurance_accelerator", processes=(insurance_accelerator,))
