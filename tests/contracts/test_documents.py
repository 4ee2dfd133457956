"""Generated documents agree with the code, and the guide for contributors quotes it."""

import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest

from ops import docs
from shared.events.upstream import ClaimSubmitted
from tests.source import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Fresh documents, to be spoilt."""
    shutil.copytree(ROOT / "docs" / "adr", tmp_path / "docs" / "adr")
    shutil.copy(ROOT / "README.md", tmp_path)
    docs.generate(tmp_path, check=False)
    return tmp_path


def test_generated_documents_are_up_to_date() -> None:
    assert "\n".join(docs.generate(ROOT, check=True)) == "", "write them anew with `makegood docs`"


@pytest.mark.parametrize(
    ("name", "was", "is_now"),
    [
        ("README.md", "| intake |", "| nobody |"),
        ("docs/events.md", "PayoutPaid", "PayoutLost"),
        ("docs/adr/README.md", "Decisions", "Opinions"),
        ("docs/schemas/PayoutPaid.json", "bears the cost", "pays"),
    ],
)
def test_a_stale_document_is_named_and_written_anew(copy: Path, name: str, was: str, is_now: str) -> None:
    current = (copy / name).read_text(encoding="utf-8")
    (copy / name).write_text(current.replace(was, is_now), encoding="utf-8")

    assert docs.generate(copy, check=True) == [name]
    assert docs.generate(copy, check=False) == [name]
    assert (copy / name).read_text(encoding="utf-8") == current
    assert docs.generate(copy, check=True) == []


def test_a_missing_document_is_stale(copy: Path) -> None:
    (copy / "docs" / "events.md").unlink()
    assert docs.generate(copy, check=True) == ["docs/events.md"]


def test_what_is_written_around_the_table_is_left_alone(copy: Path) -> None:
    readme = copy / "README.md"
    readme.write_text(f"before\n{docs.START}\nold\n{docs.END}\nafter\n", encoding="utf-8")
    docs.generate(copy, check=False)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{docs.START}\n| Said by")
    assert text.endswith(f"|\n{docs.END}\nafter\n")


def test_a_readme_without_a_place_for_the_table_says_the_cure(copy: Path) -> None:
    (copy / "README.md").write_text("# makegood\n", encoding="utf-8")
    with pytest.raises(docs.DocsError, match="put the lines"):
        docs.generate(copy, check=False)


def test_a_schema_is_not_overwritten_by_one_that_breaks_it(copy: Path) -> None:
    path = copy / "docs" / "schemas" / "PayoutPaid.json"
    published = path.read_text(encoding="utf-8").replace("finance_reference", "reference")
    path.write_text(published, encoding="utf-8")

    with pytest.raises(docs.DocsError, match="PayoutPaid: reference: is gone"):
        docs.generate(copy, check=False)
    assert path.read_text(encoding="utf-8") == published


def test_an_event_does_not_disappear(copy: Path) -> None:
    shutil.copy(copy / "docs/schemas/PayoutPaid.json", copy / "docs/schemas/PayoutLost.json")
    with pytest.raises(docs.DocsError, match="PayoutLost: the event is gone"):
        docs.generate(copy, check=False)


def test_what_is_addressed_to_the_outside_is_not_heard_there_anyway() -> None:
    heard = {(event, party) for party, players in docs.OUTSIDE.items() for player in players for event in player.hears}
    assert heard & {*docs.ADDRESSED.items()} == set()


QUOTES = re.findall(r"```python\n# (\S+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_guide_quotes_code() -> None:
    assert len(QUOTES) >= 4


@pytest.mark.parametrize(("path", "quoted"), QUOTES, ids=[path for path, _ in QUOTES])
def test_the_guide_quotes_what_is_there(path: str, quoted: str) -> None:
    """Each part between lines of an ellipsis stands in the file as it is quoted, whatever its indentation."""
    there = [line.strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines()]
    for part in re.split(r"^\s*\.\.\.\n", dedent(quoted), flags=re.MULTILINE):
        lines = [line.strip() for line in part.strip().splitlines()]
        assert any(there[n : n + len(lines)] == lines for n in range(len(there))), f"not in {path}:\n{part}"


def test_the_claims_to_try_with_are_claims() -> None:
    lines = (ROOT / "docs" / "claims.jsonl").read_text(encoding="utf-8").splitlines()
    claims = [ClaimSubmitted.model_validate_json(line) for line in lines]
    assert [claim.submission_id for claim in claims] == ["sample-1", "sample-2", "sample-3"]
