"""Submissions, papers and what intake knows at each stage, for its tests."""

import hashlib
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

from services.intake import decide
from services.intake.state import Stage, Submission
from shared.events.base import Event, claim_id_of
from shared.events.claim import Document, DocumentKind, LossKind, Reason, Signal
from shared.events.intake import ClaimDenied, IncidentReported, IncidentScreened
from shared.events.upstream import ClaimAmended, ClaimSubmitted, ClaimWithdrawn, DocumentsSubmitted, Loss
from shared.money import Currency
from shared.runtime import Decision
from tests.deciding import at, day

E = TypeVar("E", bound=Event)

SECRET: Final = "unmentionable"
"""Stands in every text that must not leave intake."""
DIAGNOSIS: Final = "contusions, abr."
"""Leaves intake only where several claims about a product share it."""

_SUBMISSION: Final[dict[str, Any]] = {
    "submission_id": "fnol-1",
    "marketplace": "US",
    "currency": "USD",
    "order_id": "order-1",
    "seller_id": "seller-1",
    "product": "Ladders",
    "purchased_on": "2025-04-01",
    "incident_on": "2025-05-20",
    "reported_on": "2025-06-01",
    "claimant": {"id": "customer-1", "age": 34.0, "sex": "female", "beneficiary": False},
    "injury": {"diagnosis": DIAGNOSIS, "body_part": SECRET, "disposition": f"released {SECRET}"},
    "narrative": f"FELL {SECRET}",
    "losses": [{"kind": "purchase_price", "amount_minor": 2_000}, {"kind": "medical", "amount_minor": 30_000}],
}


def submitted(**changes: Any) -> ClaimSubmitted:
    """A valid claim on the US marketplace, for 20.00 and 300.00 USD, but for what a test changes."""
    return ClaimSubmitted.model_validate({**_SUBMISSION, **changes})


def loss(kind: str, amount_minor: int, already_paid_minor: int = 0, *, guardians: bool = False) -> Loss:
    return Loss(
        kind=LossKind(kind), amount_minor=amount_minor, already_paid_minor=already_paid_minor, guardians=guardians
    )


def paper(item: int | None, kind: str, *, dated: bool = True, bytes_: str | None = None) -> Document:
    """``bytes_``: what the paper says, where a test is about the same paper in two claims."""
    sha256 = hashlib.sha256(bytes_.encode()).hexdigest() if bytes_ else None
    dated_on = date(2025, 5, 21) if dated else None
    return Document(kind=DocumentKind(kind), item=item, dated_on=dated_on, sha256=sha256)


RECEIPT: Final = paper(1, "receipt")
BILL: Final = paper(2, "bill")
GUARDIAN: Final = paper(None, "guardian_authority")
ESTATE: Final = paper(None, "estate_authority")
CHILD: Final[dict[str, Any]] = {"injured": {"age": 6.0}}
FATAL: Final[dict[str, Any]] = {"injury": {"diagnosis": "internal injury", "disposition": "fatality incl. doa"}}


def papers(*documents: Document, submission_id: str = "fnol-1") -> DocumentsSubmitted:
    return DocumentsSubmitted(submission_id=submission_id, documents=documents)


def amended(*losses: Loss, amendment_id: str = "amendment-1") -> ClaimAmended:
    return ClaimAmended(submission_id="fnol-1", amendment_id=amendment_id, losses=losses)


def screened(
    submission_id: str = "fnol-1",
    *,
    duplicate_of: UUID | None = None,
    other_admitted_minor: int = 0,
    signals: tuple[Signal, ...] = (),
    asked: int = 1,
) -> IncidentScreened:
    return IncidentScreened(
        submission_id=submission_id,
        claim_id=claim_id_of(submission_id),
        duplicate_of=duplicate_of,
        other_admitted_minor=other_admitted_minor,
        signals=signals,
        asked=asked,
    )


def screening(*documents: Document, **changes: Any) -> Submission:
    """Nothing speaks against the claim; the look across the claimant's other claims has been asked for."""
    submission = decide.claim_submitted(submitted(**changes), at(day(0))).state
    return decide.documents_submitted(submission, papers(*documents), at(day(0))).state if documents else submission


def waiting_for_papers(*documents: Document, other_admitted_minor: int = 0, **changes: Any) -> Submission:
    """Screened on the first day, and something is missing."""
    answer = screened(other_admitted_minor=other_admitted_minor)
    return decide.incident_screened(screening(*documents, **changes), answer, at(day(0))).state


def accepted(**changes: Any) -> Submission:
    """Screened on the first day, and nothing was missing."""
    submission = waiting_for_papers(RECEIPT, BILL, **changes)
    assert submission.stage is Stage.ACCEPTED
    return submission


def never_proven(**changes: Any) -> Submission:
    """Ended a month later, because no paper came."""
    return decide.deadline_passed(waiting_for_papers(**changes), at(day(30))).state


def withdrawn(submission: Submission) -> Submission:
    event = ClaimWithdrawn(submission_id=submission.submission_id)
    return decide.claim_withdrawn(submission, event, at(day(1))).state


def denial(**changes: Any) -> ClaimDenied:
    """What is said at once about such a claim."""
    (denied,) = decide.claim_submitted(submitted(**changes), at(day(0))).says
    assert isinstance(denied, ClaimDenied)
    return denied


def reasons(**changes: Any) -> set[Reason]:
    return set(denial(**changes).reasons)


def only(decision: Decision[Any]) -> Event:
    (said,) = decision.says
    return said


def told(decision: Decision[Any], kind: type[E]) -> E:
    """The one event of this kind that was said, among others perhaps."""
    (said,) = (event for event in decision.says if isinstance(event, kind))
    return said


def reported(
    submission_id: str = "fnol-1",
    *,
    order_id: str = "order-1",
    incident_on: date = date(2025, 5, 20),
    admitted_minor: int = 32_000,
    currency: Currency = Currency.USD,
    reported_on: date | None = date(2025, 6, 1),
    asked: int = 1,
) -> IncidentReported:
    """One claim of one claimant."""
    return IncidentReported(
        claimant_id="customer-1",
        submission_id=submission_id,
        claim_id=claim_id_of(submission_id),
        order_id=order_id,
        seller_id="seller-1",
        currency=currency,
        incident_on=incident_on,
        admitted_minor=admitted_minor,
        reported_on=reported_on,
        policy="US-1",
        asked=asked,
    )
