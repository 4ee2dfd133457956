"""The list of safeguards fits the code of today. That each mutation is caught, ``make mutants`` shows."""

import ast
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.mutants.__main__ import copy_sources, is_caught
from tests.mutants.decisions import equivalents
from tests.mutants.safeguards import PAGE, MutationError, Safeguard, killers_of, load, missing_tests, with_table
from tests.source import ROOT

SAFEGUARDS = load()
TOLD_BY_STORIES = [each for each in SAFEGUARDS if all(test.startswith("tests/simulation/") for test in each.killers)]
KILLER = "tests/mutants/test_safeguards.py::test_each_safeguard_has_a_name_of_its_own"


def sample(**changes: Any) -> Safeguard:
    facts = {"name": "n", "guards": "g", "file": "f.py", "before": "if a:", "after": "if b:", "killers": (KILLER,)}
    return Safeguard.model_validate(facts | changes)


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda each: each.name)
def test_a_mutation_applies_to_the_code_of_today(safeguard: Safeguard) -> None:
    text = (ROOT / safeguard.file).read_text(encoding="utf-8")
    mutated = safeguard.mutated(text)
    assert mutated != text
    if safeguard.file.endswith(".py"):
        assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(text))


def test_every_named_test_exists() -> None:
    assert list(missing_tests(killers_of(SAFEGUARDS))) == []


def test_each_safeguard_has_a_name_of_its_own() -> None:
    assert len({each.name for each in SAFEGUARDS}) == len(SAFEGUARDS) >= 25


def test_the_page_shows_the_list_of_today() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, SAFEGUARDS), "write its table anew with `python -m tests.mutants --table`"


@pytest.mark.parametrize("safeguard", TOLD_BY_STORIES, ids=lambda each: each.name)
def test_a_story_of_the_simulation_still_fails_without_its_safeguard(safeguard: Safeguard, tmp_path: Path) -> None:
    """A change of the loop moves what happens in it, and it passes from then on, whatever is missing."""
    copy_sources(tmp_path / "tree")
    assert is_caught(tmp_path / "tree", os.environ, safeguard)


@pytest.mark.parametrize("text", ["if c:", "if a: pass\nif a: pass"])
def test_a_mutation_that_does_not_fit_exactly_once_is_refused(text: str) -> None:
    with pytest.raises(MutationError, match="must stand there once"):
        sample().mutated(text)


def test_a_test_that_does_not_exist_is_noticed() -> None:
    gone = (f"{KILLER}_any_more", "tests/nowhere.py::test_x")
    assert list(missing_tests((KILLER, *gone))) == list(gone)


def test_a_safeguard_without_a_test_is_refused() -> None:
    with pytest.raises(ValidationError):
        sample(killers=())


def test_a_page_of_another_list_is_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page, SAFEGUARDS[1:]) != page


def test_each_equivalent_mutant_changes_words_that_stand_there() -> None:
    """A line that was rewritten since takes its entry with it."""
    for service, listed in equivalents().items():
        for each in listed:
            text = " ".join((ROOT / "services" / service / each.module).read_text(encoding="utf-8").split())
            assert " ".join(each.was.split()) in text, f"{service}/{each.module}: {each.was}"
            assert each.was != each.becomes
