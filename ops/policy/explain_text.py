"""The decisions of a claim as text: one block each."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from ops.policy.explain import Account, Explained, Fact
from ops.sheet import moment
from ops.show_text import refused_bytes
from shared.events.upstream import SUBMISSIONS
from shared.runtime.turn import ASKED, DEADLINE


def as_json(account: Account) -> str:
    plain = {"differing": account.differing, **asdict(account)}
    return json.dumps(plain, default=lambda value: value.isoformat(), indent=2)


def write(console: Console, account: Account) -> None:
    head = f"Claim {account.claim_id} · submission {account.submission_id or 'unknown'}"
    console.print(head, markup=False, highlight=False, soft_wrap=True)
    for one in account.decisions:
        console.print()
        console.print(Text.assemble((moment(one.at), "dim"), "  ", (one.process, "cyan"), "  ", (_heard(one), "bold")))
        for name, text in _lines(one):
            console.print(Text(f"    {name:<10} {text}"), soft_wrap=not console.is_terminal)
    refused_bytes(account.refused).write(console)
    console.print()
    console.print(_sum(account), markup=False, highlight=False, soft_wrap=True)


def _heard(one: Explained) -> str:
    if one.heard.type == DEADLINE:
        return f"a deadline passed: {moment(one.said_at)}"
    if one.heard.type == ASKED:
        return "what it had looked up has changed"
    return f"{one.heard.type}, said by {one.said_by} at {moment(one.said_at)}"


def _lines(one: Explained) -> Iterator[tuple[str, str]]:
    yield "rule", one.rule
    if one.rule_in_words:
        yield "", one.rule_in_words
    if one.policy:
        yield "policy", one.policy
    if one.heard.facts:
        yield "heard", _facts(one.heard)
    if one.reference:
        yield "looked up", one.reference
    yield "result", "; ".join(_result(one)) or "nothing follows"
    if one.same:
        yield "today", "the same; what is kept of it has got fields since" if one.grown else "the same"
    for difference in one.differences:
        yield "DIFFERS", difference


def _result(one: Explained) -> Iterator[str]:
    for said in one.says:
        facts = _facts(said)
        yield f"says {said.type}{f' ({facts})' if facts else ''}"
    if one.does:
        yield f"does {', '.join(one.does)}"
    if one.status:
        yield f"stands at {one.status}"
    if one.due is not None:
        yield f"waits until {moment(one.due)}"


def _facts(fact: Fact) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in fact.facts.items())


def _sum(account: Account) -> str:
    if not account.decisions:
        answered = any(one.topic == SUBMISSIONS.name for one in account.refused)
        answer = ", and SubmissionRefused told upstream why" if answered else ""
        return f"No decision: what was sent could not be understood{answer}. Corrected, it can be sent again."
    number = len(account.decisions)
    decisions = f"{number} decision{'' if number == 1 else 's'}"
    if not account.differing:
        return f"{decisions}, taken again from what was recorded: each is the same as then."
    return f"{account.differing} of {decisions} would not be taken today as they are on record."
