"""What the story of a claim shows of each event, and what it never shows."""

import json
from typing import Any

import pytest

from ops.show import HIDDEN, facts_of
from tests.contracts.on_the_wire import Sample, newest_samples

SAMPLES = newest_samples()
PEOPLE = (
    *("cust-7KQ2-19", "cust-88HX-04", "acct-88HX-04-2", "acct-7KQ2-19-3", "payee-"),
    *("health-plan:PPO-4410", "state-medicaid:OH-7714", "Burns", "female", "hearth-steel.example"),
)
"""Claimants, payees, lien holders, injuries and contacts in the samples of the contracts."""


def facts(name: str) -> dict[str, str]:
    return facts_of(name, json.dumps(SAMPLES[name].body))


@pytest.mark.parametrize("sample", [one for one in SAMPLES.values() if one.topic != "products.hazards.v1"], ids=str)
def test_a_story_names_nobody(sample: Sample) -> None:
    shown = facts(sample.type_name)
    assert [secret for secret in PEOPLE if secret in json.dumps(shown)] == []
    assert HIDDEN & shown.keys() == set()


@pytest.mark.parametrize("name", ["ClaimAccepted", "BeneficiaryStatusGiven"])
def test_whether_somebody_is_a_beneficiary_is_not_shown(name: str) -> None:
    def told(value: Any) -> dict[str, str]:
        return facts_of(name, json.dumps(SAMPLES[name].body | {"beneficiary": value}))

    assert told(True) == told(False)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ClaimReopened", {"round": "2", "reason": "new_evidence"}),
        ("RecoveryDisputed", {"ground": "appeal", "amount": "408.49 USD"}),
        ("AppealDecided", {"won": "yes", "reasons": "NOT_DEFECTIVE"}),
        ("ReviewOpened", {"contested": "2, 4", "signals": "SAME_EVIDENCE, MANY_AGAINST_SELLER"}),
        ("PayoutAuthorized", {"liens": "amount 1,200.00 USD; amount 350.00 USD", "round": "2"}),
        ("StatusChanged", {"next_step": "sign_release", "owner": "customer", "notice": "decided"}),
        ("ReleaseRequested", {"items": "2, 3, 4", "amount": "19,005.50 USD"}),
        ("SellerDebitStopped", {"debit_id": "b6e61093-e925-5be4-a97e-ac4ae7496a94"}),
    ],
)
def test_a_story_shows_what_an_event_says(name: str, shown: dict[str, str]) -> None:
    assert shown.items() <= facts(name).items()
