from collections.abc import Callable
from pathlib import Path

import pytest

from remanence.store.protocol import Store
from remanence.store.sqlite import SQLiteStore
from remanence.testing import StoreConformance


class TestSQLiteStore(StoreConformance):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Callable[[], Store]:
        return lambda: SQLiteStore(tmp_path / "memory.db")
