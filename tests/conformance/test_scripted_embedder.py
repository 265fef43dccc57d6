from collections.abc import Callable

import pytest

from remanence.embed import Embedder
from remanence.testing import EmbedderConformance
from remanence.testing.embedder import ScriptedEmbedder


class TestScriptedEmbedder(EmbedderConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Embedder]:
        return ScriptedEmbedder
