"""What the tests of the service share; it needs what AgentScope's extra for it brings."""

from __future__ import annotations

import pytest
from fakeredis import FakeServer


@pytest.fixture
def shelf() -> FakeServer:
    """What the service keeps its sessions in, over its restarts."""
    return FakeServer()
