"""What an adjuster is shown of a claim, arranged from its story."""

import io
import json
from dataclasses import replace
from typing import Any

from rich.console import Console

from ops.desk import text
from ops.desk.case_file import CaseFile, case_file
from ops.desk.question import Question
from ops.show import Heard, Story, Told
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import ItemFinding, Signal
from shared.events.intake import AmendmentRecorded, ClaimAccepted, SuspicionRaised
from shared.policy import load
from shared.runtime.codec import decode
from tests.contracts.on_the_wire import newest_samples
from tests.ops.desk_given import NOW, approval, days, review

US = load().version("US-1")


def sample(kind: type[Event], **changes: Any) -> Any:
    """The claim of the contracts' samples, in which a radiator burns."""
    found = newest_samples()[kind.type_name()]
    return decode(found.topic, found.key, found.value, found.headers)[0].model_copy(update=changes)


ACCEPTED: ClaimAccepted = sample(ClaimAccepted)
AMENDED: AmendmentRecorded = sample(AmendmentRecorded)
LINES = tuple(ItemFinding(item=item.item, allowed_minor=item.admitted_minor) for item in ACCEPTED.items)


def told(kind: str, day: float, said_by: str = "escalation", **facts: str) -> Told:
    return Told(f"{kind}-{day}", kind, days(day), said_by, None, facts)


STORY = Story(
    str(ACCEPTED.claim_id),
    ACCEPTED.submission_id,
    ACCEPTED.seller_id,
    {"status": "under_review", "owner": "adjuster", "next step": "review"},
    [
        told("ClaimAccepted", -9, "intake", admitted="17,630.50 USD", policy="US-1"),
        told("StatusChanged", -9),
        told("SellerAnswerRecorded", -3, "seller_notifier", choice="contest", contested_items="4", evidence="report:7"),
        told("ReviewOpened", -3, review="contested"),
        told("deadline", -1, due="2025-06-14 12:00"),
    ],
)


def shown(heard: list[Event], *questions: Question) -> tuple[CaseFile, str]:
    file = case_file(STORY, heard, questions, US)
    console = Console(file=io.StringIO(), width=300)
    text.write_case_file(console, file, NOW)
    assert isinstance(console.file, io.StringIO)
    return file, console.file.getvalue()


def test_items_are_shown_as_claimed_as_admitted_and_as_in_question() -> None:
    file, _ = shown([ACCEPTED], review(items=LINES, contested=(4,)))
    assert [(row.item, row.claimed_minor, row.admitted_minor, row.most_minor, row.contested) for row in file.items] == [
        (1, 8999, 0, None, False),
        (2, 412050, 292050, None, False),
        (3, 96000, 96000, None, False),
        (4, 1375000, 1375000, 1375000, True),
    ]
    assert file.items[0].reasons == ("ALREADY_PAID",)


def test_what_is_not_contested_is_said_to_be_paid_whatever_is_decided() -> None:
    _, words = shown([ACCEPTED], review(items=(*LINES[:1], *LINES[2:]), contested=(4,)))
    assert "Not contested, so paid whatever the review of the others decides: item 3 (960.00 USD).\n" in words
    for other in (review(items=LINES), review(items=LINES[3:], contested=(4,)), approval()):
        assert "Not contested" not in shown([ACCEPTED], other)[1]


def test_an_amendment_takes_the_place_of_what_was_accepted() -> None:
    file, _ = shown([ACCEPTED, AMENDED])
    assert (file.items[3].admitted_minor, file.items[3].most_minor) == (1512500, None)


def test_signals_are_explained_and_grow() -> None:
    file, words = shown([ACCEPTED, sample(SuspicionRaised)], review(kind=ReviewKind.INVESTIGATION, items=LINES))
    assert (list(file.signals), file.score) == (["SAME_EVIDENCE", "SAME_PAYEE", "MANY_AGAINST_SELLER"], 180)
    assert file.signals[Signal.SAME_PAYEE] == "another claimant's claim is to be paid to the same payee"
    assert all(meaning in words for meaning in file.signals.values())
    assert "Signals, weighing 180" in words
    assert "review: investigation (it looks like fraud: may the claim go on?)" in words


def test_the_other_side_is_heard_with_what_it_points_to() -> None:
    file, words = shown([ACCEPTED])
    assert [one.type for one in file.other_side] == ["SellerAnswerRecorded"]
    assert "choice contest, contested items 4, evidence report:7" in words


def test_what_happened_is_told_in_short() -> None:
    file, words = shown([ACCEPTED])
    assert [one.type for one in file.happened] == ["ClaimAccepted", "SellerAnswerRecorded", "ReviewOpened"]
    assert file.happened[0].facts == {"admitted": "17,630.50 USD"}
    assert "status under_review · owner adjuster · next step review" in words


def test_an_answer_from_which_nothing_followed_is_told_apart() -> None:
    counts, counts_not, unread = (told("ReviewDecided", day, "adjusters", valid="no") for day in (-3, -2, -1))
    counts.heard.append(Heard("escalation", days(-3), True))
    counts_not.heard.append(Heard("escalation", days(-2), True, idle=True))
    story = replace(STORY, told=[counts, counts_not, unread])
    happened = case_file(story, [ACCEPTED], [], US).happened
    assert [one.facts.get("counted") for one in happened] == [None, "for nothing", None]


def test_the_figures_are_those_of_the_claims_policy() -> None:
    file, _ = shown([ACCEPTED])
    assert file.figures["small-claim line"] == "under 1,000.00 USD"
    assert file.figures["cap"] == "1,000,000.00 USD"
    assert file.figures["two approvals above"] == "10,000.00 USD"
    assert case_file(STORY, [ACCEPTED], (), None).figures == {}


def test_nothing_of_a_person_is_shown() -> None:
    accepted = ACCEPTED.model_copy(update={"product": "Radiator\x1b[2J"})
    file, words = shown([accepted], review(items=LINES))
    plain = json.dumps(file.as_plain(NOW))
    hidden = [ACCEPTED.payee_ref, ACCEPTED.liens[0].holder_ref, "beneficiary", "minor_claimant", "\x1b"]
    assert [secret for secret in hidden if secret in words + plain] == []
    assert "Radiator?[2J" in words


def test_it_is_plain_json_too() -> None:
    file, _ = shown([ACCEPTED], review(items=LINES, contested=(4,)))
    plain = json.loads(json.dumps(file.as_plain(NOW)))
    assert plain["questions"][0]["contested"] == [4]
    assert plain["items"][3]["contested"] is True
    assert plain["happened"][0]["type"] == "ClaimAccepted"


def test_a_claim_that_nobody_has_accepted_has_a_file() -> None:
    file = case_file(Story("c", None, told=[told("ClaimDenied", -1, "intake", reasons="FRAUD")]), [], (), None)
    assert (file.items, [one.type for one in file.happened]) == ([], ["ClaimDenied"])
