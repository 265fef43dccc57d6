"""The quick start in two processes: told in the first, recalled in the second, in each mode."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

pytest.importorskip("mem0")

pytestmark = pytest.mark.agentscope

PROGRAM = """
import asyncio, json, sys

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock, ToolCallBlock
from agentscope.tool import Toolkit

from remanence.middleware import Mem0Middleware
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import is_extraction, verbatim_facts
from remanence.testing.models import ScriptedChatModel

mode, folder, said, *calls = sys.argv[1:]
script = [
    [ToolCallBlock(id=name, name=name, input=arguments)]
    for name, arguments in zip(calls[::2], calls[1::2], strict=True)
]


def answer(messages):
    if is_extraction(messages):
        return verbatim_facts(messages)
    return script.pop(0) if script else "I see."


async def main():
    model = ScriptedChatModel(answer)
    middleware = Mem0Middleware(
        user_id="alice",
        chat_model=model,
        embedding_model=ScriptedEmbeddingModel(256),
        mode=mode,
        data_dir=folder,
    )
    agent = Agent(
        name="assistant",
        system_prompt="You are a helpful assistant.",
        model=model,
        toolkit=Toolkit(tools=await middleware.list_tools()),
        middlewares=[middleware],
    )
    await agent.reply(Msg(name="alice", role="user", content=[TextBlock(text=said)]))
    answered = [call for call in model.calls if not is_extraction(call)]
    print(json.dumps([message.model_dump(mode="json") for message in answered[-1]]))
    print(dict(middleware.faults), file=sys.stderr)


asyncio.run(main())
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("mode", "telling", "asking"),
    [
        ("static_control", (), ()),
        ("both", (), ()),
        (
            "agent_control",
            ("add_memory", '{"thinking": "A secret.", "content": ["Nora lives in Ghent."]}'),
            ("search_memory", '{"keywords": ["Nora"]}'),
        ),
    ],
)
def test_told_in_one_process_recalled_in_another(
    run_python: Run,
    tmp_path_factory: pytest.TempPathFactory,
    mode: str,
    telling: tuple[str, ...],
    asking: tuple[str, ...],
) -> None:
    folder = tmp_path_factory.mktemp("data") / "memories"
    first = run_python("-c", PROGRAM, mode, folder, "My sister Nora lives in Ghent.", *telling)
    assert first.returncode == 0, first.stderr

    second = run_python("-c", PROGRAM, mode, folder, "Where does Nora live?", *asking)

    assert second.returncode == 0, second.stderr
    assert "lives in Ghent" in second.stdout
    assert "A secret" not in second.stdout
    for done in (first, second):
        assert done.stderr.splitlines()[-1] == "{}"
        assert "Exception ignored" not in done.stderr
