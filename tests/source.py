"""The repository's own code, read and not run: for the rules of test_architecture.py."""

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

ROOT: Final = Path(__file__).parent.parent

House: TypeAlias = Mapping[str, str]
"""Path of each file, from the root of the repository, to its text."""


def the_house() -> House:
    """All code that is shipped, and the ADRs."""
    paths = [path for top in ("services", "shared", "ops") for path in (ROOT / top).rglob("*.py")]
    paths += (ROOT / "docs" / "adr").glob("*.md")
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)}


@lru_cache(maxsize=500)
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def code(house: House, *tops: str) -> Iterator[tuple[str, ast.Module]]:
    """The Python files below these folders."""
    for path, text in house.items():
        if path.endswith(".py") and path.startswith(tops):
            yield path, parsed(text)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)


def within(name: str, *packages: str) -> bool:
    """Whether a full name is one of these packages, or inside."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def apps(house: House) -> Iterator[tuple[str, ast.Module]]:
    """Each service's folder, with its app.py."""
    for path, tree in code(house, "services/"):
        folder, _, file = path.rpartition("/")
        if file == "app.py":
            yield folder, tree


def decisions(house: House, folder: str) -> list[str]:
    """The modules of a service that its tables reach: not app.py itself, and not what only performs effects."""
    app = parsed(house[f"{folder}/app.py"])
    return sorted(_reached(house, folder, app, but=performers(app)))


def reached_from(house: House, folder: str, modules: Collection[str]) -> set[str]:
    """These modules of a service (by full name), and all of its modules that they import."""
    own = {f"{module.replace('.', '/')}.py" for module in modules if within(module, module_name(folder))}
    return own.union(*(_reached(house, folder, parsed(house[path]), but=()) for path in own))


def performers(app: ast.Module) -> frozenset[str]:
    """The modules that ``Service(performer=…)`` names."""
    given = (word for node in ast.walk(app) if isinstance(node, ast.Call) for word in node.keywords)
    values = [word.value for word in given if word.arg == "performer"]
    return frozenset(node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name))


def _reached(house: House, folder: str, tree: ast.Module, but: Collection[str]) -> set[str]:
    package = module_name(folder)
    found, waiting = set[str](), [tree]
    while waiting:
        for _, name in imports(waiting.pop()):
            if not within(name, package):
                continue
            module = name.removeprefix(f"{package}.").partition(".")[0]
            path = f"{folder}/{module}.py"
            if module not in but and path in house and path not in found:
                found.add(path)
                waiting.append(parsed(house[path]))
    return found


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and last name of everything that is called; a class for ``Class.model_validate`` and its like."""
    aliases = {
        name.asname: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.asname
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            names = ast.unparse(node.func).split(".")
            name = names[-2] if len(names) > 1 and names[-1].startswith("model_") else names[-1]
            yield node.lineno, aliases.get(name, name)


def said_in(house: House, folder: str, events: Collection[str]) -> set[str]:
    """The events that a service's modules make."""
    return {name for _, tree in code(house, f"{folder}/") for _, name in calls(tree) if name in events}
