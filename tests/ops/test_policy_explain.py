"""Every decision of a claim is told with its rule, and taken again; what was touched since is found."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from ops.policy.explain import Account
from ops.policy.explain_text import as_json, write
from ops.policy.retake import Entry, Past, retake
from ops.policy.rules import rule_of
from shared.events.base import claim_id_of
from shared.events.escalation import ClaimClosed
from shared.events.intake import ClaimAccepted
from shared.events.upstream import ClaimSubmitted
from tests.ops.policy_life import Life, demo_life

CLAIMS = 60


@pytest.fixture(scope="module")
def life() -> Life:
    return demo_life(CLAIMS)


@pytest.fixture(scope="module")
def paid(life: Life) -> str:
    """A submission that went a long way."""
    ways = {one.submission_id: len(life.explained(one.submission_id).decisions) for one in submissions(life)}
    return max(ways, key=lambda name: ways[name])


def submissions(life: Life) -> list[ClaimSubmitted]:
    return list(life.history().submissions().values())


def with_entry(past: Past, of_type: str, change: Callable[[Entry], Entry]) -> Past:
    """The same past with its first entry of a type changed."""
    number = next(n for n, entry in enumerate(past.entries) if entry.type == of_type)
    return with_entries(past, [change(one) if n == number else one for n, one in enumerate(past.entries)])


def with_entries(past: Past, entries: Sequence[Entry]) -> Past:
    return replace(past, entries=entries)


def with_body(entry: Entry, **fields: Any) -> Entry:
    assert entry.body is not None
    return replace(entry, body=json.dumps(json.loads(entry.body) | fields))


def told(account: Account) -> str:
    console = Console(width=100_000, record=True, file=None, quiet=False)
    with console.capture() as captured:
        write(console, account)
    return captured.get()


def test_every_decision_of_every_claim_is_the_same_again(life: Life) -> None:
    for submission in submissions(life):
        account = life.explained(submission.submission_id)
        assert [one for one in account.decisions if not one.same or one.grown] == []
        assert account.decisions


def test_it_is_so_too_when_the_outboxes_have_been_dropped(life: Life, paid: str) -> None:
    account = life.explained(paid, outbox=False)
    assert [one for one in account.decisions if not one.same or one.grown] == []


def test_every_service_that_decided_about_a_claim_is_heard(life: Life, paid: str) -> None:
    processes = {one.process for one in life.explained(paid).decisions}
    assert processes >= {"intake", "claimants", "escalation", "seller_notifier", "recovery"}


def test_every_decision_has_a_rule_in_words(life: Life) -> None:
    for submission in submissions(life):
        for one in life.explained(submission.submission_id).decisions:
            assert one.rule.startswith("services."), one
            assert "<" not in one.rule, one.rule
            assert one.rule_in_words, one.rule


def test_every_row_of_every_table_leads_to_a_decision_with_words(life: Life) -> None:
    for _, process in life.processes.values():
        for kind in (*process.begins, *process.hears):
            for state in (None, object()):
                if kind not in (process.begins if state is None else process.hears):
                    continue
                rule = rule_of(process, state, kind.model_construct(), life.now)
                assert rule is not None
                assert "<locals>" not in rule.name
                assert rule.words, rule.name


def test_the_rule_is_that_of_where_the_claim_stands(life: Life) -> None:
    rules = {
        one.rule
        for submission in submissions(life)
        for one in life.explained(submission.submission_id).decisions
        if one.process == "escalation" and one.heard.type == "deadline"
    }
    assert len(rules) > 1


def test_a_claim_carries_its_version_and_says_what_it_had_looked_up(life: Life, paid: str) -> None:
    accepted = next(one for one in life.explained(paid).decisions if one.heard.type == ClaimAccepted.__name__)
    assert accepted.policy is not None
    assert accepted.policy.endswith("-1")
    assert "SellerRegistered" in accepted.reference or "SellerCoverChanged" in accepted.reference


@pytest.mark.parametrize("outbox", [True, False])
def test_an_amount_that_was_touched_is_found_with_its_field(*, life: Life, paid: str, outbox: bool) -> None:
    claim_id = str(claim_id_of(paid))
    past = with_entry(
        life.past("escalation", claim_id), "ClaimAccepted", lambda entry: with_body(entry, policy="GB-1", small=False)
    )

    account = life.explained(paid, past, outbox=outbox)

    assert account.differing
    assert "DIFFERS" in told(account)


def test_a_loss_that_was_touched_is_found_in_what_was_said_of_it(life: Life, paid: str) -> None:
    losses = [{"kind": "purchase_price", "amount_minor": 1_23}]
    past = with_entry(life.past("intake", paid), "ClaimSubmitted", lambda entry: with_body(entry, losses=losses))

    differing = [one for one in life.explained(paid, past).decisions if not one.same]

    assert any("admitted_minor was" in text and "1.23" in text for one in differing for text in one.differences)


def test_a_moment_that_was_touched_is_found(life: Life, paid: str) -> None:
    past = life.past("escalation", str(claim_id_of(paid)))
    later = with_entry(past, "SellerNotified", lambda entry: replace(entry, at=entry.at + timedelta(days=400)))
    notified = with_body(
        next(one for one in past.entries if one.type == "SellerNotified"), respond_by="2031-01-01T00:00Z"
    )
    moved = with_entry(past, "SellerNotified", lambda _: notified)
    assert life.explained(paid, later).differing or life.explained(paid, moved).differing


def test_a_result_that_was_touched_is_found(life: Life, paid: str) -> None:
    past = life.past("escalation", str(claim_id_of(paid)))
    entries = [*past.entries[:-1], replace(past.entries[-1], result="0" * 12 + "..")]

    [differing] = [one for one in life.explained(paid, with_entries(past, entries)).decisions if not one.same]

    assert "the state has another fingerprint" in differing.differences


def test_a_state_that_was_touched_is_found(life: Life, paid: str) -> None:
    past = life.past("escalation", str(claim_id_of(paid)))
    assert past.state is not None
    touched = replace(past, state=json.dumps(json.loads(past.state) | {"revision": 99}))

    [differing] = [one for one in life.explained(paid, touched).decisions if not one.same]

    assert differing.differences == ["the state on record differs in revision"]


def test_what_can_no_longer_be_read_is_a_difference(life: Life, paid: str) -> None:
    past = with_entry(life.past("intake", paid), "ClaimSubmitted", lambda entry: replace(entry, body='{"secret": 1}'))

    first = life.explained(paid, past).decisions[0]

    assert not first.same
    assert "it cannot be decided any more" in first.differences[0]
    assert "secret" not in first.differences[0]


def test_an_event_that_nobody_hears_any_more_is_a_difference(life: Life, paid: str) -> None:
    past = life.past("escalation", str(claim_id_of(paid)))
    deaf = replace(past, process=replace(past.process, hears={}))
    found = retake(deaf, lambda at: life.policies, {})
    assert "nothing is decided on it any more" in {text for one in found for text in one.differences}


def test_entries_of_before_results_were_kept_are_compared_by_what_was_said(life: Life, paid: str) -> None:
    past = life.past("escalation", str(claim_id_of(paid)))
    old = with_entries(past, [replace(entry, result=None) for entry in past.entries])
    assert life.explained(paid, old).differing == 0

    touched = with_entry(old, "ClaimAccepted", lambda entry: with_body(entry, seller_id="somebody-else"))
    assert life.explained(paid, touched).differing


def test_a_state_that_has_grown_since_is_the_same_facts(life: Life, paid: str) -> None:
    """All that was decided before the code got another field has other fingerprints of the state."""
    past = life.past("escalation", str(claim_id_of(paid)))
    half = len(past.entries) // 2

    def older(entry: Entry) -> Entry:
        assert entry.result is not None
        _, said, done = entry.result.split(".")
        return replace(entry, result=f"{'0' * 12}.{said}.{done}")

    entries = [older(entry) for entry in past.entries[:half]] + list(past.entries[half:])
    account = life.explained(paid, with_entries(past, entries))

    assert account.differing == 0
    assert sum(one.grown for one in account.decisions) == half
    assert "has got fields since" in told(account)


def test_an_explanation_tells_nothing_personal(life: Life) -> None:
    for submission in submissions(life):
        account = life.explained(submission.submission_id)
        text = told(account) + as_json(account)
        personal = (
            submission.narrative,
            submission.claimant.id,
            submission.injury.diagnosis if submission.injury else "",
            "payee_ref",
            "payee/",
            "@",
        )
        assert [word for word in personal if word and word in text] == []


def test_the_text_tells_when_what_why_and_that_it_is_the_same(life: Life, paid: str) -> None:
    account = life.explained(paid)
    text = told(account)
    assert text.startswith(f"Claim {claim_id_of(paid)} · submission {paid}")
    assert f"{len(account.decisions)} decisions, taken again from what was recorded: each is the same as then." in text
    for word in ("rule ", "policy ", "heard ", "result ", "today ", "says ClaimAccepted", "waits until"):
        assert word in text


def test_the_decisions_are_in_the_order_of_their_moments(life: Life, paid: str) -> None:
    account = life.explained(paid)
    assert [one.at for one in account.decisions] == sorted(one.at for one in account.decisions)
    assert account.decisions[0].heard.type == "ClaimSubmitted"
    assert ClaimClosed.__name__ in {one.heard.type for one in account.decisions}
    assert json.loads(as_json(account))["differing"] == 0
