"""The same seed is the same story to the letter: in another process, and whatever Python's hashes are there."""

import os
import subprocess
import sys

import pytest

from ops.simulation.plan import plan_of
from ops.simulation.run import lived
from ops.simulation.story import told

SEEDS = (3, 26, 39, 97)


def story_under(hash_seed: str, seed: int) -> str:
    code = f"from ops.simulation.report import trace_of; from ops.terminal import console; trace_of({seed}, console)"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "COLUMNS": "1000"}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("seed", SEEDS)
def test_two_processes_tell_the_same_story(seed: int) -> None:
    story = story_under("1", seed)
    assert len(story.splitlines()) > 50
    assert story == story_under("2", seed)


def test_two_runs_in_one_process_tell_the_same_story() -> None:
    assert list(told(lived(plan_of(26)))) == list(told(lived(plan_of(26))))


def test_two_seeds_tell_two_stories() -> None:
    assert list(told(lived(plan_of(3))))[3:] != list(told(lived(plan_of(116))))[3:]
