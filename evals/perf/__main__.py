"""Measures speed and size: ``python -m evals.perf``. Everything comes from one run.

The conversations are made up, the same on every machine, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import tempfile
from pathlib import Path

from evals.perf.hybrid.report import report_hybrid
from evals.perf.mem0 import report_mem0
from evals.perf.searching import measure_search
from evals.perf.tables import SEARCH_COLUMNS, search_rows, search_title
from evals.perf.targets import judged
from evals.perf.turns import Turns, measure_turns
from evals.perf.writing import Commit, Grouping, measure_commit, measure_grouping
from evals.report import Report

_PARTS = ("engine", "hybrid", "mem0")
_LEAST_EPISODES = 100
"""Fewer don't have enough words for hundreds of questions."""
_MOST_ADDED_MS = 0.4
_MOST_TRANSACTIONS = {64: 100.0}
_MOST_ADDED_TO_A_TURN_MS = 5.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.perf", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[1_000, 10_000, 100_000],
        help="how many episodes to search in",
    )
    parser.add_argument("--repeats", type=int, default=5, help="how often to measure; 5 by default")
    parser.add_argument(
        "--questions", type=int, default=300, help="how many different ones; 300 by default"
    )
    parser.add_argument(
        "--parts",
        choices=_PARTS,
        nargs="+",
        default=_PARTS,
        help="what to measure: the engine, with vectors, or beside mem0; all by default",
    )
    parser.add_argument(
        "--mem0-items",
        type=int,
        default=10_000,
        help="how many items to search in beside mem0, which takes a minute for 10,000, the "
        "default",
    )
    parser.add_argument("--json", type=Path, help="where to write the results as JSON")
    arguments = parser.parse_args()
    sizes = [*arguments.sizes, arguments.mem0_items]
    if min(sizes) < _LEAST_EPISODES or min(arguments.repeats, arguments.questions) < 1:
        parser.error(f"measure at least once, one question, {_LEAST_EPISODES} episodes")
    return arguments


def _print_commit(report: Report, commit: Commit) -> None:
    kinds = {
        "observe, awaited": commit.observe,
        "bare commit of the same bytes": commit.bare,
        "bare write and fsync of a page": commit.flush,
    }
    report.table(
        "One message of about 200 characters, one at a time: milliseconds a call",
        ["", "CPU, all threads", "CPU, calling thread", "wall"],
        [
            [name, f"{cost.processor:.3f}", f"{cost.here:.3f}", f"{cost.wall:.3f}"]
            for name, cost in kinds.items()
        ],
    )
    added = commit.observe.processor - commit.bare.processor
    report.note(f"CPU that observe adds, ms: {judged(added, _MOST_ADDED_MS, '.3f')}")


def _print_grouping(report: Report, groupings: list[Grouping]) -> None:
    alone = groupings[0]
    report.table(
        f"{alone.calls:,} observe calls of one message each",
        ["calls at a time", "transactions", "calls a second", "ratio"],
        [
            [
                str(grouping.at_once),
                judged(grouping.transactions, _MOST_TRANSACTIONS.get(grouping.at_once), ",.0f"),
                f"{grouping.rate:,.0f}",
                f"{grouping.rate / alone.rate:.1f}",
            ]
            for grouping in groupings
        ],
    )


def _print_turns(report: Report, turns: Turns) -> None:
    report.table(
        f"{turns.turns} turns of an agent, {turns.episodes:,} stored episodes, milliseconds a turn",
        ["", "p50", "p95"],
        [
            ["without memory", f"{turns.without:.2f}", f"{turns.without_p95:.2f}"],
            ["with memory", f"{turns.with_memory:.2f}", f"{turns.with_memory_p95:.2f}"],
        ],
    )
    added = turns.with_memory - turns.without
    report.note(
        f"added at the median {added:.2f}, at the 95th percentile "
        f"{turns.with_memory_p95 - turns.without_p95:.2f}; a write and fsync of a page took "
        f"{turns.flush:.2f}, without which the median adds "
        f"{judged(added - turns.flush, _MOST_ADDED_TO_A_TURN_MS, '.2f')}"
    )


async def _measure(arguments: argparse.Namespace, folder: Path) -> None:
    report = Report("perf", "numpy", "apsw", "PyStemmer", "agentscope", "mem0ai", "qdrant-client")
    report.heading()
    if "engine" in arguments.parts:
        await _measure_engine(report, arguments, folder)
    if "hybrid" in arguments.parts:
        report_hybrid(
            report, arguments.sizes, questions=arguments.questions, repeats=arguments.repeats
        )
    if "mem0" in arguments.parts:
        await report_mem0(report, folder, items=arguments.mem0_items, turns=arguments.questions)
    if arguments.json is not None:
        report.write(arguments.json)


async def _measure_engine(report: Report, arguments: argparse.Namespace, folder: Path) -> None:
    repeats: int = arguments.repeats
    report.note(f"medians over {repeats} repeats")
    commit = await measure_commit(folder, repeats=repeats, calls=500)
    _print_commit(report, commit)
    groupings = await measure_grouping(folder, repeats=repeats, calls=1_000, at_once=(1, 64))
    _print_grouping(report, groupings)
    searches = [
        await measure_search(
            folder, episodes=episodes, questions=arguments.questions, repeats=repeats
        )
        for episodes in arguments.sizes
    ]
    report.table(search_title(arguments.questions), SEARCH_COLUMNS, search_rows(searches))
    turns = await measure_turns(folder, episodes=10_000, turns=arguments.questions)
    _print_turns(report, turns)
    report.record |= {
        "repeats": repeats,
        "questions": arguments.questions,
        "commit_ms": dataclasses.asdict(commit),
        "grouping": [dataclasses.asdict(grouping) for grouping in groupings],
        "turns_ms": dataclasses.asdict(turns),
        "recall": [dataclasses.asdict(search) for search in searches],
    }


def main() -> None:
    """Run the measurements in a folder of their own."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(arguments, Path(folder)))


if __name__ == "__main__":
    main()
