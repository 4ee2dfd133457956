"""Intake: checks that a claim is valid and proven, once per submission, and finds repetitions across claims.

Hears  ClaimSubmitted · DocumentsSubmitted · ClaimWithdrawn · SettlementConfirmed · SettlementDisputed
Says   ClaimAccepted · ClaimDenied · InformationRequested · DuplicateFound · SubmissionRefused ·
       ClaimWithdrawalRecorded · SettlementReplyRecorded
Waits  for the papers; for the look across the claimant's other claims

That look is a second process, keyed by claimant. It hears IncidentReported and IncidentRetracted from the first
and answers with IncidentScreened.
"""

from services.intake import claimants, decide
from services.intake.state import Claimant, Submission
from shared.events.intake import IncidentReported, IncidentRetracted, IncidentScreened
from shared.events.upstream import (
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    SettlementConfirmed,
    SettlementDisputed,
)
from shared.runtime import Process, Service

intake = Process(
    name="intake",
    state=Submission,
    begins={ClaimSubmitted: decide.claim_submitted},
    hears={
        DocumentsSubmitted: decide.documents_submitted,
        ClaimWithdrawn: decide.claim_withdrawn,
        SettlementConfirmed: decide.settlement_confirmed,
        SettlementDisputed: decide.settlement_disputed,
        IncidentScreened: decide.incident_screened,
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

service = Service("intake", processes=(intake, across_claims))
