"""What upstream, sellers, adjusters and finance say on each route, so cheaply that the load is not what is measured.

Every claim is the same small one (two items, 139.49 dollars, of an insured or an uninsured seller). Its bytes are those
of the contract's own class, made once, with the ids put in; answers are made from the fields of what is answered.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from bench.stand import MARKETPLACE
from shared.events.adjusters import DECISIONS
from shared.events.base import PARTITIONS, Event, claim_id_of
from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.finance import RESULTS
from shared.events.marketplace import SellerProceedsReported, SellerRegistered
from shared.events.seller_portal import ANSWERS, AnswerChoice, CertificateSubmitted, InsurerRating
from shared.events.upstream import SUBMISSIONS, Claimant, ClaimSubmitted, DocumentsSubmitted, Injury, Loss
from shared.money import Currency
from shared.runtime.lanes import partition_of

PRODUCTS: Final = 2000
"""Names among which the claims are spread: no product is hazardous by it."""
RESPONSE_DAYS: Final = 7
"""That a seller has to answer, by the bench's policy as by the shipped one."""


class Saying(NamedTuple):
    """One record of the outside world; its moment is put in when it is published."""

    topic: str
    partition: int
    key: bytes
    kind: str
    id: str
    body: bytes


class Reply(NamedTuple):
    """What is said about the same claim when something is heard of it."""

    topic: str
    kind: str
    id: str
    body: Mapping[str, Any]


Answers = Mapping[str, Callable[[Mapping[str, Any]], Reply]]
"""Type of what is heard → what it is answered with."""


def paid(order: Mapping[str, Any]) -> Reply:
    body = {name: order[name] for name in ("claim_id", "payout_id", "currency", "amount_minor")}
    reference = f"paid-{order['payout_id']}"
    return Reply(RESULTS.name, "PayoutPaid", reference, body | {"finance_reference": reference})


def collected(order: Mapping[str, Any]) -> Reply:
    body = {name: order[name] for name in ("claim_id", "debit_id", "currency", "amount_minor")}
    reference = f"collected-{order['debit_id']}"
    return Reply(RESULTS.name, "SellerDebitCollected", reference, body | {"finance_reference": reference})


def found_valid(review: Mapping[str, Any]) -> Reply:
    body = {name: review[name] for name in ("claim_id", "review", "round", "question_id")}
    decided = f"decided-{review['claim_id']}-{review['round']}"
    return Reply(DECISIONS.name, "ReviewDecided", decided, body | {"adjuster": "adjuster-7", "valid": True})


def answered(choice: AnswerChoice, notice: Mapping[str, Any]) -> Reply:
    answer_id = f"answer-{notice['claim_id']}"
    body = {name: notice[name] for name in ("claim_id", "seller_id")}
    return Reply(ANSWERS.name, "SellerAnswered", answer_id, body | {"answer_id": answer_id, "choice": choice.value})


PAYS: Final[Answers] = {"PayoutAuthorized": paid, "SellerDebitRequested": collected}


@dataclass(frozen=True)
class Route:
    """One way of a claim. ``path``: the processes that hear of it one after the other, from submission to payout.

    ``waits_days``: of the clock, that the policy lets pass on the way to the decision.
    """

    name: str
    insured: bool
    path: tuple[str, ...]
    answers: Answers = field(default_factory=lambda: PAYS)
    waits_days: int = 0


_FILED: Final = ("intake", "claimants", "intake", "escalation")
_NOTIFIED: Final = (*_FILED, "seller_notifier", "seller_notifier", "escalation")
"""The letter's outcome is heard by its own service."""

DIRECT_PAY: Final = Route("direct-pay", insured=True, path=(*_FILED, "escalation"))
SILENT: Final = Route(
    "seller-silent", insured=False, path=(*_NOTIFIED, "escalation", "escalation"), waits_days=RESPONSE_DAYS
)
ROUTES: Final = (
    DIRECT_PAY,
    Route(
        "seller-answers", insured=False, path=(*_NOTIFIED, "seller_notifier", "escalation", "escalation"),
        answers=PAYS | {"SellerNotified": partial(answered, AnswerChoice.PAY_THROUGH_US)},
    ),
    SILENT,
    Route(
        "contested", insured=False, path=(*_NOTIFIED, "seller_notifier", *("escalation",) * 3),
        answers=PAYS | {
            "SellerNotified": partial(answered, AnswerChoice.CONTEST), "ReviewOpened": found_valid,
        },
    ),
)  # fmt: skip


class Prepared(NamedTuple):
    """A claim, ready to be submitted: its papers first, as an upstream does that has them all."""

    claim_id: bytes
    sayings: tuple[Saying, Saying]


def claims(route: Route, mark: str, count: int, sellers: int, today: date) -> list[Prepared]:
    """So many new ones. ``mark``: begins their submission ids, up to the first hyphen."""
    papers, claim = _papers(today), _claim(today)
    return [
        _prepared(f"{mark}-{n}", seller_of(n % sellers, insured=route.insured), n, papers, claim) for n in range(count)
    ]


def seller_of(n: int, *, insured: bool) -> str:
    return f"bench-{'insured' if insured else 'uninsured'}-{n}"


def directory(sellers: int, today: date) -> Iterable[Event]:
    """So many sellers with a certificate, and as many without."""
    for insured in (True, False):
        for n in range(sellers):
            seller, name = seller_of(n, insured=insured), f"Bench Trading {n}"
            contact = f"{seller}@example.test"
            yield SellerRegistered(seller_id=seller, name=name, language="en", contacts=(contact,))
            if insured:
                yield _proceeds(seller, name, today)
                yield _certificate(seller, name, today)


def saying(event: Event, id_: str) -> Saying:
    assert event.topic is not None
    partition = partition_of(event.key, PARTITIONS)
    return Saying(
        event.topic.name, partition, event.key.encode(), type(event).__name__, id_, event.model_dump_json().encode()
    )


def replied(reply: Reply, key: bytes, partition: int) -> Saying:
    """As a record: in the partition of what it answers, for it has the same key."""
    return Saying(reply.topic, partition, key, reply.kind, reply.id, json.dumps(reply.body).encode())


def _prepared(submission: str, seller: str, n: int, papers: bytes, claim: bytes) -> Prepared:
    key, partition = submission.encode(), partition_of(submission, PARTITIONS)
    body = claim.replace(_SUBMISSION, key).replace(_SELLER, seller.encode()).replace(_PRODUCT, b"%d" % (n % PRODUCTS))
    return Prepared(
        str(claim_id_of(submission)).encode(),
        (
            Saying(
                SUBMISSIONS.name, partition, key, "DocumentsSubmitted", f"papers-{submission}",
                papers.replace(_SUBMISSION, key),
            ),
            Saying(SUBMISSIONS.name, partition, key, "ClaimSubmitted", submission, body),
        ),
    )  # fmt: skip


_SUBMISSION, _SELLER, _PRODUCT = b"SUBMISSION", b"SELLER", b"000000"


def _papers(today: date) -> bytes:
    return (
        DocumentsSubmitted(
            submission_id=_SUBMISSION.decode(),
            documents=(
                Document(kind=DocumentKind.RECEIPT, item=1, dated_on=today - timedelta(days=40)),
                Document(kind=DocumentKind.BILL, item=2, dated_on=today - timedelta(days=9)),
            ),
        )
        .model_dump_json()
        .encode()
    )


def _claim(today: date) -> bytes:
    submission = _SUBMISSION.decode()
    return (
        ClaimSubmitted(
            submission_id=submission,
            marketplace=MARKETPLACE,
            currency=Currency.USD,
            order_id=f"order-{submission}",
            seller_id=_SELLER.decode(),
            product=f"Electric Kettle {_PRODUCT.decode()}",
            purchased_on=today - timedelta(days=40),
            incident_on=today - timedelta(days=10),
            reported_on=today - timedelta(days=2),
            claimant=Claimant(id=f"customer-{submission}", age=41, sex="female"),
            injury=Injury(diagnosis="burn, scald", body_part="hand", disposition="treated and released"),
            narrative="The lid came off while pouring and hot water ran over the hand.",
            losses=(
                Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=3_999),
                Loss(kind=LossKind.MEDICAL, amount_minor=9_950),
            ),
        )
        .model_dump_json()
        .encode()
    )


def _proceeds(seller: str, name: str, today: date) -> SellerProceedsReported:
    return SellerProceedsReported(
        seller_id=seller, account_name=name, marketplace=MARKETPLACE, month=f"{today:%Y-%m}", currency=Currency.USD,
        amount_minor=500_000,
    )  # fmt: skip


def _certificate(seller: str, name: str, today: date) -> CertificateSubmitted:
    """Valid for as long as any run takes: two days pass in a second."""
    return CertificateSubmitted(
        seller_id=seller, certificate_id=f"coi-{seller}", marketplace=MARKETPLACE, insured_name=name,
        insurer="Bench Mutual", insurer_rating=InsurerRating.A_OR_BETTER, occurrence_basis=True, currency=Currency.USD,
        per_occurrence_minor=200_000_000, aggregate_minor=200_000_000, deductible_minor=500_000,
        additional_insured=True, global_claims_handling=True, cancellation_notice_days=30,
        valid_from=today - timedelta(days=100), valid_to=today + timedelta(days=36_500),
    )  # fmt: skip
