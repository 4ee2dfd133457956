"""What another policy would have made of history, as text and as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from ops.policy.figures import worded
from ops.policy.history import Ending
from ops.policy.simulate import SUMS, Change, Report
from ops.sheet import Sheet
from shared.money import display
from shared.policy import Policy
from shared.policy.differences import figures

Pair = tuple[Policy, Policy]


def as_json(report: Report, pairs: Sequence[Pair]) -> str:
    plain = {
        "proposed": [
            {"replaces": before.version, "version": after.version, "differences": dict(_differences(before, after))}
            for before, after in pairs
        ],
        "claims": report.claims,
        "changed": report.changed,
        "baseline": {
            "ended": report.ended,
            "reproduced": report.reproduced,
            "differing": [_change(one) for one in report.differing],
        },
        "outcomes": [
            {"from": before, "to": after, "claims": number} for (before, after), number in sorted(report.matrix.items())
        ],
        "money_minor": {
            currency: {name: {"baseline": before, "proposed": after} for name, (before, after) in sums.items()}
            for currency, sums in report.money.items()
        },
        "largest_changes": [_change(one) for one in report.changes],
        "assumed": {
            sentence: {"baseline": before, "proposed": after} for sentence, (before, after) in report.assumed.items()
        },
        "decisions": report.decisions,
        "seconds": round(report.seconds, 2),
    }
    return json.dumps(plain, indent=2)


def _change(change: Change) -> dict[str, Any]:
    return {"claim_id": str(change.claim), "from": change.before.__dict__, "to": change.after.__dict__}


def write(console: Console, report: Report, pairs: Sequence[Pair]) -> None:
    """The proposal, what it changes, and how far that can be relied on."""
    for sheet in (*_proposals(pairs), _outcomes(report), _money(report), _largest(report), _assumed(report)):
        sheet.write(console)
    console.print()
    for line in _sums(report, pairs):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _proposals(pairs: Sequence[Pair]) -> Iterator[Sheet]:
    for before, after in pairs:
        sheet = Sheet("Proposed", "Figure", f"{before.version} (on record)", f"{after.version} (proposed)")
        for name, (then, now) in _differences(before, after):
            sheet.add(name, worded(name, then, before.currency), worded(name, now, after.currency))
        yield sheet


def _differences(before: Policy, after: Policy) -> Iterator[tuple[str, tuple[Any, Any]]]:
    one, two = figures(before), figures(after)
    for name in {**one, **two}:
        if one.get(name) != two.get(name):
            yield name, (one.get(name), two.get(name))


def _outcomes(report: Report) -> Sheet:
    sheet = Sheet("Outcomes that change", "On record", "Proposed", "Claims", right=["Claims"])
    moved = [(number, before, after) for (before, after), number in report.matrix.items() if before != after]
    for number, before, after in sorted(moved, key=lambda one: (-one[0], one[1:])):
        sheet.add(_plain(before), _plain(after), str(number))
    return sheet


def _money(report: Report) -> Sheet:
    sheet = Sheet(
        "Money", "Currency", "Sum", "On record", "Proposed", "Change", right=["On record", "Proposed", "Change"]
    )
    for currency, sums in report.money.items():
        for name in SUMS:
            before, after = sums[name]
            if before or after:
                change = (
                    f"{'+' if after > before else ''}{display(after - before, currency)}" if after != before else "–"
                )
                sheet.add(currency, _plain(name), display(before, currency), display(after, currency), change)
    return sheet


def _largest(report: Report) -> Sheet:
    sheet = Sheet("The largest changes", "Claim", "On record", "Proposed", "Paid", "Borne by the marketplace")
    for change in report.changes:
        before, after = change.before, change.after
        currency = before.currency or after.currency
        sheet.add(
            str(change.claim),
            _plain(before.outcome),
            _plain(after.outcome),
            _moved(before.paid, after.paid, currency),
            _moved(before.borne, after.borne, currency),
        )
    return sheet


def _assumed(report: Report) -> Sheet:
    sheet = Sheet("Assumed of whoever said nothing then", "On record", "Proposed", "What")
    for sentence, (before, after) in report.assumed.items():
        sheet.add(str(before), str(after), sentence)
    return sheet


def _sums(report: Report, pairs: Sequence[Pair]) -> Iterator[str]:
    names = ", ".join(f"{after.version} in the place of {before.version}" for before, after in pairs)
    what = names or "nothing is proposed that is not on record"
    yield f"{report.claims} claims, {report.decisions} decisions, {report.seconds:.1f} s: {what}."
    yield f"{report.changed} claims change." if report.changed else "No claim would have ended otherwise."
    if report.ended:
        yield (
            f"Under the policies on record the simulation ends {report.reproduced} of the {report.ended} claims that "
            "have ended as they really did, with the same payment."
        )
    for one in report.differing:
        yield f"  not so {one.claim}: really {_ended(one.before)}, here {_ended(one.after)}"


def _ended(ending: Ending) -> str:
    paid = f", paid {display(ending.paid, ending.currency)}" if ending.paid else ""
    return f"{_plain(ending.outcome)}{paid}"


def _moved(before: int, after: int, currency: str) -> str:
    return display(before, currency) if before == after else f"{display(before, currency)} → {display(after, currency)}"


def _plain(word: str) -> str:
    return word.replace("_", " ")
