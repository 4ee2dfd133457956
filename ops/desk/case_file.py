"""What an adjuster needs to decide about one claim, in one view. Nothing personal is in it: see `ops/show.py`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from ops.desk.meanings import SIGNALS
from ops.desk.question import Question, Review, as_plain
from ops.reach import Database
from ops.show import Story, Told
from shared.events.base import Event, type_registry
from shared.events.claim import Item, Signal
from shared.events.intake import AmendmentRecorded, ClaimAccepted, SuspicionRaised
from shared.money import display
from shared.policy import Policy

OTHER_SIDE: Final = (
    *("SellerAnswerRecorded", "SellerCommentRecorded", "SettlementReported", "SellerAppealRecorded"),
    *("InsurerSettled", "InsurerRejected", "SettlementReplyRecorded"),
)
"""What seller, insurer and customer said about it, with what they point to as evidence."""
MILESTONES: Final = (
    *("ClaimAccepted", "ClaimDenied", "AmendmentRecorded", "SuspicionRaised", "RouteChosen", "SellerNotified"),
    *("NoticeUndeliverable", "NoticeBounced", "ReviewOpened", "ReviewDecided", "ClaimEscalated", "ClaimDecided"),
    *("ReleaseRequested", "ReleaseRecorded", "ApprovalRequested", "PayoutApproved", "PayoutRefused"),
    *("PayoutAuthorized", "PayoutPaid", "PayoutFailed", "PayoutReturned", "PayoutRecalled", "ClaimClosed"),
    *("ReopeningRecorded", "ReopeningRefused", "ClaimReopened", "PaymentContested", "RecoveryDisputed"),
    *("AppealDecided", "RecoveryReversed", "RecoveryResumed", "DuplicateEstablished"),
    *OTHER_SIDE,
)
OF_PEOPLE: Final = ("ReviewDecided", "PayoutApproved", "PayoutRefused", "AppealDecided", "DuplicateEstablished")
"""What adjusters and approvers say: to a question that is not asked any more it counts for nothing."""
_TOLD: Final = (
    *("review", "valid", "round", "route", "choice", "contested_items", "contrary", "confirmed", "kind", "amount"),
    *("allowed", "admitted", "outcome", "reason", "reasons", "ground", "won", "adjuster", "approver", "duplicate_of"),
)
"""Of a milestone's facts, those that say what came of it."""
_FROM_INTAKE: Final = [kind.type_name() for kind in (ClaimAccepted, AmendmentRecorded, SuspicionRaised)]


@dataclass(frozen=True)
class ItemRow:
    """One item: as claimed, as admitted, and what can be allowed of it now (None: it is not in question)."""

    item: int
    kind: str
    claimed_minor: int
    admitted_minor: int
    most_minor: int | None
    reasons: tuple[str, ...]
    contested: bool


@dataclass(frozen=True)
class Said:
    """One line of what happened; ``facts`` as text."""

    at: datetime
    by: str
    type: str
    facts: dict[str, str]


@dataclass
class CaseFile:
    """Amounts in minor units of ``currency``; what intake has not accepted has neither items nor figures."""

    claim_id: str
    submission_id: str | None
    seller_id: str | None
    standing: dict[str, str]
    questions: list[Question] = field(default_factory=list[Question])
    marketplace: str = ""
    currency: str = ""
    order_id: str = ""
    product: str = ""
    purchased_on: str = ""
    incident_on: str = ""
    items: list[ItemRow] = field(default_factory=list[ItemRow])
    signals: dict[str, str] = field(default_factory=dict[str, str])
    """Code → meaning."""
    score: int = 0
    figures: dict[str, str] = field(default_factory=dict[str, str])
    other_side: list[Said] = field(default_factory=list[Said])
    happened: list[Said] = field(default_factory=list[Said])

    def as_plain(self, now: datetime) -> dict[str, Any]:
        """For JSON."""
        whole = asdict(replace(self, questions=[])) | {"questions": [as_plain(one, now) for one in self.questions]}
        return json.loads(json.dumps(whole, default=lambda value: value.isoformat()))


async def from_intake(look: Database, claim_id: str) -> list[Event]:
    """What escalation has heard of intake about what is claimed, in that order."""
    rows = await look.rows(
        "escalation",
        "select type, body from journal where process = 'escalation' and key = $1 and type = any($2) "
        "order by at, n, result not like '.%'",
        claim_id, _FROM_INTAKE,
    )  # fmt: skip
    return [type_registry[row["type"]].model_validate_json(row["body"]) for row in rows]


def case_file(story: Story, heard: Iterable[Event], questions: Sequence[Question], policy: Policy | None) -> CaseFile:
    """The story of a claim, arranged for who must decide."""
    file = CaseFile(story.claim_id, story.submission_id, story.seller_id, story.standing, list(questions))
    items: tuple[Item, ...] = ()
    for event in heard:
        match event:
            case ClaimAccepted():
                items, file.score, file.signals = event.items, event.score, _meanings(event.signals)
                file.marketplace, file.currency = event.marketplace, event.currency
                file.order_id, file.product = event.order_id, _printable(event.product)
                file.purchased_on, file.incident_on = f"{event.purchased_on}", f"{event.incident_on}"
            case AmendmentRecorded():
                items = event.items
            case SuspicionRaised():
                file.score, file.signals = event.score, _meanings(event.signals)
            case _:
                pass
    file.items = [_row(item, questions) for item in items]
    file.figures = _figures(policy) if policy is not None else {}
    file.other_side = [_said(one, evidence=True) for one in story.told if one.type in OTHER_SIDE]
    file.happened = [_said(one) for one in story.told if one.type in MILESTONES]
    return file


def _row(item: Item, questions: Sequence[Question]) -> ItemRow:
    review = next((one for one in questions if isinstance(one, Review)), None)
    most = next((each.allowed_minor for each in review.in_question if each.item == item.item), None) if review else None
    contested = review is not None and item.item in review.contested
    reasons = tuple(reason.value for reason in item.reasons)
    return ItemRow(item.item, item.kind, item.claimed_minor, item.admitted_minor, most, reasons, contested)


def _meanings(signals: Sequence[Signal]) -> dict[str, str]:
    return {signal.value: SIGNALS[signal] for signal in signals}


def _figures(policy: Policy) -> dict[str, str]:
    """What of the policy frozen on the claim a decision meets."""
    handling = policy.handling
    up_to = "up to" if handling.small_claim_line_inclusive else "under"

    def money(minor: int) -> str:
        return display(minor, policy.currency)

    return {
        "policy": policy.version,
        "small-claim line": f"{up_to} {money(handling.small_claim_line_minor)}",
        "cap": money(handling.cap_minor),
        "two approvals above": money(handling.authority_limit_minor),
        "release above the line": "yes" if handling.release_above_line else "no",
        "days to review": str(handling.review_days),
        "days to decide since proof": str(handling.decide_days),
        "investigated from a score of": str(policy.screening.investigate_at),
    }


def _said(one: Told, *, evidence: bool = False) -> Said:
    names = ("choice", "contested_items", "contrary", "confirmed", "amount", "evidence", "proof", "received_at")
    shown = {name: text for name in (names if evidence else _TOLD) if (text := one.facts.get(name))}
    if one.type in OF_PEOPLE and one.heard and all(heard.idle for heard in one.heard):
        shown["counted"] = "for nothing"
    return Said(one.at, one.said_by, one.type, shown)


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
