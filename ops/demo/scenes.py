"""The scenes that the first claims of a demo play, each for one named route: what is claimed, and what everybody does.

Whoever is not told what to do leads an ordinary life: papers with the claim, a seller who pays through us, everything
found valid, paid and collected at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ops.demo.outside.adjusters import Approval, Dispute, Pace, SecondLook, Suspicion, Verdict
from ops.demo.outside.appeals import Appeal
from ops.demo.outside.certificates import Proves
from ops.demo.outside.collecting import Collects
from ops.demo.outside.customers import Amends, Liens, NewPayee, Payee, Release, Reopens, Withdraws, Word
from ops.demo.outside.directory import Contacts, Stands
from ops.demo.outside.duplicates import Found
from ops.demo.outside.finance import Pays
from ops.demo.outside.insurers import InsurerPays, Reply
from ops.demo.outside.late_certificates import Shows
from ops.demo.outside.mail import ClaimLetter, DebitLetter
from ops.demo.outside.paying import AfterWriteOff, PaysHimself
from ops.demo.outside.sellers import Comment, Extension, Insurer, Promise, Way
from ops.demo.outside.upstream import Bundle, Medicare, Papers, Sends
from shared.events.claim import LossKind
from shared.events.seller_portal import AnswerChoice
from shared.events.upstream import Injured, Injury, Loss
from shared.money import Currency

PRICE: Final = Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=6_009)
CHIPPED: Final = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=32_900)
RUINED: Final = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=240_000)
BURNT_DOWN: Final = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=2_600_000)
STITCHES: Final = Loss(kind=LossKind.MEDICAL, amount_minor=89_000)
WAGES: Final = Loss(kind=LossKind.LOST_EARNINGS, amount_minor=31_000)
GRIEF: Final = Loss(kind=LossKind.NON_ECONOMIC, amount_minor=50_000)
SCALD: Final = Injury(diagnosis="burn, scald", body_part="upper leg", disposition="treated and released")
DEATH: Final = Injury(diagnosis="burns, thermal", body_part="all parts body", disposition="fatality")

SMALL: Final[Mapping[str, Any]] = {"losses": (PRICE, CHIPPED)}
LARGE: Final[Mapping[str, Any]] = {"losses": (PRICE, RUINED)}
HUGE: Final[Mapping[str, Any]] = {"losses": (PRICE, BURNT_DOWN)}
HURT: Final[Mapping[str, Any]] = {"injury": SCALD, "losses": (PRICE, STITCHES)}
CHILD: Final[Mapping[str, Any]] = {"injury": SCALD, "injured": Injured(age=7), "losses": (PRICE, STITCHES, WAGES)}
DEAD: Final[Mapping[str, Any]] = {"injury": DEATH, "injured": Injured(age=71), "losses": (PRICE, STITCHES)}
FIREPLACE: Final[Mapping[str, Any]] = {"product": "Table Fireplace, Bioethanol, Glass"}
"""Under the small-claim line, above it, above the authority limit; and with somebody hurt."""


@dataclass(frozen=True, slots=True)
class Scene:
    """``route``: the named route it is for. ``does``: what all who have to do with the claim choose.

    ``claim``: its fields; ``days``: how many before today it was bought, happened and was reported. ``seller``: what
    the seller is; ``insured``: whether he has a certificate on record. ``again``: the story of the claim before it,
    told once more by the same customer, or where ``claim`` says what differs by another.
    """

    route: str
    claim: Mapping[str, Any] = field(default_factory=lambda: LARGE)
    does: tuple[Enum, ...] = ()
    seller: tuple[Enum, ...] = ()
    insured: bool = False
    days: tuple[int, int, int] = (60, 6, 0)
    again: bool = False


_FILING: Final = (
    Scene("not_understood", SMALL),
    Scene("papers_in_time", SMALL, (Papers.WHEN_ASKED,), insured=True),
    Scene("papers_only_some", SMALL, (Bundle.ONE_MISSING,), insured=True),
    Scene("papers_late", SMALL, (Bundle.ONE_LATE,), insured=True),
    Scene("papers_never", SMALL, (Papers.NEVER,)),
    Scene("guardian_acts", CHILD),
    Scene("estate_acts", DEAD | FIREPLACE, (Medicare.YES,)),
    Scene("product_hazard", DEAD | FIREPLACE),
    Scene("beneficiary_answered", HURT, (Medicare.NO,)),
    Scene("beneficiary_unanswered", HURT, (Medicare.UNANSWERED,)),
    Scene("incident_before_purchase", SMALL, days=(6, 9, 0)),
    Scene("purchase_before_policy", LARGE | {"marketplace": "DE", "currency": Currency.EUR}, days=(-1, 6, 0)),
    Scene("reported_too_late", SMALL, days=(160, 120, 0)),
    Scene("too_long_after_purchase", SMALL | {"marketplace": "GB", "currency": Currency.GBP}, days=(480, 6, 0)),
    Scene("other_currency", SMALL | {"currency": Currency.MXN}),
    Scene("excluded_product", SMALL | {"product": "Gift Cards"}),
    Scene("excluded_loss", {"losses": (PRICE, GRIEF)}),
    Scene("paid_already", {"losses": (PRICE.model_copy(update={"already_paid_minor": 6_009}), CHIPPED)}),
    Scene("minors_earnings", CHILD),
    Scene("amended_before_acceptance", SMALL, (Papers.WHEN_ASKED, Amends.BEFORE_ACCEPTANCE)),
    Scene("withdrawn_before_acceptance", SMALL, (Papers.WHEN_ASKED, Withdraws.WHEN_ASKED)),
    Scene("withdrawn_before_decision", LARGE, (Withdraws.BEFORE_DECISION, Way.SILENT)),
    Scene("withdrawn_during_payout", LARGE, (Withdraws.DURING_PAYOUT, Pays.ORDER_LOST)),
    Scene("withdrawn_after_the_end", SMALL, (Withdraws.AFTER,), insured=True),
    Scene("filed_twice", {}, again=True),
)

_ANOTHER: Final[Mapping[str, Any]] = {"order_id": "another"}
"""Of a claim that is told again: another order, with the same papers."""
_ALMOST: Final[Mapping[str, Any]] = {
    "losses": (
        Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=6_150),
        Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=30_100),
    )
}
"""Of a claim that is told again: the same order, with other papers."""

_SUSPICION: Final = (
    Scene("suspicion_afterwards", LARGE, (Way.SILENT, Suspicion.CLEARED)),
    Scene("investigated_and_denied", _ANOTHER, (Sends.DAYS_LATER, Way.SILENT, Suspicion.FRAUD), again=True),
    Scene("investigated_and_cleared", _ANOTHER, (Sends.DAYS_LATER, Way.SILENT, Suspicion.CLEARED), again=True),
    Scene("amount_reviewed", LARGE, (Way.SILENT,)),
    Scene("duplicate_before_payout", _ALMOST, (Found.BEFORE_PAYOUT, Way.SILENT), again=True),
    Scene("paid_directly", SMALL, (Comment.AGREES,), insured=True),
    Scene("duplicate_after_payout", _ALMOST, (Found.AFTER_PAYOUT,), again=True),
)

_SELLERS: Final = (
    Scene("contrary_evidence", SMALL, (Comment.CONTRARY,), insured=True),
    Scene("contrary_heard_late", SMALL, (Comment.HEARD_LATE,), insured=True),
    Scene("contrary_too_late", SMALL, (Comment.LATE,), insured=True),
    Scene("seller_pays_through_us"),
    Scene("seller_contests_all", LARGE, (Way.CONTESTS,)),
    Scene("seller_contests_some", LARGE, (Way.CONTESTS_SOME, Verdict.INVALID)),
    Scene("seller_settled_confirmed", LARGE, (Way.SETTLES, Word.CONFIRMS)),
    Scene("seller_settled_disputed", LARGE, (Way.SETTLES, Word.DISPUTES)),
    Scene("seller_settled_no_word", LARGE, (Way.SETTLES, Word.SILENT)),
    Scene("promise_broken", LARGE, (Way.SETTLES, Promise.BROKEN)),
    Scene("insurer_settles_fully", LARGE, (Way.REFERS, Reply.IN_FULL)),
    Scene("insurer_settles_partly", LARGE, (Way.REFERS, Reply.IN_PART)),
    Scene("insurer_rejects", LARGE, (Way.REFERS, Reply.REJECTS)),
    Scene("insurer_silent", LARGE, (Way.REFERS, Reply.SILENT)),
    Scene("insurer_unreachable", LARGE, (Way.REFERS, Insurer.REFUSED)),
    Scene("seller_silent", SMALL, (Way.SILENT,)),
    Scene("answer_before_notice", LARGE, (Way.EARLY, AnswerChoice.PAY_THROUGH_US)),
    Scene("answer_heard_after_timer", LARGE, (Way.HEARD_LATE, AnswerChoice.CONTEST)),
    Scene("answer_in_same_second", LARGE, (Way.SAME_SECOND, AnswerChoice.CONTEST)),
    Scene("answer_after_timer", LARGE, (Way.TOO_LATE, AnswerChoice.CONTEST)),
    Scene("payment_contested", SMALL, (Way.HEARD_LATE, AnswerChoice.CONTEST)),
    Scene("answers_contradict", LARGE, (Way.TWICE, AnswerChoice.CONTEST)),
    Scene("somebody_else_answers", LARGE, (Way.STRANGER,)),
    Scene("one_extension", LARGE, (Way.EXTENDS, Extension.TWICE)),
    Scene("no_notice_possible", LARGE, seller=(Contacts.NONE,)),
    Scene("notice_bounced_once", LARGE, (ClaimLetter.FIRST_RETURNS,), (Contacts.TWO,)),
    Scene("notice_bounced_for_good", LARGE, (ClaimLetter.EACH_RETURNS,)),
    Scene("seller_suspended", LARGE, seller=(Stands.SUSPENDED,)),
    Scene("seller_insolvent", LARGE, seller=(Stands.INSOLVENT,)),
)

_DECISIONS: Final = (
    Scene("serious_injury", DEAD),
    Scene("amount_reviewed", LARGE, (Way.SILENT,)),
    Scene("customer_told_of_delay", LARGE, (Way.SILENT, Pace.OVERDUE)),
    Scene("amended_over_the_line", SMALL, (Amends.OVER_LINE,), insured=True),
    Scene("amended_over_the_cap", LARGE, (Amends.OVER_CAP, Way.SILENT, Verdict.CUT)),
    Scene("amended_over_the_cap_after_payment", LARGE, (Amends.OVER_CAP_AFTER, Verdict.CUT)),
    Scene("amended_after_payment", SMALL, (Amends.AFTER_PAYMENT,), insured=True),
    Scene("amended_over_the_line_after_payment", SMALL, (Amends.OVER_LINE_AFTER,), insured=True),
    Scene("reopened_with_evidence", LARGE, (Way.CONTESTS, Verdict.INVALID, Reopens.EVIDENCE, SecondLook.CUT)),
    Scene("customers_appeal_granted", LARGE, (Way.CONTESTS, Verdict.INVALID, Reopens.APPEALS, SecondLook.GRANTED)),
    Scene("customers_appeal_refused", LARGE, (Way.CONTESTS, Verdict.INVALID, Reopens.APPEALS, SecondLook.REFUSED)),
    Scene("reopened_when_papers_were_found", SMALL, (Papers.NEVER, Reopens.PAPERS_FOUND), insured=True),
    Scene("not_reopened", SMALL, (Reopens.APPEALS,), days=(160, 120, 0)),
    Scene("release_signed"),
    Scene("release_signed_when_reminded", LARGE, (Release.REMINDED,)),
    Scene("release_not_signed", LARGE, (Release.NEVER,)),
    Scene("approved_by_two", HUGE),
    Scene("approved_twice_by_one", HUGE, (Approval.SAME_TWICE,)),
    Scene("approved_by_who_decided", HUGE, (Way.SILENT, Approval.BY_ADJUSTER)),
    Scene("approval_refused", HUGE, (Approval.REFUSED,)),
    Scene("approval_not_given", HUGE, (Approval.NEVER,)),
)

_PAYMENT: Final = (
    Scene("liens_paid_first", HURT, (Liens.ASSERTED, Way.SILENT)),
    Scene("payee_changed_before_payment", LARGE, (Payee.CHANGED, Way.SILENT)),
    Scene("payout_retried", LARGE, (Pays.SECOND_TRY,)),
    Scene("payout_order_lost", LARGE, (Pays.ORDER_LOST,)),
    Scene("payout_failed_for_good", LARGE, (Pays.FAILS, NewPayee.NONE)),
    Scene("paid_after_all", LARGE, (Pays.REFUSED_BUT_PAID, NewPayee.NONE)),
    Scene("paid_to_another_payee", LARGE, (Pays.REFUSED, NewPayee.NAMED)),
    Scene("paid_twice_and_returned", LARGE, (Pays.PAID_TWICE,)),
    Scene("returned_by_the_bank", LARGE, (Pays.RETURNED, NewPayee.NAMED)),
    Scene("medicare_report", HURT, (Medicare.YES,)),
)

_RECOVERY: Final = (
    Scene("waived_small_and_insured", SMALL, (Proves.IN_TIME,)),
    Scene("proof_not_in_time", SMALL, (Proves.NEVER,)),
    Scene("insurer_pays_demand", LARGE, (InsurerPays.ALL,), insured=True),
    Scene("insurer_pays_part", LARGE, (InsurerPays.PART,), insured=True),
    Scene("insurer_pays_nothing", LARGE, (InsurerPays.NOTHING,), insured=True),
    Scene("cover_shown_later", LARGE, (Way.SILENT, Shows.OLD)),
    Scene("cover_back_dated", LARGE, (Way.SILENT, Shows.BACK_DATED)),
    Scene("cover_cancelled", LARGE, (Way.SILENT, Shows.CANCELLED)),
    Scene("debited_in_full"),
    Scene("debited_in_parts", LARGE, (Collects.IN_PARTS,)),
    Scene("debit_failed_then_collected", LARGE, (Collects.IN_PART,)),
    Scene("bounce_after_debit", LARGE, (DebitLetter.RETURNS_LATE, Collects.SLOWLY), (Contacts.TWO,)),
    Scene("seller_pays_himself", LARGE, (PaysHimself.ON_NOTICE,)),
    Scene("sellers_appeal_won", LARGE, (Appeal.BEFORE_DEBIT, Dispute.SELLER)),
    Scene("sellers_appeal_lost", LARGE, (Appeal.AFTER_DEBIT, Dispute.CUSTOMER)),
    Scene("refunded_to_seller", LARGE, (PaysHimself.AS_WELL, Collects.IN_FULL)),
    Scene("written_off_uncollectable", LARGE, (Collects.NOTHING,)),
    Scene("written_off_insolvent", LARGE, seller=(Stands.FAILS_LATER,)),
    Scene("debited_after_attempts", LARGE, seller=(Contacts.ALL_REFUSED,)),
    Scene("written_off_too_small", {"losses": (Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=399),)}),
    Scene("paid_after_write_off", LARGE, (Collects.NOTHING, AfterWriteOff.ALL)),
)

SCENES: Final = (*_FILING, *_SUSPICION, *_SELLERS, *_DECISIONS, *_PAYMENT, *_RECOVERY)
"""By the number of the claim that plays it."""
