"""The insurer's turn: who covered the seller on the day of the incident is asked before the seller himself."""

from services.recovery.closing import settled, then
from services.recovery.ledger import Move, book
from services.recovery.questions import Reported, not_booked, questioned
from services.recovery.refunds import refunded
from services.recovery.state import At, Booking, Recovery, Stage
from shared.events.finance import InsurerPaymentReceived
from shared.events.insurance_accelerator import CoverPeriod
from shared.events.recovery import InsurerDemanded, RefundReason, ResultProblem
from shared.runtime import Decision


def may_be_asked(recovery: Recovery, at: At) -> bool:
    """Whether the policy gives insurers time to pay, and the day is on record on which one must have covered."""
    return recovery.incident_on is not None and int(recovery.rules(at).recovery.insurer_demand_days) > 0


def cover_of_the_day(recovery: Recovery, at: At) -> CoverPeriod | None:
    """The cover on record that answers for an incident of that day, of the first insurer who was not asked yet."""
    if at.reference is None or recovery.incident_on is None:
        return None
    back_dated = recovery.rules(at).recovery.back_dated_cover
    others = tuple(period for period in at.reference.periods if period.insurer not in recovery.insurers_asked)
    left = at.reference.model_copy(update={"periods": others})
    return left.on_incident(recovery.marketplace, recovery.incident_on, back_dated=back_dated)


def demanded(recovery: Recovery, cover: CoverPeriod, amount_minor: int, at: At) -> Decision[Recovery]:
    """Ask the insurer to pay. This is no income: what is outstanding stays so until money comes in.

    The write-off waits for as long as a further insurer has: his turn takes nothing from the seller's.
    """
    rules = recovery.rules(at)
    pay_by = rules.after(at.now, rules.recovery.insurer_demand_days)
    number = recovery.demands + 1
    event = InsurerDemanded(
        claim_id=recovery.claim_id,
        demand_id=recovery.demand_id(number),
        seller_id=recovery.seller_id,
        insurer=cover.insurer,
        certificate_id=cover.certificate_id,
        currency=recovery.currency,
        amount_minor=amount_minor,
        pay_by=pay_by,
    )
    after = recovery.but(
        stage=Stage.DEMANDING,
        demands=number,
        asked_minor=amount_minor,
        next_at=pay_by,
        insurers_asked=(*recovery.insurers_asked, cover.insurer),
    )
    if recovery.insurers_asked and recovery.write_off_at is not None:
        after = after.but(write_off_at=recovery.write_off_at + (pay_by - at.now))
    return Decision(after, (event,))


def insurer_paid(recovery: Recovery, event: InsurerPaymentReceived, at: At) -> Decision[Recovery]:
    """The insurer's money comes before the seller's: what he had paid already is owed to him; more is in question."""
    booking = Booking.of(event.demand_id, event.finance_reference, event.amount_minor)
    reported = Reported(event.currency, event.amount_minor, event.finance_reference)
    if all(event.demand_id != recovery.demand_id(number) for number in range(1, recovery.demands + 1)):
        return questioned(recovery, event.demand_id, ResultProblem.UNKNOWN_DEMAND, reported)
    if (otherwise := not_booked(recovery, event.demand_id, booking, reported)) is not None:
        return otherwise
    satisfied = min(event.amount_minor, recovery.outstanding_minor)
    written_back = min(event.amount_minor - satisfied, recovery.written_off_minor)
    instead = min(event.amount_minor - satisfied - written_back, recovery.from_seller_minor)
    excess = event.amount_minor - satisfied - written_back - instead
    amounts = {
        Move.INSURER_PAID: satisfied + written_back + instead,
        Move.SATISFIED: satisfied,
        Move.WRITTEN_BACK: written_back,
        Move.REVERSED: instead,
        Move.INSURER_EXCESS: excess,
    }
    after = recovery.but(
        from_insurer_minor=recovery.from_insurer_minor + satisfied + written_back + instead,
        written_off_minor=recovery.written_off_minor - written_back,
        from_seller_minor=recovery.from_seller_minor - instead,
        suspense_minor=recovery.suspense_minor - excess,
        booked=(*recovery.booked, booking),
    )
    decision = Decision(after, (), book(recovery, at.now, event.demand_id, event.finance_reference, amounts))
    decision = then(decision, lambda now: refunded(now, instead, RefundReason.OVER_COLLECTED, at))
    if excess:
        problem, beyond = ResultProblem.OVER_COLLECTED, reported._replace(amount_minor=excess)
        decision = then(decision, lambda now: questioned(now, event.demand_id, problem, beyond))
    return then(decision, lambda now: settled(recovery, now))
