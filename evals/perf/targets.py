"""A figure beside its target."""

from __future__ import annotations

__all__ = ["judged"]


def judged(value: float, most: float | None, form: str) -> str:
    """Return a figure with its target, if it has one, and whether that is met.

    Args:
        value: The figure.
        most: What it may be at most.
        form: How it is written, as for ``format``.
    """
    figure = format(value, form)
    if most is None:
        return figure
    return f"{figure} (target {most:,g}: {'met' if value <= most else 'MISSED'})"
