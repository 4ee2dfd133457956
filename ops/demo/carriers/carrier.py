"""Carriers as a party of the outside world: they rate what is asked, honour what they quoted, and issue policies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import ClassVar, Final

from ops.demo.carriers.rates import Rates, load
from ops.demo.carriers.rating import No, rate
from ops.demo.luck import after, chance
from ops.demo.outside.party import Saying, say
from shared.events.base import Envelope, Event, derived_id
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyCancelled, PolicyIssued
from shared.events.insurance_accelerator import BindRequested, QuoteRefused, QuotesRequested

YEAR: Final = timedelta(days=365)
HUNDRED: Final = 100


@dataclass(slots=True)
class _Policy:
    issued: PolicyIssued
    cancelled: bool


class Carrier:
    """One carrier. What it has on file: its quotes (each with the policy that it would renew), and its policies."""

    def __init__(self, rates: Rates, seed: int) -> None:
        self._rates, self._seed = rates, seed
        self._quotes: dict[str, str | None] = {}
        self._bound: dict[str, _Policy] = {}
        self._policies: dict[str, _Policy] = {}

    @property
    def name(self) -> str:
        return self._rates.carrier

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case QuotesRequested():
                return self._answer(event, envelope.time)
            case QuoteRefused(carrier=self.name):
                self._quotes.pop(event.quote_id, None)
                return []
            case BindRequested(carrier=self.name):
                return self._bind(event, envelope.time)
            case _:
                return []

    def _chance(self, *about: object) -> Random:
        return chance(self._seed, self.name, *about)

    def _answer(self, asked: QuotesRequested, at: datetime) -> list[Saying]:
        """A quote or a no, soon; now and then too late, or never."""
        luck, answers = self._chance(asked.request_id, "answers"), self._rates.answers
        lot = luck.randrange(HUNDRED)
        if lot < answers.silent_percent:
            return []
        too_late = lot < answers.silent_percent + answers.late_percent
        at = asked.reply_by + after(luck, 0.1, 2) if too_late else at + after(luck, *answers.days)
        return say(at, self._word(asked, at))

    def _word(self, asked: QuotesRequested, at: datetime) -> CarrierQuoted | CarrierDeclined:
        renewed = self._policies.get(asked.renews or "")
        rated = No("We have cancelled this policy.") if renewed and renewed.cancelled else rate(self._rates, asked)
        if isinstance(rated, No):
            return CarrierDeclined(
                seller_id=asked.seller_id, request_id=asked.request_id, carrier=self.name, reason=rated.reason
            )
        quote_id = f"{self.name}-{derived_id(self.name, asked.seller_id, asked.request_id).hex[:14]}"
        self._quotes[quote_id] = asked.renews
        return CarrierQuoted(
            seller_id=asked.seller_id,
            request_id=asked.request_id,
            quote_id=quote_id,
            carrier=self.name,
            rating=self._rates.rating,
            currency=asked.currency,
            premium_minor=rated.premium_minor,
            per_occurrence_minor=rated.per_occurrence_minor,
            deductible_minor=rated.deductible_minor,
            valid_until=at + self._rates.validity,
        )

    def _bind(self, bind: BindRequested, at: datetime) -> list[Saying]:
        """Whatever was quoted is honoured; asked again, it shows the same policy. It may cancel it later."""
        if bind.quote_id not in self._quotes:
            return []
        luck = self._chance(bind.quote_id, "issues")
        at += after(luck, *self._rates.answers.issue_days)
        if bound := self._bound.get(bind.quote_id):
            return say(at, bound.issued)
        policy = self._issue(bind, at.date())
        cancels = self._rates.cancels
        said = say(at, policy.issued)
        if luck.randrange(HUNDRED) >= cancels.percent:
            return said
        policy.cancelled = True
        at += after(luck, *cancels.after_days)
        return [*said, *say(at, self._cancelled(policy.issued, at.date() + timedelta(days=cancels.notice_days)))]

    def _issue(self, bind: BindRequested, today: date) -> _Policy:
        """A policy for a year; one that renews a policy of this carrier begins when that one ends."""
        renewed = self._policies.get(self._quotes[bind.quote_id] or "")
        begins = today if renewed is None else max(today, renewed.issued.valid_to + timedelta(days=1))
        issued = PolicyIssued(
            seller_id=bind.seller_id,
            quote_id=bind.quote_id,
            carrier=self.name,
            policy_number=f"{self.name}-pol-{derived_id(self._seed, bind.bind_id).hex[:12]}",
            valid_from=begins,
            valid_to=begins + YEAR - timedelta(days=1),
        )
        policy = _Policy(issued, cancelled=False)
        self._bound[bind.quote_id] = self._policies[issued.policy_number] = policy
        return policy

    def _cancelled(self, issued: PolicyIssued, last_day: date) -> PolicyCancelled:
        return PolicyCancelled(
            seller_id=issued.seller_id, policy_number=issued.policy_number, carrier=self.name, last_day=last_day
        )


class Carriers:
    """The party: all of them in a world in memory; in the demo each carrier is alone in a process of its own."""

    name: ClassVar = "carriers"
    hears: ClassVar = frozenset[type[Event]]({QuotesRequested, QuoteRefused, BindRequested})

    def __init__(self, seed: int, rates: Iterable[Rates] | None = None) -> None:
        self._carriers = [Carrier(each, seed) for each in (rates or load().values())]

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        return [saying for carrier in self._carriers for saying in carrier.hear(event, envelope)]
