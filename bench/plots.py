"""The plots of a run, as SVG. They need matplotlib, which nothing else does."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bench.growth import AFTER
from bench.latency import LOADS, PERCENTILES, at_load
from bench.load import ROUTES
from bench.measure import Result
from bench.run import SHARES, Run, shares

_COLOURS: Final = dict(zip(SHARES, ("#3b6ea5", "#d9822b", "#4c9f70", "#9c6ade", "#b0b0b0"), strict=True))
_STYLE: Final = {
    "svg.fonttype": "none", "svg.hashsalt": "makegood", "font.size": 9, "figure.constrained_layout.use": True,
    "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip
"""Text stays text, and the same figures give the same file."""


def draw(run: Run, folder: Path) -> list[str]:
    """Writes those for which there are figures; their names."""
    try:
        pyplot: Any = import_module("matplotlib.pyplot")
    except ModuleNotFoundError as error:
        raise SystemExit("The plots need matplotlib: `make test` installs it.") from error
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[str] = []
    with pyplot.rc_context(_STYLE):
        for name, plot in _PLOTS.items():
            figure, axes = pyplot.subplots(figsize=(7.5, 4))
            if plot(axes, run):
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
                drawn.append(name)
            pyplot.close(figure)
    return drawn


def _cpu(axes: Any, run: Run) -> bool:
    """Who spends it, route by route, and in the bare loops beside them."""
    found = [*_routes(run), *_loops(run)]
    names, left = [one.name for one in found], [0.0] * len(found)
    for share in SHARES:
        widths = [shares(one)[share] for one in found]
        axes.barh(names, widths, left=left, label=share, color=_COLOURS[share])
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("CPU seconds per 1,000 claims")
    axes.legend(frameon=False)
    return bool(found)


def _throughput(axes: Any, run: Run) -> bool:
    found = [*_routes(run), *_loops(run)]
    colours = [_COLOURS["services" if one.what == "routes" else "load"] for one in found]
    bars = axes.barh([one.name for one in found], [one.per_second for one in found], color=colours)
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("claims per second")
    return bool(found)


def _latency(axes: Any, run: Run) -> bool:
    """To the decision: a line for each route and percentile, the higher ones fainter."""
    drawn = False
    for route, colour in zip(ROUTES, _COLOURS.values(), strict=False):
        for percent, style in zip(PERCENTILES, ("-", "--", ":"), strict=True):
            name = f"decision_p{percent}_ms"
            found = [(load, run.figure("latency", at_load(route.name, load), name)) for load in LOADS]
            points = [(load, value) for load, value in found if value is not None]
            if points:
                axes.plot(*zip(*points, strict=True), style, color=colour, label=f"{route.name} p{percent}", marker=".")
                drawn = True
    axes.set_xticks(LOADS)
    axes.set_xlabel("load, percent of the throughput")
    axes.set_ylabel("milliseconds from submission to decision")
    if drawn:
        axes.set_yscale("log")
        axes.figure.legend(loc="outside lower center", frameon=False, fontsize=7, ncols=len(ROUTES))
    return drawn


def _peers(axes: Any, run: Run) -> bool:
    found = sorted(run.medians("peers"), key=lambda one: -one.per_second)
    if not found:
        return False
    bars = axes.barh([one.name for one in found], [one.per_second for one in found], color=_COLOURS["services"])
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("claims per second, the same small process")
    return True


def _history(axes: Any, run: Run) -> bool:
    """Who spends it, by how many claims there were before."""
    found = [one for one in run.medians("growth") if "history" in one.figures]
    names, bottom = [one.name.removeprefix(AFTER) for one in found], [0.0] * len(found)
    for share in SHARES:
        heights = [shares(one)[share] for one in found]
        axes.bar(names, heights, bottom=bottom, label=share, color=_COLOURS[share], width=0.5)
        bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    axes.set_xlabel("claims that were closed before")
    axes.set_ylabel("CPU seconds per 1,000 claims")
    axes.figure.legend(loc="outside right", frameon=False)
    return bool(found)


def _deadlines(axes: Any, run: Run) -> bool:
    found = [one for one in run.medians("growth") if "pending" in one.figures]
    for percent, style in ((50, "-"), (99, "--")):
        points = [(one.figures["pending"], one.figures[f"lag_p{percent}_ms"]) for one in found]
        if points:
            axes.plot(*zip(*points, strict=True), style, color=_COLOURS["services"], label=f"p{percent}", marker=".")
    if found:
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
    axes.set_xlabel("pending deadlines")
    axes.set_ylabel("milliseconds from due until the turn begins")
    return bool(found)


def _routes(run: Run) -> Sequence[Result]:
    """Without the mix, which waits most of the time."""
    return [one for route in ROUTES if (one := run.median("routes", route.name)) is not None]


def _loops(run: Run) -> Sequence[Result]:
    return [one for one in run.medians("limit") if "hops" in one.figures]


_PLOTS: Final[dict[str, Callable[[Any, Run], bool]]] = {
    "cpu": _cpu, "throughput": _throughput, "latency": _latency, "peers": _peers, "history": _history,
    "deadlines": _deadlines,
}  # fmt: skip
"""False: there is nothing to be drawn."""
