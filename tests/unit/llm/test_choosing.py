from typing import Any

import pytest

from remanence import InputError
from remanence.llm import AgentScopeChatModel, Completion, Question, Usage
from remanence.llm.choosing import as_chat_model
from remanence.testing.chat import ScriptedModel


class _Lazy:
    """Knows what it is called only when it is asked, and can't tell yet."""

    @property
    def identity(self) -> str:
        raise AssertionError("asked before it was needed")

    async def ask(self, question: Question) -> Completion:
        return Completion({}, Usage())


class _Half:
    identity = "half"


def test_none_is_none() -> None:
    assert as_chat_model(None) is None


def test_a_chat_model_is_itself() -> None:
    for model in (ScriptedModel(), _Lazy()):
        assert as_chat_model(model) is model


@pytest.mark.agentscope
def test_a_model_of_agentscope_becomes_a_chat_model() -> None:
    pytest.importorskip("agentscope")
    from remanence.testing.models import ScriptedChatModel

    model = as_chat_model(ScriptedChatModel())
    assert isinstance(model, AgentScopeChatModel)
    assert as_chat_model(model) is model


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("gpt-4o-mini", "is 'gpt-4o-mini'"),
        (7, "int lacks identity, ask"),
        (_Half(), "_Half lacks ask;"),
        (ScriptedModel, "is the class ScriptedModel; make one: ScriptedModel(…)"),
    ],
)
def test_anything_else_is_refused(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=r"^chat_model: ") as failed:
        as_chat_model(value)
    assert said in str(failed.value)
