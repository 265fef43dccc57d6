"""Draws what a store in PostgreSQL costs, by users and by workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evals.plotting import plain_log, pyplot, save
from evals.scale.postgres.records import Figures, Place

__all__ = ["draw_places"]

_MARKERS = "os^Dv"
_PANELS: tuple[tuple[str, str, Callable[[Place], float]], ...] = (
    ("storing, one message a call", "messages a second", lambda place: place.observe.rate),
    ("recall, index in memory", "p50, milliseconds", lambda place: place.recall.p50),
    ("first touch of a user", "p50, milliseconds", lambda place: place.first_touch.p50),
)


def draw_places(figures: Sequence[Figures], path: Path) -> None:
    """Draw three panels by users, all of whom have 20 episodes, with a line a number of workers.

    Args:
        figures: What was measured.
        path: The SVG to write.
    """
    least = min(each.episodes for each in figures)
    shown = sorted(
        (each for each in figures if each.episodes == least), key=lambda each: each.users
    )
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6))
    for panel, (title, y, value) in zip(axes.flat, _PANELS, strict=True):
        _draw(panel, shown, value)
        panel.set_title(title)
        panel.set_xlabel(f"users, {least:,} episodes each")
        panel.set_ylabel(y)
    axes.flat[0].legend(frameon=False)
    figure.tight_layout()
    save(figure, path)
    plt.close(figure)


def _draw(panel: Any, shown: Sequence[Figures], value: Callable[[Place], float]) -> None:
    lines = dict.fromkeys((each.store, place.workers) for each in shown for place in each.places)
    for number, (store, workers) in enumerate(sorted(lines)):
        points = [
            (each.users, value(place))
            for each in shown
            if each.store == store
            for place in each.places
            if place.workers == workers
        ]
        panel.plot(
            [x for x, _ in points],
            [y for _, y in points],
            marker=_MARKERS[number % len(_MARKERS)],
            linestyle="--" if store == "sqlite" else "-",
            label="SQLite"
            if store == "sqlite"
            else f"{workers} worker{'s' if workers > 1 else ''}",
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    plain_log(panel.xaxis)
    plain_log(panel.yaxis)
