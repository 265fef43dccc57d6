import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from remanence.llm import ChatModel, Question
from remanence.testing import ChatModelConformance
from remanence.testing.chat import ScriptedModel


async def _never(_: Question) -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


class TestScriptedModel(ChatModelConformance):
    @pytest.fixture
    def make(self) -> Callable[[], ChatModel]:
        return lambda: ScriptedModel(lambda _: {"animals": []})

    @pytest.fixture
    def hanging(self) -> ChatModel:
        return ScriptedModel(_never)
