"""``python -m bench.render FILE``: the results of one run as tables and plots in docs/performance.md.

What stands there between the marks is written anew; what people wrote around them stays. The plots need the dependency
group ``bench``, which ``make test`` installs: ``.venv/bin/python -m bench.render FILE``.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import plots
from bench.goals import GOALS, OURS, Goal, ahead_of, at_most, most_speed, of_the_bare_loop
from bench.growth import AFTER, FIRING
from bench.latency import ENOUGH, MOMENTS, PERCENTILES
from bench.load import RESPONSE_DAYS
from bench.measure import Origin, Result, kept
from bench.processor import Machine
from bench.run import SHARES, Run, by_service, marked, shares
from bench.stand import DAY
from ops.terminal import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
PLOTS: Final = ROOT / "docs" / "performance"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
_WHO: Final = ("", "Per second", "CPU s per 1,000", *(share.capitalize() for share in SHARES))
_HOPS: Final = ("hops", "decisions_per_claim")
_DEAD: Final = ("dead_rows_before", "dead_rows_after", "tables_before_mib", "tables_after_mib")
_FIRED: Final = (
    "lag_p50_ms", "lag_p99_ms", "heard_p50_ms", "heard_p99_ms", "rss_before_mib", "rss_after_mib", "tick_buffers",
    "due_buffers", "due_rows", "full_scans",
)  # fmt: skip
_NEW: Final = f"""# Performance

Ratios within one run on one machine; medians of rounds; CPU of everything that takes part.

{BEGIN}
{END}
"""


def page(run: Run, drawn: Sequence[str] = ()) -> str:
    """What stands between the marks. ``drawn``: names of the plots there are."""
    sections = (_machine, _goals, _routes, _latency, _limit, _deciding, _replicas, peers, _small, _growth)
    blocks = [block for section in sections for block in section(run)]
    blocks += [f"![{name}](performance/{name}.svg)" for name in drawn]
    return "\n\n".join(blocks)


def put_into(text: str, measured: str) -> str:
    """The page with this between its marks."""
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{measured}\n{END}", text, flags=re.DOTALL)


def command(what: str, run: Run) -> str:
    """What repeats these figures, in the sizes with which they were measured where all had the same."""
    asked = {options(one.arguments) for name in what.split() for one in run.medians(name)}
    return f"`makegood bench {what}{asked.pop() if len(asked) == 1 else ''}`"


def options(arguments: str) -> str:
    """Without the names of what is measured."""
    _, options, values = arguments.partition(" --")
    return options + values


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown; the first column is for words, all others for figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _machine(run: Run) -> Iterator[str]:
    """And the commit; what is of another commit or machine is no part of the same run, and is named."""
    for one in run.medians("machine"):
        if one.machine == run.origin.machine:
            where, memory = one.machine or Machine(one.name, one.count), f"{one.figures['memory_gib']:.0f} GiB"
            yield f"Measured on {where}, {memory}, everything beside each other. Commit: {run.origin.said_commit}."
    yield from elsewhere(run, run.whats(), run.origin)


def elsewhere(run: Run, whats: Iterable[str], origin: Origin) -> Iterator[str]:
    """Which of these are of another commit or machine than this one."""
    found: dict[str, list[str]] = {}
    for what in whats:
        names = run.medians(what)
        for other in dict.fromkeys(one.origin for one in names if one.origin != origin):
            every = all(one.origin == other for one in names)
            found.setdefault(other.beside(origin), []).append(what if every else f"some of {what}")
    if found:
        told = "; ".join(f"{', '.join(what)}: {of}" for of, what in found.items())
        yield f"Of another commit or machine: {told}."


def _goals(run: Run) -> Iterator[str]:
    """Each in the results of one commit and one machine: those of which most is, where they have it."""
    alike = [(origin, run.only(origin)) for origin in run.origins()]
    rows: list[list[str]] = []
    for goal in GOALS:
        for origin, one in alike:
            if (reached := goal.reached(one)) is not None:
                name = marked(goal.of, origin, run.origin)
                rows.append([name, *_reached(goal, reached, one), command(goal.what, one)])
                break
    if rows:
        yield "## Goals"
        yield (
            "Bound: no figure can be better than this one on that machine, and none can be as good, for it is what "
            "deciding alone takes, without log and database, or what a bare loop takes, which decides nothing."
        )
        yield table(("Of", "Goal", "Reached", "Met", "Bound", "Of the bound", "Command"), rows)


def _reached(goal: Goal, reached: float, run: Run) -> Iterator[str]:
    yield from (goal.sentence, _short(reached), "yes" if goal.met(reached) else "**no**")
    bound = goal.bound(run)
    yield "" if bound is None else f"{'≤' if goal.at_least else '≥'} {_short(bound)}"
    yield "" if bound is None else f"{goal.near(reached, bound) * 100:.0f} %"


def _routes(run: Run) -> Iterator[str]:
    found = run.medians("routes")
    if not found:
        return
    yield "## Our routes"
    yield (
        "Until every claim is paid and closed, its seller written to and its recovery closed. Comment window 0; the "
        f"seven days of a seller pass in {RESPONSE_DAYS * DAY} s. The mix goes "
        f"at the pace of the demo, and waits most of the time: only its CPU says something. {command('routes', run)}"
    )
    counted, bare = ("Decisions", "Events"), ("Of the bare loop, path", "decisions")
    yield table((*_WHO, *counted, *bare), [_route(one, run) for one in found])
    names = list(by_service(found[-1]))
    yield "CPU seconds per 1,000 claims, by service:"
    yield table(
        ("Route", *names), [[run.named(one), *(f"{by_service(one).get(n, 0):.3f}" for n in names)] for one in found]
    )


def _route(one: Result, run: Run) -> list[str]:
    counted = _figures(one, "decisions_per_claim", "events_per_claim")
    bare = [_percent(of_the_bare_loop(one.name, hops)(run.only(one.origin))) for hops in _HOPS]
    return [run.named(one), _speed(one), _cost(one), *_shared(one), *counted, *bare]


def _latency(run: Run) -> Iterator[str]:
    found = run.medians("latency")
    if found:
        yield "## Latency"
        yield (
            "Milliseconds from the scheduled submission; arrivals are independent of each other. A seller's days are "
            f"taken off. {command('routes limit latency', run)}"
        )
        if few := sorted({f"{one.count:,}" for one in found if one.count < ENOUGH}):
            yield f"In a round of {' or '.join(few)} claims the p99.9 is the latest one."
        names = [f"{moment}_p{percent}_ms" for moment in MOMENTS for percent in PERCENTILES]
        heads = [f"{moment} p{percent}" for moment in MOMENTS for percent in PERCENTILES]
        rows = [[run.named(one), f"{one.figures['offered_per_second']:,.0f}", *_figures(one, *names)] for one in found]
        yield table(("Route and load", "Claims/s", *heads), rows)


def _limit(run: Run) -> Iterator[str]:
    found = run.medians("limit")
    if found:
        yield "## The limit here"
        yield (
            "A hop decodes, writes its batch in one transaction, and publishes; it decides nothing and keeps no state. "
            f"{command('routes limit', run)}"
        )
        rows = [[run.named(one), _speed(one), _cost(one), *_shared(one)] for one in found]
        yield table(_WHO, rows)


def _deciding(run: Run) -> Iterator[str]:
    if run.medians("deciding"):
        yield "## What deciding alone costs"
        yield (
            "In memory and in one process, with no log, no database and no letter. Decided: inside the functions of "
            "the processes, which no runtime can save. In memory: also the turn, which makes JSON, ids, fingerprints "
            "of what they give, and the house that hands it on. Then what the services took for it, with all else; "
            "and so many claims/s at most if the cores did nothing but decide. The last two columns: how much of the "
            "bare loop's claims/s could be reached at most if each hop cost what the loop's does, and decided as well, "
            f"with the hops of its path or one for each decision. {command('deciding', run)}"
        )
        heads = ("Route", "Decisions", "Decided, CPU s per 1,000", "In memory", "The services", "Claims/s at most")
        bare = ("At most, of the bare loop, path", "decisions")
        yield table((*heads, *bare), [_decided(one, run) for one in run.medians("deciding")])


def _decided(one: Result, run: Run) -> list[str]:
    alike, in_memory = run.only(one.origin), one.figures["in_memory_ms_per_claim"]
    route, fastest = alike.median("routes", one.name), most_speed(one.name)(alike)
    services = "" if route is None else f"{shares(route)['services']:.2f}"
    return [
        run.named(one), *_figures(one, "decisions_per_claim"), f"{one.cpu_per_1000:.2f}", f"{in_memory:.2f}", services,
        "" if fastest is None else f"{fastest:,.0f}", *(_percent(at_most(one.name, hops)(alike)) for hops in _HOPS),
    ]  # fmt: skip


def _replicas(run: Run) -> Iterator[str]:
    found = run.medians("replicas")
    if found:
        yield "## More replicas"
        yield f"Direct pay with so many replicas of every service, on the same cores. {command('replicas', run)}"
        rows = [[_of(one, "replicas"), _speed(one), _cost(one), *_shared(one)] for one in found]
        yield table(("Replicas of each", *_WHO[1:]), rows)


def peers(run: Run) -> Iterator[str]:
    """Side by side, the fastest first; how long one claim takes; what was tried; and who is missing."""
    found = sorted(run.medians("peers"), key=lambda one: -one.per_second)
    missing = run.missing("peers")
    if found or missing:
        yield "## Peers"
        yield (
            "The same small claim process. Each has as many claims under way at once, and as many worker processes (× "
            "jobs at a time in each, where its package has such a number), as it did best with of what was tried. In "
            "brackets the lowest and the highest ratio of two rounds that were measured one soon after the other. "
            "Every claim was paid, and for the right reason; but no failure was injected here: what a peer repeats is "
            "absorbed by a primary key, what ours repeats by the listener, who drops sequence numbers that it has "
            f"heard. {command('peers', run)}"
        )
        heads = ("Who", "At once", "Workers", "Claims/s", "CPU s per 1,000", "Load", "The rest", "Cores in use",
                 "Ours, in claims/s", "Ours, in CPU")  # fmt: skip
        yield table(heads, [_peer(one, run) for one in found])
    waits = [late for one in found if (late := run.median("peers-latency", one.name)) is not None]
    if waits:
        yield (
            f"The same at {_of(waits[0], 'offered_per_second')} claims/s, which arrive independently of each other: "
            "milliseconds until a claim is paid, from the moment at which it was to be filed, if its seller answers at "
            "once, and from that at which its timer was to fire, if he stays silent. A peer's claim is paid when its "
            "row is written, ours when the load has heard of it."
        )
        names = [f"{reason}_p{percent}_ms" for reason in ("answered", "silent") for percent in (50, 99)]
        heads = ("Who", "Answered, p50", "p99", "Silent, p50", "p99", "CPU s per 1,000")
        yield table(heads, [[run.named(one), *_figures(one, *names), _cost(one)] for one in waits])
    tried = run.medians("tuning")
    if tried:
        yield "<details><summary>What was tried for each</summary>"
        yield "Rounds as long as those above, without its open loop. `.venv/bin/python -m bench.peers --tune`"
        heads = ("With", "Claims/s", "CPU s per 1,000", "Cores in use")
        yield table(heads, [[run.named(one), _speed(one), _cost(one), _cores(one)] for one in tried])
        yield "</details>"
    yield from (f"{one.name} is left out: {one.missing}" for one in missing)


def _peer(one: Result, run: Run) -> list[str]:
    """Of results from before its tuning was kept that is left empty."""
    ahead = (_times(one, run, cpu=cpu) for cpu in (False, True))
    load = shares(one)["load"]
    at_once, workers, jobs = (_of(one, each) if each in one.figures else "" for each in ("at_once", "workers", "jobs"))
    return [
        run.named(one), at_once, f"{workers} × {jobs}" if jobs else workers, _speed(one), _cost(one), f"{load:.3f}",
        f"{one.cpu_per_1000 - load:.3f}", _cores(one), *ahead,
    ]  # fmt: skip


def _small(run: Run) -> Iterator[str]:
    found = run.medians("small")
    if found:
        yield "## Small things"
        yield f"Waits are the longest that a claim had to wait for its decision. {command('small', run)}"
        rows = [[run.named(one), f"{one.seconds:.2f}", _told(one)] for one in found]
        yield table(("What", "Seconds", "Figures"), rows)
    yield from (f"{one.name} is left out: {one.missing}" for one in run.missing("small"))


def _growth(run: Run) -> Iterator[str]:
    found = run.medians("growth")
    if found:
        yield "## Growth"
        yield (
            "History and pending deadlines are put into the tables of all services by SQL: rows as real claims left "
            f"them, under other keys. {command('growth', run)}"
        )
        yield from _after([one for one in found if "history" in one.figures])
        yield from _looked([one for one in found if "looked" in one.figures])
        yield from _pending(_rounds(run, "pending"))
        yield from _held(_rounds(run, _DEAD[0]))
    yield from (f"{one.name} is left out: {one.missing}" for one in run.missing("growth"))


def _rounds(run: Run, figure: str) -> list[Result]:
    """Of growth, those that have this figure."""
    rounds = (one for name in run.names("growth") for one in run.rounds("growth", name))
    return [one for one in rounds if figure in one.figures]


def _after(found: Sequence[Result]) -> Iterator[str]:
    if found:
        if len({one.figures["history"] for one in found}) < len(found):
            yield (
                "The smallest history is measured first, and once more after all others on a fresh stack, for the "
                "machine is not always as fast: the goal sets the largest against both."
            )
        size = "database_gib"
        rows = [
            [one.name.removeprefix(AFTER), _speed(one), _cost(one), *_shared(one), *_figures(one, size)]
            for one in found
        ]
        yield table(("Direct pay after", *_WHO[1:], "Database, GiB"), rows)


def _looked(found: Sequence[Result]) -> Iterator[str]:
    if found:
        yield "What people ask of one claim, from the command to its end:"
        yield table(("Command", "Seconds"), [[one.name, f"{one.seconds:.1f}"] for one in found])


def _held(rounds: Sequence[Result]) -> Iterator[str]:
    if rounds:
        yield "One session keeps its snapshot through all rounds. The tables are those whose rows are changed in place."
        heads = ("Snapshot, round", "Claims/s", "CPU s per 1,000", "Dead rows before", "After", "Tables before, MiB",
                 "After")  # fmt: skip
        yield table(
            heads, [[f"{one.name}, {one.round}", _speed(one), _cost(one), *_figures(one, *_DEAD)] for one in rounds]
        )


def _pending(rounds: Sequence[Result]) -> Iterator[str]:
    if rounds:
        yield (
            "Deadlines of sellers who were silent: from the moment each was due until its turn began, and until the "
            "world outside had heard what was decided (of results that have it: empty else), by "
            f"{len(FIRING)} replicas of escalation alone, whose memory is told together. Buffers are pages that a tick "
            "looks at while nothing is due, and the query that finds what is due. A tick looks at more in each round: "
            "a deadline that has fired leaves dead rows behind, which stay until their tables are vacuumed."
        )
        heads = (
            "Pending deadlines, round", "Decided/s", "Until its turn, p50, ms", "p99", "Until heard, p50, ms", "p99",
            "RSS before, MiB", "After", "Buffers of a tick", "Of the query", "Rows it finds", "Full scans",
        )  # fmt: skip
        rows = [[f"{_of(one, 'pending')}, {one.round}", _speed(one), *_figures(one, *_FIRED)] for one in rounds]
        yield table(heads, rows)


def _of(one: Result, figure: str) -> str:
    return f"{one.figures[figure]:,.0f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _speed(one: Result) -> str:
    return f"{one.per_second:,.0f}" if one.per_second >= 100 else f"{one.per_second:,.1f}"


def _cost(one: Result) -> str:
    return f"{one.cpu_per_1000:.3f}"


def _shared(one: Result) -> list[str]:
    return [f"{seconds:.3f}" for seconds in shares(one).values()]


def _figures(one: Result, *names: str) -> list[str]:
    return [f"{one.figures[name]:,.1f}" if name in one.figures else "" for name in names]


def _told(one: Result) -> str:
    return ", ".join(f"{name} {value:,.4g}" for name, value in one.figures.items())


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} %"


def _times(one: Result, run: Run, *, cpu: bool) -> str:
    """The ratio of the medians, and the lowest and highest of the rounds with the same number."""
    read, run = ahead_of(one.name, cpu=cpu), run.only(one.origin)
    ahead = None if one.name == OURS else read(run)
    if ahead is None:
        return ""
    both = [*run.rounds("peers", OURS), *run.rounds("peers", one.name)]
    numbers = {each.round for each in both}
    pairs = (Run(each for each in both if each.round == number) for number in numbers)
    found = [ratio for pair in pairs if (ratio := read(pair)) is not None]
    spread = f" ({min(found):.1f} to {max(found):.1f})" if len(found) > 1 else ""
    return f"{ahead:.1f} ×{spread}"


def _cores(one: Result) -> str:
    return f"{sum(one.cpu.values()) / one.seconds:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.render", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="results of one run, as `makegood bench --json FILE` appends them")
    given = parser.parse_args()
    run = Run(kept(given.file))
    drawn = plots.draw(run, PLOTS)
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else _NEW
    PAGE.write_text(put_into(text, page(run, drawn)), encoding="utf-8")
    sys.stdout.write(f"Written: {PAGE.relative_to(ROOT)} and {len(drawn)} plots\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
