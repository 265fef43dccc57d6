"""What servers of tests and evaluations raise."""

from __future__ import annotations

__all__ = ["ServingError"]


class ServingError(RuntimeError):
    """A server is not to be had, does not start or does not stop; tells why, and what to do."""
