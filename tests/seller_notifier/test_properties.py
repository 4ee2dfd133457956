"""What must hold for a seller's correspondence, under any order, repetition and timing of what is heard.

Checked, of what must always hold: no letter twice · time runs from the hand-over, and time that was given is not taken
back · one extension · the seller's own words alone, each recorded once · what was written ends handed over,
undeliverable or outdated · what waits has a deadline · small, and level under endless talk · nothing raises.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.seller_notifier.app import seller_notifier
from services.seller_notifier.letter import ClaimNotice, DirectPayNotice, Letter, LetterOutcome
from services.seller_notifier.state import Correspondence
from shared.events.base import Event
from shared.events.escalation import Outcome
from shared.events.marketplace import Standing
from shared.events.recovery import WaiverReason
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeBounced,
    NoticeHandedOver,
    NoticeKind,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerAppealRecorded,
    SellerNotified,
)
from shared.events.seller_portal import (
    AnswerChoice,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from tests.deciding import day
from tests.endless import levels_off
from tests.interpreter import Interpreter
from tests.seller_notifier.given import (
    CLAIM,
    accepted,
    amendment,
    answer,
    appeal,
    bounce,
    closed,
    comment,
    debit_noticed,
    extension,
    insurer_rejected,
    insurer_settled,
    proof_requested,
    recovery_closed,
    recovery_opened,
    referral,
    reopened,
    resumed,
    reversed_,
    route,
    seller,
    settled,
    waived,
)

KEY = str(CLAIM)


class Story(Interpreter[Correspondence]):
    """A correspondence, and all that it has heard from others."""

    def __init__(self) -> None:
        super().__init__(seller_notifier)
        self.heard: list[Event] = []

    def hear(self, event: Event, *, key: str | None = None, said_at: datetime | None = None) -> tuple[Event, ...]:
        if event.topic is not None:
            self.heard.append(event)
        return super().hear(event, key=key, said_at=said_at)


Step = Callable[[Story], object]


def hearing(event: Event) -> Step:
    return lambda story: story.hear(event)


def hearing_late(event: Event, hours: float) -> Step:
    """As it was said so long ago: before a deadline, perhaps, that has fired since."""
    return lambda story: story.hear(event, said_at=story.now - timedelta(hours=hours))


def hearing_again(number: int) -> Step:
    """Something that was said before, under another id. The seller's own word is recorded no second time."""

    def step(story: Story) -> None:
        event = story.heard[number % len(story.heard)]
        said = story.hear(event)
        if isinstance(event, SellerAnswered | SellerCommented | SellerReportsSettled | SellerAppealed):
            assert said == ()

    return step


def hearing_reversed(events: list[Event]) -> Step:
    """What several parties have said, the last first: between them there is no order."""

    def step(story: Story) -> None:
        for hours, event in enumerate(reversed(events)):
            story.hear(event, said_at=story.now - timedelta(hours=hours))

    return step


def letters_of(story: Story) -> list[Letter]:
    return [effect for effect in story.done if isinstance(effect, Letter)]


def outcome_of(number: int, outcome: LetterOutcome) -> Step:
    """What became of one of the letters written so far; possibly heard before."""

    def step(story: Story) -> object:
        letters = letters_of(story)
        return letters and story.hear(letters[number % len(letters)].sent(outcome), key=KEY)

    return step


def bounce_of(number: int) -> Step:
    """One of the letters written so far comes back; whether or not its hand-over was heard of. None is lost by that."""

    def step(story: Story) -> None:
        letters = letters_of(story)
        if not letters:
            return
        before, letter = story.states[KEY], letters[-1 - number % len(letters)]
        remembered = before.posted(letter.letter_id)
        said = story.hear(bounce(letter))
        if remembered is None:
            assert said == ()
            return
        (recorded,) = (event for event in said if isinstance(event, NoticeBounced))
        assert (recorded.kind, recorded.contact) == (letter.kind, letter.contact)
        after = story.states[KEY]
        turned = before.coming_back(remembered)
        if turned.still_wants(turned.wanted[-1], story.now):
            goes_on = any(wanted.ordinal == remembered.ordinal for wanted in after.wanted)
            given_up = any(isinstance(event, NoticeUndeliverable) and event.kind is letter.kind for event in said)
            assert goes_on != given_up

    return step


def waiting(days: float) -> Step:
    return lambda story: story.wait(timedelta(days=days))


def sleeping(days: float) -> Step:
    """An outage: several deadlines are due at its end at once."""
    return lambda story: story.oversleep(timedelta(days=days))


def knowing(known: bool) -> Step:
    return lambda story: setattr(story, "known", known)


def learning(contacts: int, standing: Standing = Standing.ACTIVE) -> Step:
    addresses = tuple(f"c{n}@shop.example" for n in range(contacts))
    return lambda story: story.learn(seller(contacts=addresses, standing=standing))


answers = st.builds(
    answer,
    st.sampled_from(AnswerChoice),
    answer_id=st.sampled_from("abc"),
    seller_id=st.sampled_from(["seller-7", "x"]),
)
referrals = st.builds(referral, st.sampled_from([None, "a@insurer.example"]), answer_id=st.sampled_from("abcd"))
amendments = st.builds(
    amendment,
    treatment_minor=st.sampled_from([0, 26_790, 40_000, 9_000_000]),
    small=st.booleans(),
    amendment_id=st.sampled_from("ab"),
    by=st.sampled_from(["seller-7", "seller-7", "x"]),
)
about_money = st.one_of(
    st.just(recovery_opened()),
    st.just(debit_noticed()),
    st.just(proof_requested(day(90))),
    st.just(proof_requested(day(9))),
    st.builds(appeal, appeal_id=st.sampled_from("ab"), by=st.sampled_from(["seller-7", "x"])),
    st.builds(reversed_, st.sampled_from(WaiverReason)),
    st.just(resumed()),
    st.builds(waived, st.sampled_from(WaiverReason)),
    st.just(recovery_closed()),
)
outside = st.one_of(
    st.builds(route, direct_pay=st.booleans()),
    amendments,
    answers,
    referrals,
    st.builds(extension, by=st.sampled_from(["seller-7", "x"])),
    st.builds(comment, contrary=st.booleans()),
    st.builds(settled),
    st.sampled_from([insurer_settled(), insurer_rejected()]),
    st.builds(closed, st.sampled_from(Outcome)),
    st.builds(reopened, st.integers(2, 3)),
    about_money,
    st.just(accepted()),
)
happening = st.one_of(
    outside.map(hearing),
    st.builds(hearing_late, outside, st.sampled_from([1, 24 * 6, 24 * 30])),
    st.integers(0, 50).map(hearing_again),
    st.lists(outside, min_size=2, max_size=4).map(hearing_reversed),
    st.sampled_from([1, 4, 8, 40]).map(sleeping),
    st.builds(outcome_of, st.integers(0, 9), st.sampled_from(LetterOutcome)),
    st.builds(bounce_of, st.integers(0, 5)),
    st.floats(0, 5).map(waiting),
    st.booleans().map(knowing),
    st.builds(learning, st.integers(0, 3), st.sampled_from(Standing)),
)


def _on_a_route(direct_pay: bool, life: list[Step]) -> list[Step]:
    return [hearing(route(direct_pay=direct_pay)), *life]


lives = st.lists(happening, max_size=40)
routed = st.builds(_on_a_route, st.booleans(), lives)
steps: st.SearchStrategy[list[Step]] = st.one_of(routed, lives)


def begun() -> Story:
    story = Story()
    story.learn(seller())
    story.hear(accepted())
    return story


@settings(deadline=None)
@given(steps)
def test_whatever_happens_a_sellers_rights_hold(story_steps: list[Step]) -> None:
    story = begun()
    for step in story_steps:
        step(story)
        _nothing_waits_without_a_deadline(story)

    letters = letters_of(story)
    _no_letter_is_written_twice(letters)
    _the_seller_is_notified_of_letters_of_ours_and_not_before_they_say(story, letters)
    _at_most_one_extension_and_only_in_time(story)
    _every_word_is_recorded_once_and_only_the_sellers_own(story)
    _the_insurer_is_given_one_deadline_per_route(story)


@settings(deadline=None)
@given(steps)
def test_every_letter_ends_handed_over_or_undeliverable_or_is_true_no_longer(story_steps: list[Step]) -> None:
    story = begun()
    for step in story_steps:
        step(story)
    story.known = True
    story.learn(seller())
    story.wait(timedelta(days=2))
    heard = set[UUID]()
    while new := [letter for letter in letters_of(story) if letter.letter_id not in heard]:
        for letter in new:
            heard.add(letter.letter_id)
            story.hear(letter.sent(LetterOutcome.HANDED_OVER), key=KEY)
        story.wait(timedelta(days=60))
    state = story.states[KEY]
    assert state.wanted == ()
    assert state.due is None
    told = [e for e in story.said if isinstance(e, SellerNotified | NoticeHandedOver)]
    assert len({e.letter_id for e in told}) == len(told) <= len(heard)


@settings(deadline=None)
@given(steps)
def test_time_to_answer_that_was_given_is_not_taken_back_on_a_route(story_steps: list[Step]) -> None:
    story = begun()
    for step in story_steps:
        before = story.states[KEY]
        step(story)
        after = story.states[KEY]
        if before.respond_by and after.respond_by and before.rerouted == after.rerouted:
            assert after.respond_by >= before.respond_by


@settings(deadline=None)
@given(steps)
def test_reminders_stop_with_the_answer_or_the_end_of_the_claim(story_steps: list[Step]) -> None:
    story = begun()
    for step in story_steps:
        before = story.states[KEY]
        written = len(story.done)
        step(story)
        new = [effect for effect in story.done[written:] if isinstance(effect, Letter)]
        if not before.awaits_answer or before.direct_pay:
            assert not [letter for letter in new if letter.kind is NoticeKind.REMINDER]
        if before.insurer is None or before.insurer.replied or before.closed is not None:
            assert not [letter for letter in new if letter.kind is NoticeKind.INSURER_REMINDER]


@settings(deadline=None)
@given(steps)
def test_a_stranger_changes_nothing(story_steps: list[Step]) -> None:
    story = begun()
    for step in story_steps:
        step(story)
    before, said = story.states[KEY], len(story.said)
    for event in (answer(seller_id="x", answer_id="z"), appeal(appeal_id="z", by="x"), amendment(by="x")):
        story.hear(event)
    assert (story.states[KEY], len(story.said)) == (before, said)


def _no_letter_is_written_twice(letters: list[Letter]) -> None:
    assert max(Counter(letter.letter_id for letter in letters).values(), default=1) == 1


def _the_seller_is_notified_of_letters_of_ours_and_not_before_they_say(story: Story, letters: list[Letter]) -> None:
    notices = {letter.letter_id: letter for letter in letters if letter.kind is NoticeKind.CLAIM}
    said = [event for event in story.said if isinstance(event, SellerNotified)]
    assert len({event.letter_id for event in said}) == len(said)
    for event in said:
        assert event.letter_id is not None
        letter = notices[event.letter_id]
        assert isinstance(letter.contents, DirectPayNotice) == event.direct_pay
        stated = _stated(letter)
        assert stated is None or event.respond_by >= stated
    came_back = [e for e in story.said if isinstance(e, NoticeBounced) and e.kind is NoticeKind.CLAIM]
    gone = [e for e in story.said if isinstance(e, NoticeUndeliverable) and e.kind is NoticeKind.CLAIM]
    assert len(said) + len(gone) <= 2 + len(came_back)


def _stated(letter: Letter) -> datetime | None:
    match letter.contents:
        case ClaimNotice(respond_by=moment) | DirectPayNotice(comment_by=moment):
            return moment
        case _:
            return None


def _at_most_one_extension_and_only_in_time(story: Story) -> None:
    granted = [number for number, event in enumerate(story.said) if isinstance(event, ExtensionGranted)]
    assert len(granted) <= 1
    for number in granted:
        event, earlier = story.said[number], story.said[:number]
        notified = [e for e in earlier if isinstance(e, SellerNotified)][-1]
        assert not notified.direct_pay
        assert isinstance(event, ExtensionGranted)
        assert event.respond_by == notified.respond_by + timedelta(days=7)


def _every_word_is_recorded_once_and_only_the_sellers_own(story: Story) -> None:
    answered = [event for event in story.said if isinstance(event, SellerAnswerRecorded)]
    appealed = [event for event in story.said if isinstance(event, SellerAppealRecorded)]
    assert max(Counter(event.answer_id for event in answered).values(), default=1) == 1
    assert max(Counter(event.appeal_id for event in appealed).values(), default=1) == 1
    assert all(event.seller_id == "seller-7" for event in (*answered, *appealed))


def _the_insurer_is_given_one_deadline_per_route(story: Story) -> None:
    assert len([event for event in story.said if isinstance(event, InsurerNotified)]) <= 2


def _nothing_waits_without_a_deadline(story: Story) -> None:
    state = story.states[KEY]
    assert state.due or all(letter.written for letter in state.wanted)
    assert state.due is None or state.due >= story.now
    assert len(state.handed_over) <= len(NoticeKind)
    assert story.size(KEY) < 4096


TALK: tuple[Callable[[Random, str], Event], ...] = (
    lambda r, name: answer(r.choice(list(AnswerChoice)), answer_id=name),
    lambda _, name: referral(f"{name}@insurer.example", answer_id=name),
    lambda _, name: comment(evidence=(name,)),
    lambda _, name: settled(proof=name),
    lambda _, name: appeal(appeal_id=name),
    lambda r, name: amendment(treatment_minor=r.randint(1, 90_000), small=r.random() < 0.5, amendment_id=name),
    lambda r, _: debit_noticed(number=r.randint(1, 9)),
    lambda r, _: proof_requested(day(r.randint(1, 900))),
    lambda r, _: route(direct_pay=r.random() < 0.5),
    lambda r, _: reopened(r.randint(2, 8)),
    lambda r, _: closed(r.choice(list(Outcome))),
    lambda r, _: reversed_(r.choice(list(WaiverReason))),
    lambda _r, _n: extension(),
    lambda _r, _n: resumed(),
    lambda _r, _n: recovery_opened(),
)


def test_what_is_known_of_a_correspondence_levels_off_however_much_is_said_and_written() -> None:
    story = begun()

    def says(random: Random) -> Event:
        last = [effect for effect in story.done[-60:] if isinstance(effect, Letter)]
        under_way = [letter for letter in last if story.states[KEY].under_way(letter.letter_id)]
        if len(under_way) > random.randint(0, 4):  # the sender always tells what became of a letter
            return under_way[0].sent(random.choice(list(LetterOutcome)))
        if last and random.random() < 0.2:
            return bounce(random.choice(last))
        return random.choice(TALK)(random, f"name-{random.random()}")

    levels_off(story, KEY, says, most=24 * 1024)
