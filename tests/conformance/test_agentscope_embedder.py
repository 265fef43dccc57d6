from collections.abc import Callable

import pytest

pytest.importorskip("agentscope")

from remanence.embed import AgentScopeEmbedder, Embedder
from remanence.testing import EmbedderConformance
from remanence.testing.embedding import ScriptedEmbeddingModel

pytestmark = pytest.mark.agentscope


class TestAgentScopeEmbedder(EmbedderConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Embedder]:
        return lambda: AgentScopeEmbedder(ScriptedEmbeddingModel(batch_size=4))
