"""The embedded engine: what was said is stored, found again, and read for facts."""

from remanence.engine.memory import Memory

__all__ = ["Memory"]
