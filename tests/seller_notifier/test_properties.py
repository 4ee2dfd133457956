"""What must hold for a seller's correspondence, under any order, repetition and timing of what is heard."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.seller_notifier.app import seller_notifier
from services.seller_notifier.letter import ClaimNotice, DirectPayNotice, Letter, LetterOutcome
from services.seller_notifier.state import Correspondence
from shared.events.base import Event
from shared.events.escalation import Outcome
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeKind,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerNotified,
)
from shared.events.seller_portal import AnswerChoice
from tests.deciding import day
from tests.interpreter import Interpreter
from tests.seller_notifier.given import (
    CLAIM,
    accepted,
    answer,
    closed,
    comment,
    debit_noticed,
    extension,
    proof_requested,
    referral,
    route,
    seller,
    settled,
)

KEY = str(CLAIM)
Story = Interpreter[Correspondence]
Step = Callable[[Story], object]


def hearing(event: Event) -> Step:
    return lambda story: story.hear(event)


def outcome_of(number: int, outcome: LetterOutcome) -> Step:
    """What became of one of the letters written so far; possibly heard before."""

    def step(story: Story) -> object:
        letters = [effect for effect in story.done if isinstance(effect, Letter)]
        return letters and story.hear(letters[number % len(letters)].sent(outcome), key=KEY)

    return step


def waiting(days: float) -> Step:
    return lambda story: story.wait(timedelta(days=days))


def knowing(known: bool) -> Step:
    return lambda story: setattr(story, "known", known)


def learning(contacts: int) -> Step:
    return lambda story: story.learn(seller(contacts=tuple(f"c{n}@shop.example" for n in range(contacts))))


answers = st.builds(
    answer,
    st.sampled_from(AnswerChoice),
    answer_id=st.sampled_from("abc"),
    seller_id=st.sampled_from(["seller-7", "x"]),
)
referrals = st.builds(referral, st.sampled_from([None, "a@insurer.example"]), answer_id=st.sampled_from("abcd"))
outside = st.one_of(
    st.builds(route, direct_pay=st.booleans()),
    answers,
    referrals,
    st.builds(extension, by=st.sampled_from(["seller-7", "x"])),
    st.builds(comment, contrary=st.booleans()),
    st.builds(settled),
    st.builds(closed, st.sampled_from(Outcome)),
    st.just(debit_noticed()),
    st.just(proof_requested(day(90))),
    st.just(accepted()),
)
steps = st.lists(
    st.one_of(
        outside.map(hearing),
        st.builds(outcome_of, st.integers(0, 9), st.sampled_from(LetterOutcome)),
        st.floats(0, 5).map(waiting),
        st.booleans().map(knowing),
        st.integers(0, 3).map(learning),
    ),
    max_size=40,
)


@given(steps)
def test_whatever_happens_a_sellers_rights_hold(story_steps: list[Step]) -> None:
    story = Interpreter(seller_notifier)
    story.learn(seller())
    story.hear(accepted())
    for step in story_steps:
        step(story)

    letters = [effect for effect in story.done if isinstance(effect, Letter)]
    _no_letter_is_written_twice(letters)
    _the_seller_is_notified_once_and_not_before_the_letter_says(story, letters)
    _at_most_one_extension_and_only_in_time(story)
    _every_answer_is_recorded_once_and_only_the_sellers_own(story)
    _the_insurer_is_given_one_deadline(story)
    _nothing_waits_without_a_deadline(story)


def _no_letter_is_written_twice(letters: list[Letter]) -> None:
    assert max(Counter(letter.letter_id for letter in letters).values(), default=1) == 1


def _the_seller_is_notified_once_and_not_before_the_letter_says(story: Story, letters: list[Letter]) -> None:
    said = [event for event in story.said if isinstance(event, SellerNotified)]
    assert len(said) <= 1
    for event in said:
        notices = [letter for letter in letters if letter.kind is NoticeKind.CLAIM]
        stated = [_stated(letter) for letter in notices if letter.written_at <= event.handed_over_at]
        assert stated
        assert all(event.respond_by >= moment for moment in stated if moment)
    gone = [e for e in story.said if isinstance(e, NoticeUndeliverable) and e.kind is NoticeKind.CLAIM]
    assert len(gone) + len(said) <= 1


def _stated(letter: Letter) -> datetime | None:
    match letter.contents:
        case ClaimNotice(respond_by=moment) | DirectPayNotice(comment_by=moment):
            return moment
        case _:
            return None


def _at_most_one_extension_and_only_in_time(story: Story) -> None:
    granted = [event for event in story.said if isinstance(event, ExtensionGranted)]
    assert len(granted) <= 1
    for event in granted:
        (notified,) = [e for e in story.said if isinstance(e, SellerNotified)]
        assert not notified.direct_pay
        assert event.respond_by == notified.respond_by + timedelta(days=7)


def _every_answer_is_recorded_once_and_only_the_sellers_own(story: Story) -> None:
    recorded = Counter(event.answer_id for event in story.said if isinstance(event, SellerAnswerRecorded))
    assert max(recorded.values(), default=1) == 1
    assert all(event.seller_id == "seller-7" for event in story.said if isinstance(event, SellerAnswerRecorded))


def _the_insurer_is_given_one_deadline(story: Story) -> None:
    assert len([event for event in story.said if isinstance(event, InsurerNotified)]) <= 1


def _nothing_waits_without_a_deadline(story: Story) -> None:
    state = story.states[KEY]
    assert state.ask_again_at or all(letter.written for letter in state.wanted)
    assert state.due is None or state.due > story.now
    assert story.size(KEY) < 4096


@given(steps)
def test_reminders_stop_with_the_answer_or_the_end_of_the_claim(story_steps: list[Step]) -> None:
    story = Interpreter(seller_notifier)
    story.learn(seller())
    story.hear(accepted())
    for step in story_steps:
        before = story.states[KEY]
        written = len(story.done)
        step(story)
        new = [e for e in story.done[written:] if isinstance(e, Letter) and e.kind is NoticeKind.REMINDER]
        if before.choice is not None or before.closed is not None or before.direct_pay:
            assert not new
