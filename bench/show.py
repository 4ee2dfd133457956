"""The results of a run on a terminal, as they come, and in a file."""

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from rich.console import Console

from bench.command import measured
from bench.measure import Result, keep, middle
from bench.plan import Plan
from ops.sheet import Sheet


async def show(root: Path, wanted: Sequence[str], plan: Plan, file: Path | None, console: Console) -> None:
    """Each round in a line; at the end the median rounds."""
    results: list[Result] = []
    async with aclosing(measured(root, wanted, plan)) as rounds:
        async for result in rounds:
            results.append(result)
            console.print(line(result), highlight=False, markup=False, soft_wrap=True)
            if file is not None:
                keep(file, [result], f"{' '.join(wanted)} {plan.options}")
    sheet = Sheet("Median rounds", "What", "Name", "Per second", "CPU seconds per 1,000")
    for one in median_rounds(results):
        if one.count > 1 and one.seconds:
            sheet.add(one.what, one.name, f"{one.per_second:,.1f}", f"{one.cpu_per_1000:.3f}")
    sheet.write(console)


def median_rounds(results: Sequence[Result]) -> list[Result]:
    """Of everything measured its median round, in the order in which it was measured."""
    names = dict.fromkeys((result.what, result.name) for result in results)
    return [middle([result for result in results if (result.what, result.name) == name]) for name in names]


def line(result: Result) -> str:
    """One round, for people."""
    if result.missing is not None:
        return f"{result.what}: {result.name}: {result.missing}"
    told = [f"{name} {value:,.4g}" for name, value in result.figures.items()]
    if result.seconds:
        told = [f"{result.seconds:.2f} s", *told]
        if result.count > 1:
            speed = f"{result.per_second:,.1f} per second, {result.cpu_per_1000:.3f} CPU s per 1,000"
            told = [f"{result.count:,} in {told[0]}", speed, *told[1:]]
    return f"{result.what}: {result.name} ({result.round}): {', '.join(told)}"
