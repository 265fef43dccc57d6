from collections.abc import Callable

import pytest

pytest.importorskip("agentscope")

from remanence.llm import AgentScopeChatModel, ChatModel
from remanence.testing import ChatModelConformance
from remanence.testing.models import ScriptedChatModel, structured

pytestmark = pytest.mark.agentscope


class TestCalled(ChatModelConformance):
    """A model that calls the tool."""

    @pytest.fixture(params=[True, False], ids=["stream", "whole"])
    def make(self, request: pytest.FixtureRequest) -> Callable[[], ChatModel]:
        def make() -> ChatModel:
            answer = structured({"animals": []})
            return AgentScopeChatModel(ScriptedChatModel(lambda _: answer, stream=request.param))

        return make

    @pytest.fixture(params=[True, False], ids=["stream", "whole"])
    def hanging(self, request: pytest.FixtureRequest) -> ChatModel:
        return AgentScopeChatModel(ScriptedChatModel(stream=request.param, delay=600))


class TestSlow(TestCalled):
    """A model that gets stuck in the middle of its answer."""

    @pytest.fixture
    def hanging(self) -> ChatModel:
        return AgentScopeChatModel(ScriptedChatModel(["It is so: {"], pause=600))


class TestInWords(ChatModelConformance):
    """A model that calls no tools."""

    @pytest.fixture
    def make(self) -> Callable[[], ChatModel]:
        def make() -> ChatModel:
            texts = iter(["I see."])
            return AgentScopeChatModel(ScriptedChatModel(lambda _: next(texts, '{"animals": []}')))

        return make

    @pytest.fixture
    def hanging(self) -> ChatModel:
        return AgentScopeChatModel(ScriptedChatModel(delay=600))
