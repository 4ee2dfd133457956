"""Insurance Accelerator: knows who must be insured and who is, and helps sellers to cover that does.

Hears  SellerProceedsReported · SellerClaimReported · CertificateSubmitted · QuotesWanted · QuoteChosen ·
       CarrierQuoted · CarrierDeclined · PolicyIssued · PolicyCancelled
Says   InsuranceRequired · InsuranceReminded · InsuranceOverdue · CertificateAccepted · CertificateRejected ·
       SellerCoverChanged · CoverLapsing · CoverLapsed · CoverCancelled · SellerQualified · SellerNotQualified ·
       QuotesRequested · QuoteOffered · QuoteRefused · QuotesCompared · QuoteExpired · BindRequested · CoverBound
Waits  for an account's name, the carriers' quotes, the seller's choice, the carrier's policy, the end of the time to
       insure, the time to renew, the end of cover
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from services.insurance_accelerator import binding, certificates, deadlines, history, proceeds, quotes
from services.insurance_accelerator.state import Seller
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyCancelled, PolicyIssued
from shared.events.intake import SellerClaimReported
from shared.events.marketplace import SellerProceedsReported
from shared.events.seller_portal import CertificateSubmitted, QuoteChosen, QuotesWanted
from shared.runtime import Decision, Moment, Process, Service


def of_a_new_seller(
    decision: Callable[[Seller, Any, Moment[Any]], Decision[Seller]],
) -> Callable[[Any, Moment[Any]], Decision[Seller]]:
    """The same decision about a seller of whom nothing is known yet."""

    @wraps(decision)
    def decided(event: Any, at: Moment[Any]) -> Decision[Seller]:
        return decision(Seller(seller_id=event.seller_id), event, at)

    return decided


insurance_accelerator = Process(
    name="insurance_accelerator",
    state=Seller,
    begins={
        SellerProceedsReported: of_a_new_seller(proceeds.proceeds_reported),
        SellerClaimReported: of_a_new_seller(history.claim_reported),
        CertificateSubmitted: of_a_new_seller(certificates.certificate_submitted),
        QuotesWanted: of_a_new_seller(quotes.quotes_wanted),
    },
    hears={
        SellerProceedsReported: proceeds.proceeds_reported,
        SellerClaimReported: history.claim_reported,
        CertificateSubmitted: certificates.certificate_submitted,
        QuotesWanted: quotes.quotes_wanted,
        CarrierQuoted: quotes.carrier_quoted,
        CarrierDeclined: quotes.carrier_declined,
        QuoteChosen: binding.quote_chosen,
        PolicyIssued: binding.policy_issued,
        PolicyCancelled: binding.policy_cancelled,
    },
    waits=deadlines.deadline_passed,
    linger=0.5,
)

service = Service(name="insurance_accelerator", processes=(insurance_accelerator,))
