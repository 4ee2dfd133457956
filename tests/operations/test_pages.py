"""What the pages of docs/operations say is so: commands, metrics, checks, messages and links."""

import re
import subprocess
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.main import get_command
from typer.testing import CliRunner

from ops.cli import app
from ops.reconcile import checks, job, numbered, outside
from shared.runtime.metrics import Metrics
from tests.conftest import REPOSITORY
from tests.operations.pages import NAMES, Command, commands, links, text

EVERY = [command for page in NAMES for command in commands(page)]
SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for folder in ("shared", "ops") for path in (REPOSITORY / folder).rglob("*.py")
)


@pytest.mark.parametrize("page", NAMES)
def test_every_page_is_in_the_index_and_its_links_lead_somewhere(page: str) -> None:
    assert page == "README.md" or f"]({page}" in text("README.md")
    for path, anchor in links(page):
        assert path.exists(), f"{page} leads to {path}"
        titles = (
            re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE) if path.suffix == ".md" else []
        )
        anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not anchor or anchor in anchors, f"{page} leads to {path.name}#{anchor}"


@pytest.mark.parametrize("command", [c for c in EVERY if c.line.startswith("makegood ")], ids=lambda c: c.line)
def test_every_command_exists_with_its_options(command: Command) -> None:
    found: Any = get_command(app)
    words = command.line.split()[1:]
    while words and hasattr(found, "commands"):
        assert words[0] in found.commands, command.line
        found = found.commands[words.pop(0)]
    options = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert [word for word in words if word.startswith("--") and word not in options] == []
    assert CliRunner().invoke(app, [*command.line.split()[1 : -len(words) or None], "--help"]).exit_code == 0


@pytest.mark.parametrize("page", NAMES)
def test_every_metric_and_setting_that_is_named_exists(page: str) -> None:
    registry = CollectorRegistry()
    Metrics("any", registry)
    job.Figures(registry)
    families = [(family.name, family.type) for family in registry.collect()]
    shown = {f"{name}_total" if kind == "counter" else name for name, kind in families}
    assert set(re.findall(r"`(makegood_\w+)`", text(page))) - shown == set()
    known = SOURCE + (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    settings = {name for name in re.findall(r"\bMAKEGOOD_(\w+)", text(page)) if name.lower() not in known}
    assert {name for name in settings if f"MAKEGOOD_{name}" not in known} == set()


def test_every_check_has_its_line_and_every_line_its_check() -> None:
    told = {name.strip() for name in re.findall(r"^\| ([^|]+) \|", text("differences.md"), re.MULTILINE)}
    in_code = set(re.findall(r'account\.check\("([^"]+)"\)', SOURCE))
    there = {*checks.WHOLE, *checks.PER_SERVICE, *checks.ACROSS, *in_code, outside.ON_TOPIC}
    there |= {numbered.PUBLISHED, numbered.THERE, numbered.OURS, numbered.HEARD}
    assert told - {"Check"} == there


@pytest.mark.parametrize("page", NAMES)
def test_every_message_that_is_quoted_is_ours(page: str) -> None:
    ours = re.sub(r'"\s*f?"', "", SOURCE)
    for quoted in re.findall(r'exit 3: "([^"]+)"', text(page)):
        parts = [part.strip() for part in quoted.split("…") if part.strip()]
        assert [part for part in parts if part not in ours] == [], f"{page}: {quoted}"


@pytest.mark.parametrize("page", [name for name in NAMES if commands(name)])
def test_the_shell_reads_every_command(page: str) -> None:
    lines = "\n".join(command.line for command in commands(page))
    read = subprocess.run(["bash", "-n"], input=lines.encode(), capture_output=True, check=False)
    assert (read.returncode, read.stderr) == (0, b"")


def test_the_pages_are_short() -> None:
    assert {name: n for name in NAMES if (n := text(name).count("\n")) > 70} == {}
