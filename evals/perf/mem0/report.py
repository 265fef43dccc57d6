"""The part of the report that is about mem0."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from evals.perf.mem0.bare import DIMENSIONS, be_quiet
from evals.perf.mem0.searching import Searches, measure_searches
from evals.perf.mem0.turns import Added, measure_added
from evals.perf.mem0.writing import Writes, measure_writes
from evals.report import Report

__all__ = ["report_mem0"]

_CALLS = 600
_AT_ONCE = 32
_MOST_MISSING = 0
_LEAST_RATIO = 50.0
_JUDGED_ITEMS = 10_000


async def report_mem0(report: Report, folder: Path, *, items: int, turns: int) -> None:
    """Measure, and print each table as soon as it is there.

    Args:
        report: Where the figures go.
        folder: Where the files go.
        items: How many items to search in.
        turns: How many replies of each agent, and questions to each search.
    """
    be_quiet(folder / "mem0")
    writes = await measure_writes(folder / "writes", calls=_CALLS, at_once=_AT_ONCE)
    _print_writes(report, writes)
    added = await measure_added(folder, turns=turns)
    _print_added(report, added)
    searches = await measure_searches(folder, items=items, questions=turns)
    _print_searches(report, searches)
    report.record["mem0"] = {
        "writes": [dataclasses.asdict(each) for each in writes],
        "turns_ms": dataclasses.asdict(added),
        "searches": dataclasses.asdict(searches),
    }


def _print_writes(report: Report, writes: list[Writes]) -> None:
    ours = writes[0]
    report.table(
        f"{ours.calls} statements, {ours.at_once} at a time, into mem0's local store "
        f"(Qdrant on disk, {DIMENSIONS} dimensions, made-up embeddings)",
        ["", "reported as stored", "found", "missing", "twice", "then a search", "seconds"],
        [
            [
                each.way,
                str(each.acknowledged),
                str(each.found),
                str(each.missing),
                str(each.twice),
                "works" if each.searches else "FAILS",
                f"{each.seconds:.1f}",
            ]
            for each in writes
        ],
    )
    met = "met" if ours.missing <= _MOST_MISSING else "MISSED"
    report.note(
        f"missing through the backend: {ours.missing} (target {_MOST_MISSING}: {met}); it has mem0 "
        "extract each statement with a scripted chat model, directly each is stored as it is"
    )
    report.note("found is counted by mem0 itself, after closing and opening again")


def _print_added(report: Report, added: Added) -> None:
    without = added.without
    report.table(
        f"{added.turns} turns of an agent with mem0's middleware, over a client that answers at "
        "once, milliseconds a turn",
        [
            "",
            "p50",
            "p95",
            "added p50",
            "added p95",
            "waits for the disk",
            "added p50 but for these",
            "not in mem0 at the end",
        ],
        [
            [
                each.name,
                f"{each.p50:.2f}",
                f"{each.p95:.2f}",
                f"{each.p50 - without.p50:.2f}",
                f"{each.p95 - without.p95:.2f}",
                str(each.flushes),
                f"{each.p50 - without.p50 - each.flushes * added.flush:.2f}",
                str(each.lost),
            ]
            for each in (without, *added.kinds)
        ],
    )
    report.note(
        "ours has each exchange on disk before it is delivered, AgentScope's own only in memory; "
        f"a wait for the disk is a write and fsync of a page, which took {added.flush:.2f}"
    )


def _print_searches(report: Report, searches: Searches) -> None:
    ratio = searches.mem0_p50 / searches.engine_p50
    report.table(
        f"Searches for {searches.limit} of {searches.items:,} items of one user, "
        f"{searches.questions} different questions, milliseconds",
        ["", "p50", "p95"],
        [
            ["the engine's recall", f"{searches.engine_p50:.2f}", f"{searches.engine_p95:.2f}"],
            ["mem0's search", f"{searches.mem0_p50:.2f}", f"{searches.mem0_p95:.2f}"],
        ],
    )
    judged = ""
    if searches.items == _JUDGED_ITEMS:
        met = "met" if ratio >= _LEAST_RATIO else "MISSED"
        judged = f" (target at least {_LEAST_RATIO:g}: {met})"
    report.note(f"ratio of the medians: {ratio:.0f}{judged}")
    report.note(
        "mem0 searches its local store; its questions are embedded beforehand, so that no "
        "embedding model's time is in it; the engine searches by words, without one"
    )
    report.note(
        "mem0's store was filled through its vector store, many at a time, with the payloads of "
        f"its own add, in {searches.filled_seconds:.0f} s"
    )
