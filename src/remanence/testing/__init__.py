"""What tests of remanence's parts, and of what is built on them, can share.

Importing this package needs nothing else; its suites need pytest, and load when they are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remanence.testing.asking import ChatModelConformance
    from remanence.testing.backends import BackendConformance
    from remanence.testing.embedders import EmbedderConformance
    from remanence.testing.jobs import JobStoreConformance
    from remanence.testing.stores import StoreConformance

__all__ = [
    "BackendConformance",
    "ChatModelConformance",
    "EmbedderConformance",
    "JobStoreConformance",
    "StoreConformance",
]

_SUITES = {
    "BackendConformance": "remanence.testing.backends",
    "ChatModelConformance": "remanence.testing.asking",
    "EmbedderConformance": "remanence.testing.embedders",
    "JobStoreConformance": "remanence.testing.jobs",
    "StoreConformance": "remanence.testing.stores",
}


def __getattr__(name: str) -> Any:
    """Load a suite so that pytest explains its failed assertions.

    Raises:
        ImportError: There is no pytest.
    """
    if name not in _SUITES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib
    import sys

    try:
        import pytest
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise ImportError(
            f"{name} is a suite for pytest: pip install pytest pytest-asyncio", name="pytest"
        ) from error

    module = _SUITES[name]
    if module not in sys.modules:
        pytest.register_assert_rewrite(module)
    return getattr(importlib.import_module(module), name)
