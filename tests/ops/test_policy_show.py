"""`makegood policy show` and `diff`: every figure of a policy, who writes it, and where two differ."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops.cli import app
from shared.policy import load
from shared.policy.differences import figures
from shared.policy.files import HERE

SECOND = """
[[versions]]
version = "US-2"
like = "US-1"
effective_from = 2031-01-01

[versions.handling]
small_claim_line_minor = 150_000
reminder_days = [2, 5, 6]
"""


def policy(*words: str, folder: Path | None = None) -> Result:
    environment = {"COLUMNS": "200", "MAKEGOOD_POLICY_FOLDER": str(folder) if folder else None}
    return CliRunner().invoke(app, ["policy", *words], env=environment)


def plain(*words: str, folder: Path | None = None) -> Any:
    return json.loads(policy(*words, "--json", folder=folder).stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The policies as shipped, and a second version for the United States."""
    for file in HERE.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    us = tmp_path / "us.toml"
    us.write_text(us.read_text(encoding="utf-8") + SECOND, encoding="utf-8")
    return tmp_path


def test_without_a_name_all_versions_are_listed(folder: Path) -> None:
    lines = policy("show", "--on", "2025-06-01", folder=folder).stdout.splitlines()
    assert len([line for line in lines if "-1 " in line]) == 10
    [second] = [line for line in lines if "US-2" in line]
    assert second.split() == ["US", "US-2", "2031-01-01", "later", "USD", "1,500.00", "USD", "US-1"]
    [first] = [line for line in lines if line.startswith("US") and "US-2" not in line]
    assert "yes" in first


def test_a_marketplace_shows_what_is_in_force_on_a_day(folder: Path) -> None:
    shown = {day: plain("show", "us", "--on", day, folder=folder)["version"] for day in ("2030-12-31", "2031-01-01")}
    assert shown == {"2030-12-31": "US-1", "2031-01-01": "US-2"}


def test_every_figure_is_shown_with_who_writes_it() -> None:
    shown = plain("show", "SE-1")
    assert {name: one["value"] for name, one in shown["figures"].items()} == figures(load().version("SE-1"))
    writers = {name: one["written_in"] for name, one in shown["figures"].items()}
    assert writers["handling.seller_response_days"] == "SE-1"
    assert writers["handling.review_days"] == "US-1"
    assert writers["insurance.duty_proceeds_minor"] == "SE-1"
    assert writers["calendar.region"] is None
    assert shown["like"] == "DE-1"
    assert shown["fingerprint"] == load().version("SE-1").fingerprint


def test_the_table_tells_money_days_and_lists_as_people_say_them() -> None:
    lines = {line.split()[0]: line for line in policy("show", "SE").stdout.splitlines() if "." in line.split(" ")[0]}
    assert "5 business days" in lines["handling.seller_response_days"]
    assert "40 days" in lines["handling.review_days"]
    assert "10,000.00 SEK" in lines["handling.small_claim_line_minor"]
    assert "lost_earnings, medical" in lines["eligibility.covered"]
    assert "by default" in lines["calendar.region"]
    assert "48 hours" in lines["handling.comment_window_hours"]


def test_versions_are_compared_figure_by_figure(folder: Path) -> None:
    assert plain("diff", "US-1", "US-2", folder=folder) == {
        "version": ["US-1", "US-2"],
        "effective_from": ["2021-09-01", "2031-01-01"],
        "handling.small_claim_line_minor": [100_000, 150_000],
        "handling.reminder_days": [[3, 6], [2, 5, 6]],
    }
    text = policy("diff", "US-1", "US-2", folder=folder).stdout
    assert "1,000.00 USD" in text
    assert "1,500.00 USD" in text


def test_a_version_is_compared_with_a_file(tmp_path: Path) -> None:
    proposed = tmp_path / "proposed.toml"
    proposed.write_text(SECOND, encoding="utf-8")
    assert "handling.small_claim_line_minor" in plain("diff", "US", str(proposed))


def test_what_says_the_same_has_no_difference() -> None:
    assert plain("diff", "US-1", "US") == {}
    assert "US-1 and US-1 say the same." in policy("diff", "US-1", "US").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "US-l"), "there is no marketplace and no version 'US-l'; did you mean US-1?"),
        (("show", "ZZZZ"), "there are CA, CA-1"),
        (("diff", "US", "QQQQ"), "no version 'QQQQ'"),
        (("diff", "US", "nowhere.toml"), "nowhere.toml: cannot be read"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(words: tuple[str, ...], said: str) -> None:
    result = policy(*words)
    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())


def test_a_wrong_file_is_told_with_its_line(folder: Path) -> None:
    (folder / "us.toml").write_text("versions = []", encoding="utf-8")
    result = policy("show", folder=folder)
    assert result.exit_code == 1
    assert "us.toml, line 1: versions: there is none" in " ".join(result.stderr.split())


def test_all_versions_can_be_had_as_json() -> None:
    assert [one["version"] for one in plain("show")] == [policy.version for policy in load().versions()]
