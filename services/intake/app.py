"""Intake: checks that a claim is valid and proven, once per submission, and looks across claims for what repeats.

Hears  ClaimSubmitted · ClaimAmended · DocumentsSubmitted · BeneficiaryStatusGiven · ClaimWithdrawn ·
       ReopeningRequested · PayeeChanged · LienAsserted · ReleaseSigned · SettlementConfirmed · SettlementDisputed
Says   ClaimAccepted · ClaimDenied · InformationRequested · DuplicateFound · SubmissionRefused · AmendmentRecorded ·
       ClaimWithdrawalRecorded · ReopeningRecorded · ReopeningRefused · PayeeRecorded · LienRecorded ·
       BeneficiaryRecorded · ReleaseRecorded · SettlementReplyRecorded · SuspicionRaised · SellerClaimReported ·
       ProductHazardFlagged
Waits  for the papers; for the look across the claimant's other claims

Across claims look three more processes, which hear the first and answer it:
claimants  by claimant: IncidentReported and IncidentRetracted, answered with IncidentScreened
links      by order, paper, payee or seller: LinkReported, answered with LinkFound where there is something to find
products   by product: ProductIncidentReported; they say ProductHazardFlagged
"""

from services.intake import amendments, claimants, decide, links, payment, products, reopening, screening
from services.intake.claimants import Claimant
from services.intake.links import Link
from services.intake.products import Product
from services.intake.state import Submission
from shared.events.intake import (
    IncidentReported,
    IncidentRetracted,
    IncidentScreened,
    LinkFound,
    LinkReported,
    ProductIncidentReported,
)
from shared.events.upstream import (
    BeneficiaryStatusGiven,
    ClaimAmended,
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    LienAsserted,
    PayeeChanged,
    ReleaseSigned,
    ReopeningRequested,
    SettlementConfirmed,
    SettlementDisputed,
)
from shared.runtime import Process, Service

intake = Process(
    name="intake",
    state=Submission,
    begins={ClaimSubmitted: decide.claim_submitted},
    hears={
        ClaimSubmitted: decide.submitted_again,
        DocumentsSubmitted: decide.documents_submitted,
        BeneficiaryStatusGiven: decide.beneficiary_status_given,
        ClaimAmended: amendments.claim_amended,
        ClaimWithdrawn: decide.claim_withdrawn,
        ReopeningRequested: reopening.reopening_requested,
        PayeeChanged: payment.payee_changed,
        LienAsserted: payment.lien_asserted,
        ReleaseSigned: payment.release_signed,
        SettlementConfirmed: decide.settlement_confirmed,
        SettlementDisputed: decide.settlement_disputed,
        IncidentScreened: decide.incident_screened,
        LinkFound: screening.link_found,
    },
    waits=decide.deadline_passed,
    refuses=decide.submission_refused,
)

across_claims = Process(
    name="claimants",
    state=Claimant,
    begins={IncidentReported: claimants.first_incident_reported},
    hears={
        IncidentReported: claimants.incident_reported,
        IncidentRetracted: claimants.incident_retracted,
    },
)

in_common = Process(
    name="links",
    state=Link,
    begins={LinkReported: links.first_link_reported},
    hears={LinkReported: links.link_reported},
)

by_product = Process(
    name="products",
    state=Product,
    begins={ProductIncidentReported: products.first_product_incident},
    hears={ProductIncidentReported: products.product_incident},
    linger=0.5,
)

service = Service("intake", processes=(intake, across_claims, in_common, by_product))
