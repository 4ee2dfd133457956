"""The mail gateway: some letters come back, and when."""

from datetime import datetime
from uuid import UUID

from ops.demo.luck import Fate
from ops.demo.outside.mail import ClaimLetter, DebitLetter, MailGateway
from shared.events.base import derived_id
from shared.events.mail_gateway import LetterBounced
from shared.events.seller_notifier import NoticeKind
from tests.deciding import day
from tests.demo.given import FATE, answers, claim_ids, fated, notice_handed_over, notified, only

CLAIM = next(claim_ids())


def returned(fate: Fate, letters: int = 1) -> list[tuple[UUID, datetime]]:
    """Which of so many claim notices come back, and when."""
    gateway, found = MailGateway(fate), list[tuple[UUID, datetime]]()
    for number in range(letters):
        notice = notified(CLAIM).model_copy(update={"letter_id": derived_id(number)})
        said = answers(gateway, notice, number=number)
        found += [(e.letter_id, s.at) for s in said for e in only(LetterBounced, [s])]
    return found


def test_most_notices_arrive() -> None:
    gateway = MailGateway(FATE)
    bounced = [answers(gateway, notified(claim_id)) for claim_id in claim_ids(1000)]
    assert 0.02 < sum(map(bool, bounced)) / 1000 < 0.08


def test_the_first_notice_comes_back_within_days_or_each_one_does() -> None:
    [(letter_id, at)] = returned(fated(CLAIM, ClaimLetter.FIRST_RETURNS), letters=3)
    assert letter_id == derived_id(0)
    assert day(0) < at < day(2)
    assert len(returned(fated(CLAIM, ClaimLetter.EACH_RETURNS), letters=3)) == 3
    assert not returned(fated(CLAIM, ClaimLetter.ARRIVES), letters=3)


def test_a_debit_notice_comes_back_soon_or_when_the_debit_has_been_asked_for() -> None:
    for way, low, high in ((DebitLetter.RETURNS_SOON, 0, 3), (DebitLetter.RETURNS_LATE, 8, 9)):
        gateway = MailGateway(fated(CLAIM, way))
        [bounce] = answers(gateway, notice_handed_over(CLAIM))
        assert day(low) < bounce.at < day(high)
        again = notice_handed_over(CLAIM).model_copy(update={"letter_id": derived_id("again")})
        assert not answers(gateway, again)


def test_a_letter_without_a_number_cannot_come_back() -> None:
    unnumbered = notified(CLAIM).model_copy(update={"letter_id": None})
    assert not answers(MailGateway(fated(CLAIM, ClaimLetter.EACH_RETURNS)), unnumbered)


def test_hardly_any_other_letter_comes_back() -> None:
    gateway = MailGateway(FATE)
    said = [answers(gateway, notice_handed_over(claim_id, NoticeKind.REMINDER)) for claim_id in claim_ids(1000)]
    assert 1 < sum(map(bool, said)) < 30
