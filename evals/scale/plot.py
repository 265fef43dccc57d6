"""Draws what memories cost as they grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evals.plotting import plain_log, pyplot, save
from evals.scale.records import Cell

__all__ = ["draw_cells"]

_PANELS: tuple[tuple[str, str, str, Callable[[Cell], tuple[float, float]]], ...] = (
    (
        "recall, by the user's share",
        "episodes a user",
        "p50, milliseconds",
        lambda cell: (cell.episodes / cell.users, cell.read.warm_p50),
    ),
    (
        "first touch, by the user's share",
        "episodes a user",
        "p50, milliseconds",
        lambda cell: (cell.episodes / cell.users, cell.read.first_touch_p50),
    ),
    (
        "storing, by the store's size",
        "episodes stored",
        "episodes a second",
        lambda cell: (cell.episodes, cell.episodes / cell.written.seconds),
    ),
    (
        "memory of the process, by the store's size",
        "episodes stored",
        "megabytes",
        lambda cell: (cell.episodes, cell.read.resident_bytes / 1e6),
    ),
)
_MARKERS = "os^Dv"


def draw_cells(cells: Sequence[Cell], path: Path) -> None:
    """Draw four panels with a line for each number of users.

    Args:
        cells: What was measured.
        path: The SVG to write.
    """
    plt = pyplot()
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.5))
    for panel, (title, x, y, point) in zip(axes.flat, _PANELS, strict=True):
        _draw(panel, cells, point)
        panel.set_title(title)
        panel.set_xlabel(x)
        panel.set_ylabel(y)
    axes.flat[0].legend(frameon=False)
    figure.tight_layout()
    save(figure, path)
    plt.close(figure)


def _draw(panel: Any, cells: Sequence[Cell], point: Callable[[Cell], tuple[float, float]]) -> None:
    for place, users in enumerate(sorted({cell.users for cell in cells})):
        points = sorted(point(cell) for cell in cells if cell.users == users)
        panel.plot(
            [x for x, _ in points],
            [y for _, y in points],
            marker=_MARKERS[place % len(_MARKERS)],
            label=f"{users:,} user{'s' if users > 1 else ''}",
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    plain_log(panel.xaxis)
    plain_log(panel.yaxis)
