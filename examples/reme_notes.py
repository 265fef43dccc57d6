"""An AgentScope agent whose memory is a folder of Markdown files, kept by ReMe.

The model is a stand-in that quotes its memory note, so that this runs without a key. Put one of
AgentScope's chat models in its place, and give it to the middleware as well if ReMe's agent is to
note what is worth it in place of every word.
"""

import asyncio
import tempfile
from pathlib import Path

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock
from agentscope.tool import Toolkit

from remanence.middleware import ReMeMiddleware
from remanence.testing.models import QuotingChatModel


async def ask(folder: Path, text: str) -> None:
    """Start a new session, and say something to the agent."""
    async with ReMeMiddleware(workspace_dir=folder, user_id="alice") as middleware:
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await ask(folder, "My sister Nora has moved to Ghent with her dog Pixel.")
        await ask(folder, "Where does my sister live?")

        print("\nWhat people find in the folder:")
        for note in sorted((folder / "users" / "alice" / "daily").glob("*/*.md"))[:1]:
            print(note.read_text())


asyncio.run(main())
