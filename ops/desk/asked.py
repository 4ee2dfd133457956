"""Reads what is asked of people from the states of escalation and recovery. Read-only, and typed as they are there."""

from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from pydantic import ValidationError

from ops.desk.case_file import CaseFile, case_file, from_intake
from ops.desk.question import Appeal, Approval, Question, Review
from ops.reach import Database, ReachError
from ops.show import named
from ops.show import show as tell
from services.escalation import items
from services.escalation.state import Case
from services.recovery.state import Recovery, Stage
from shared.events.adjusters import ReviewKind
from shared.events.escalation import Status
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.policy import Policies, Policy, PolicyError, load
from shared.runtime import Moment, State
from shared.runtime.clock import ScaledClock
from shared.runtime.settings import Settings

Q = TypeVar("Q", bound=Question)
S = TypeVar("S", bound=State)
At: TypeAlias = Moment[SellerCoverChanged]

_CASES: Final = (
    "select key, body from state where process = 'escalation' and due is not null and ($1::text is null or key = $1) "
    "and body->>'status' = any($2)"
)
_DISPUTES: Final = (
    "select key, body from state where process = 'recovery' and due is not null and ($1::text is null or key = $1) "
    "and body->>'dispute' is not null"
)
_ASKS: Final = [Status.UNDER_REVIEW.value, Status.AWAITING_APPROVAL.value]


async def questions(look: Database, settings: Settings, claim_id: str | None = None) -> list[Question]:
    """All that is asked, or what is asked about one claim, in no order."""
    now = ScaledClock.from_settings(settings).now()
    at: At = Moment(now, now, policies(settings))
    cases = await look.rows("escalation", _CASES, claim_id, _ASKS)
    disputes = await look.rows("recovery", _DISPUTES, claim_id)
    found = [of_recovery(_read(Recovery, row)) for row in disputes] + [of_case(_read(Case, row), at) for row in cases]
    return [one for one in found if one is not None]


def _read(kind: type[S], row: Any) -> S:
    try:
        return kind.model_validate_json(row["body"])
    except ValidationError:
        raise ReachError(f"the state of {row['key']} is of another version: run the makegood that serves it") from None


async def question(look: Database, settings: Settings, claim: str, kind: type[Q]) -> Q:
    """The open one of this kind about a claim or submission id. Raises ReachError when there is none."""
    story = await named(look, claim)
    found = await questions(look, settings, story.claim_id)
    for one in found:
        if isinstance(one, kind):
            return one
    other = ", ".join(f"its {type(one).__name__.lower()}" for one in found)
    open_ = f"what is open is {other}" if other else await _stands(look, claim, story.claim_id)
    raise ReachError(f"no {kind.__name__.lower()} of {claim} is open, {open_}: see `makegood desk queue`")


async def _stands(look: Database, claim: str, claim_id: str) -> str:
    status = await look.value(
        "escalation", "select body->>'status' from state where process = 'escalation' and key = $1", claim_id
    )
    if status is None:
        raise ReachError(
            f"escalation has not heard of {claim!r}: give a claim id or a submission id that intake has read"
        )
    return f"and nothing else waits for a person (status {status})"


async def two_claims(look: Database, claim: str, other: str) -> tuple[UUID, UUID]:
    """Both as claim ids. Raises ReachError for one that escalation has not heard of."""
    first, second = await named(look, claim), await named(look, other)
    await _stands(look, claim, first.claim_id)
    await _stands(look, other, second.claim_id)
    return UUID(first.claim_id), UUID(second.claim_id)


async def ended_as_duplicates(look: Database, *claims: UUID) -> set[UUID]:
    """Which of these claims have ended as duplicates."""
    rows = await look.rows(
        "escalation",
        "select key from state where process = 'escalation' and key = any($1) and body->>'outcome' = 'duplicate'",
        [str(claim) for claim in claims],
    )
    return {UUID(row["key"]) for row in rows}


async def case_file_of(look: Database, settings: Settings, claim: str) -> CaseFile:
    """All that an adjuster needs. Raises ReachError when nobody has heard of it."""
    story = await tell(look, claim)
    heard = await from_intake(look, story.claim_id)
    policy = await look.value(
        "escalation",
        "select body->'accepted'->>'policy' from state where process = 'escalation' and key = $1",
        story.claim_id,
    )
    rules = _version(policies(settings), policy) if policy else None
    return case_file(story, heard, await questions(look, settings, story.claim_id), rules)


def of_case(case: Case, at: At) -> Question | None:
    """What a case asks of a person, if it asks anything."""
    if case.accepted is None or case.by is None:
        return None
    rules = _version(at.policies, case.terms.policy)
    asked: dict[str, Any] = {
        "claim_id": case.claim_id,
        "marketplace": case.terms.marketplace,
        "currency": case.terms.currency,
        "decide_by": case.by,
        "late_at": case.late_at,
    }
    if case.status is Status.AWAITING_APPROVAL:
        return Approval(
            **asked,
            amount_minor=items.to_approve(case, at),
            payout_id=case.payout_id,
            round=case.round_to_approve,
            limit_minor=rules.handling.authority_limit_minor,
            approvers=case.approvers,
            adjusters=case.deciders,
            question_id=case.question_id,
        )
    if case.review is None:
        return None
    owed = items.owed(case)
    review = Review(
        **asked,
        amount_minor=0,
        kind=case.review,
        round=case.round,
        items=items.as_findings(owed),
        contested=case.contested if case.review is ReviewKind.CONTESTED else (),
        signals=case.signals,
        question_id=case.question_id,
    )
    return replace(review, amount_minor=sum(item.allowed_minor for item in review.in_question))


def of_recovery(recovery: Recovery) -> Appeal | None:
    """What a recovery asks of an adjuster, if it does."""
    if recovery.dispute is None:
        return None
    to_come = sum(payout.authorized_minor for payout in recovery.payouts) if recovery.stage is Stage.AUTHORIZED else 0
    sellers = recovery.outstanding_minor + recovery.written_off_minor + recovery.from_seller_minor
    return Appeal(
        claim_id=recovery.claim_id,
        marketplace=recovery.marketplace,
        currency=recovery.currency,
        amount_minor=to_come or sellers,
        decide_by=recovery.dispute.decide_by,
        late_at=recovery.dispute.late_at,
        ground=recovery.dispute.ground,
    )


def policies(settings: Settings) -> Policies:
    """Those that the services use. Raises ReachError."""
    try:
        return load(settings.policy_folder) if settings.policy_folder else load()
    except PolicyError as error:
        raise ReachError(f"the policies cannot be read: {error}") from error


def _version(known: Policies, name: str) -> Policy:
    try:
        return known.version(name)
    except KeyError:
        raise ReachError(f"no policy file has version {name}: name their folder in MAKEGOOD_POLICY_FOLDER") from None
