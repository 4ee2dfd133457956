"""A toy with a reference: the terms of an account's bank, by which its member is told a rate, anew when they change."""

from typing import ClassVar

from shared.events.base import Event, Topic
from shared.runtime import Decision, Effect, Moment, Process, Service, State
from shared.runtime.process import Reference

TERMS = Topic("toy.terms.v1", key="bank", party="bank")
JOINS = Topic("toy.joins.v1", key="account", party="bank")
SAID = Topic("toy.said.v1", key="account", party="member", numbered=True)


class TermsChanged(Event):
    topic: ClassVar = TERMS
    bank: str
    rate: int


class Joined(Event):
    topic: ClassVar = JOINS
    account: str
    bank: str


class RateTold(Event):
    topic: ClassVar = SAID
    account: str
    rate: int | None
    known: bool


class RateLetter(Effect):
    account: str
    rate: int | None


class LetterOut(Event):
    """The outcome of a letter."""

    account: str


class Member(State):
    account: str
    bank: str
    letters: int = 0

    @property
    def watches(self) -> str | None:
        return self.bank


def told(member: Member, at: Moment[TermsChanged]) -> Decision[Member]:
    rate = at.reference.rate if at.reference else None
    return Decision(
        member.model_copy(),
        (RateTold(account=member.account, rate=rate, known=at.known),),
        (RateLetter(account=member.account, rate=rate),),
    )


def joined(event: Joined, at: Moment[TermsChanged]) -> Decision[Member]:
    return told(Member(account=event.account, bank=event.bank), at)


def letter_out(member: Member, event: LetterOut, at: Moment[TermsChanged]) -> Decision[Member]:
    return Decision(member.model_copy(update={"letters": member.letters + 1}))


member: Process[Member] = Process(
    name="member", state=Member, begins={Joined: joined}, hears={LetterOut: letter_out}, waits=told,
    reference=Reference(TermsChanged),
)  # fmt: skip
MEMBERS = Service("member", processes=(member,), effects=(RateLetter,))
