"""matplotlib without a screen, drawing the same file from the same figures."""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["plain_log", "pyplot", "save"]


def pyplot() -> Any:
    """Return matplotlib's ``pyplot``, which is installed for evaluations only."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "remanence",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.3,
        }
    )
    return import_module("matplotlib.pyplot")


def plain_log(axis: Any) -> None:
    """Give a logarithmic axis plain numbers, and whole decades at its ends."""
    low, high = axis.get_view_interval()
    axis.axes.set(
        **{
            f"{axis.axis_name}lim": (
                10 ** math.floor(math.log10(low) + 0.02),
                10 ** math.ceil(math.log10(high) - 0.02),
            )
        }
    )
    axis.set_major_formatter(_plain)
    axis.set_minor_formatter(_nothing)


def _plain(value: float, place: int) -> str:
    del place
    return f"{value:,g}"


def _nothing(value: float, place: int) -> str:
    del value, place
    return ""


def save(figure: Any, path: Path) -> None:
    """Write a figure as SVG, without the date; the folder is created if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
