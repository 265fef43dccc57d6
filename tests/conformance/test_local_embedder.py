from collections.abc import Callable
from pathlib import Path

import pytest

from remanence.embed import Embedder, LocalEmbedder
from remanence.testing import EmbedderConformance
from tests.unit.embed.tiny import tiny_folder


class TestLocalEmbedder(EmbedderConformance):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[], Embedder]:
        folder = tiny_folder(tmp_path / "tiny")
        return lambda: LocalEmbedder(folder, threads=2)
