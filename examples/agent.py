"""An AgentScope agent that remembers its user in the next session.

The model is a stand-in that quotes its memory note, so that this runs without a key. Put one of
AgentScope's chat models in its place.
"""

import asyncio
import tempfile
from pathlib import Path

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock
from agentscope.tool import Toolkit

from remanence import Memory
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import QuotingChatModel


async def ask(memory: Memory, text: str) -> None:
    """Start a new session, and say something to the agent."""
    middleware = MemoryMiddleware(memory, user_id="alice", agent_id="assistant")
    agent = Agent(
        name="assistant",
        system_prompt="You are a helpful assistant.",
        model=QuotingChatModel(),
        toolkit=Toolkit(tools=await middleware.list_tools()),
        middlewares=[middleware],
    )
    reply = await agent.reply(Msg(name="Alice", role="user", content=[TextBlock(text=text)]))
    print(f"Alice: {text}\nassistant: {reply.get_text_content()}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Memory.open(Path(folder) / "alice.db") as memory:
            await ask(memory, "My sister Nora has moved to Ghent with her dog Pixel.")
            await ask(memory, "Where does my sister live?")


asyncio.run(main())
