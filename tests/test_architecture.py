"""What keeps the house in order. Every rule has a sample that breaks it, so that no rule sleeps."""

import ast
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias, cast, get_args

import pytest
from pydantic import BaseModel

from ops import catalogue
from ops.docs import OUTSIDE, hearers
from ops.schemas import published_events
from shared.events.base import Event, Topic, has_personal_fields, type_registry
from shared.runtime import Process, Service

ROOT: Final = Path(__file__).parent.parent
SERVICES: Final = frozenset(catalogue.NAMES)

House: TypeAlias = Mapping[str, str]
"""Path of each file, from the root of the repository, to its text."""


def house() -> House:
    paths = [path for top in ("services", "shared", "ops") for path in (ROOT / top).rglob("*.py")]
    paths += (ROOT / "docs" / "adr").glob("*.md")
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)}


# Reading the source


@lru_cache(maxsize=500)
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def code(house: House, *tops: str) -> Iterator[tuple[str, ast.Module]]:
    """The Python files below these folders."""
    for path, text in house.items():
        if path.endswith(".py") and path.startswith(tops):
            yield path, parsed(text)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that is imported; relative imports are none of ours (ruff sees to it)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def service_of(path: str) -> str:
    return path.split("/")[1]


def decisions(house: House) -> Iterator[tuple[str, ast.Module]]:
    """Every module of a service that the tables of its app.py reach; not app.py, and not what only performs effects."""
    for path, tree in code(house, "services/"):
        if path.endswith("/app.py"):
            folder = path.removesuffix("app.py")
            for module in sorted(_reached(house, folder, tree, but=_performers(tree))):
                yield module, parsed(house[module])


def _performers(app: ast.Module) -> frozenset[str]:
    """The modules that ``Service(performer=…)`` names."""
    words = [word.value for node in ast.walk(app) if isinstance(node, ast.Call) for word in node.keywords]
    named = {word.arg: word.value for node in ast.walk(app) if isinstance(node, ast.Call) for word in node.keywords}
    performer = named.get("performer")
    assert performer is None or performer in words
    return frozenset(node.id for node in ast.walk(performer) if isinstance(node, ast.Name)) if performer else frozenset()


def _reached(house: House, folder: str, tree: ast.Module, but: Collection[str] = ()) -> set[str]:
    package = folder.strip("/").replace("/", ".")
    found, waiting = set[str](), [tree]
    while waiting:
        for _, name in imports(waiting.pop()):
            if not within(name, package):
                continue
            module = name.removeprefix(f"{package}.").split(".")[0]
            path = f"{folder}{module}.py"
            if module not in but and path in house and path not in found:
                found.add(path)
                waiting.append(parsed(house[path]))
    return found


def constructed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every class that is called in a module, or validated into being."""
    aliases = {
        name.asname: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.asname
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")
            name = called[-2] if len(called) > 1 and called[-1].startswith("model_") else called[-1]
            yield node.lineno, aliases.get(name, name)
