"""What tests of remanence's parts, and of what is built on them, can share.

Importing this package needs nothing else; its suites need pytest, and load when they are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remanence.testing.stores import StoreConformance

__all__ = ["StoreConformance"]


def __getattr__(name: str) -> Any:
    """Load a suite so that pytest explains its failed assertions."""
    if name == "StoreConformance":
        import sys

        import pytest

        if "remanence.testing.stores" not in sys.modules:
            pytest.register_assert_rewrite("remanence.testing.stores")
        from remanence.testing.stores import StoreConformance

        return StoreConformance
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
