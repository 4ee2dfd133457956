"""A carrier's file that is wrong says which file, line and field, and what cures it."""

from pathlib import Path

import pytest

from ops.demo.carriers.rates import HERE, RatesError, load
from shared.money import Currency

OAKLINE = (HERE / "oakline.toml").read_text(encoding="utf-8")


def complaint(folder: Path, text: str) -> str:
    (folder / "oakline.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RatesError) as caught:
        load(folder)
    return str(caught.value)


def with_change(old: str, new: str) -> str:
    assert OAKLINE.count(old) == 1, f"{old!r} stands {OAKLINE.count(old)} times"
    return OAKLINE.replace(old, new)


def line_of(beginning: str, text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(beginning))


def test_there_are_at_least_three_carriers_and_together_they_price_every_currency() -> None:
    carriers = load()
    assert len(carriers) >= 3
    assert {currency for rates in carriers.values() for currency in rates.scale} == set(Currency)
    assert all(path.stem in carriers for path in HERE.glob("*.toml"))


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("minimum_premium_minor = 35_000", 'minimum_premium_minor = "much"', "minimum_premium", "valid integer"),
        ("minimum_premium_minor = 35_000\n", "", "", "minimum_premium_minor: is missing"),
        ("valid_days = 14", "valid_days = 0", "valid_days", "greater than or equal to 1"),
        ("valid_days = 14", "valid_days = 14\nmood = 3", "mood", "mood: is nothing that a carrier has"),
        ('rating = "A-"', 'rating = "B"', "rating", "'A', 'A-' or 'below'"),
        ("high = 240", "grave = 240", "grave", "'low', 'moderate', 'high' or 'severe'"),
        ("up_to_minor = 50_000_000", "up_to_minor = 300_000_000", "[[revenue]]", "revenue: up_to_minor does not rise"),
        ("percent = 150", "percent = 90", "[[limits]]", "limits: percent falls, but a higher limit is never cheaper"),
        (
            "credit_percent = 20",
            "credit_percent = 5",
            "[[deductibles]]",
            "credit_percent falls, but a higher deductible",
        ),
        ("credit_percent = 20", "credit_percent = 95", "credit_percent = 95", "less than or equal to 90"),
        ("days = [0.05, 1.0]", "days = [5, 1]", "", "answers.days: 5.0 days are more than 1.0"),
        ("SEK = 1000", "DKK = 745", "DKK", "scale.DKK"),
        ("PL = 88", "POL = 88", "POL", "marketplaces.POL"),
        ("carrier = ", "carrier == ", "", "correct it"),
    ],
)
def test_a_wrong_field_is_named_with_its_line_and_its_cure(
    *, old: str, new: str, line: str, problem: str, tmp_path: Path
) -> None:
    """``line``: how the line that is named begins; empty: there is no one line to name."""
    text = with_change(old, new)
    said = complaint(tmp_path, text)
    where = f", line {line_of(line, text)}: " if line else ": "
    assert said.startswith(f"oakline.toml{where}")
    assert problem in said


def test_two_files_are_two_carriers(tmp_path: Path) -> None:
    (tmp_path / "again.toml").write_text(OAKLINE, encoding="utf-8")
    assert "oakline has another file" in complaint(tmp_path, OAKLINE)


def test_a_folder_without_carriers_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(RatesError, match="put one"):
        load(tmp_path)


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("carrier = 3", encoding="utf-8")
    said = complaint(tmp_path, with_change("valid_days = 14", "valid_days = 0"))
    assert "oakline.toml, line" in said
    assert "other.toml" in said
