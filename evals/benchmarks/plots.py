"""Draws recall against latency."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.benchmarks.retrieval import costs_of, scores_of
from evals.plotting import plain_log, pyplot, save
from evals.retrieval.engines.choosing import ENGINES

__all__ = ["draw_recall"]

_DEPTH = 10


def draw_recall(result: Mapping[str, Any], group: str, path: Path) -> None:
    """Draw a point an engine: what it finds, and how long a question takes it.

    Args:
        result: What a retrieval evaluation kept.
        group: Of which questions.
        path: The SVG to write.
    """
    recall = {
        score.engine: 100 * score.recall[_DEPTH]
        for score in scores_of(result)
        if score.group == group
    }
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(9, 4.5))
    for place, cost in enumerate(costs_of(result)):
        ours = ENGINES[cost.engine].package == "remanence"
        style = {
            "color": f"C{place}",
            "marker": "o" if ours else "s",
            "markersize": 8 if ours else 6,
        }
        found = recall[cost.engine]
        if cost.live_p50 is not None:
            axes.plot([cost.p50, cost.live_p50], [found, found], color=f"C{place}", linewidth=0.8)
            axes.plot(cost.live_p50, found, fillstyle="none", **style)
        axes.plot(cost.p50, found, label=ENGINES[cost.engine].label, linestyle="", **style)
    axes.set_xscale("log")
    plain_log(axes.xaxis)
    axes.set_xlabel("milliseconds a question, p50; hollow: its vector made meanwhile")
    axes.set_ylabel(f"evidence recall at {_DEPTH}, percent")
    axes.set_ylim(0, 100)
    axes.set_title(f"{result['title']}, {group}")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save(figure, path)
    plt.close(figure)
