"""AgentScope's own service, with agents that remember each of its users.

Two users talk to it over HTTP, it is started anew on the same files, and both are still known, each
to their own agent only. The model is a stand-in that quotes its memory note, so that this runs
without a key; users of a real service choose a model with a credential of their own.

The service keeps its sessions in SQLite here, which AgentScope 2.0.3 can't yet and 2.0.10 can; any
storage will do::

    pip install "remanence[agentscope]" "agentscope[service,storage-sql]" aiosqlite
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import uvicorn
from agentscope.app import create_app
from agentscope.app.message_bus import InMemoryMessageBus
from agentscope.app.storage import AsyncSQLAlchemyStorage
from agentscope.app.workspace_manager import LocalWorkspaceManager
from agentscope.credential import CredentialBase
from agentscope.message import Msg, TextBlock
from agentscope.model import ChatModelBase

from remanence.middleware import memory_factory
from remanence.testing.models import QuotingChatModel


class StandIn(QuotingChatModel):
    def __init__(self, credential: CredentialBase, model: str, parameters: object = None) -> None:
        super().__init__()


class StandInCredential(CredentialBase):
    type: Literal["stand_in"] = "stand_in"

    @classmethod
    def get_chat_model_class(cls) -> type[ChatModelBase]:
        return StandIn


@asynccontextmanager
async def service(folder: Path) -> AsyncGenerator[str]:
    """Run the service, and tell where."""
    memories = memory_factory(folder / "memory.db")
    app = create_app(
        storage=AsyncSQLAlchemyStorage(f"sqlite+aiosqlite:///{folder / 'service.db'}"),
        message_bus=InMemoryMessageBus(),
        workspace_manager=LocalWorkspaceManager(str(folder / "workspaces")),
        extra_credentials=[StandInCredential],
        extra_agent_middlewares=memories,
    )
    memories.bind(app)  # opens the memory when the service starts, and closes it when that ends

    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def say_in_a_new_session(url: str, user: str, text: str) -> None:
    """Begin a session with the user's agent, say something, and print the reply."""
    async with httpx.AsyncClient(base_url=url, headers={"X-User-ID": user}) as http:

        async def call(method: str, path: str, **sent: Any) -> dict[str, Any]:
            return (await http.request(method, path, **sent)).raise_for_status().json()

        agents = (await call("GET", "/agent/"))["agents"]
        agent = agents[0]["id"] if agents else None
        if agent is None:
            about: dict[str, Any] = {"name": "Robin", "system_prompt": "You are Robin."}
            agent = (await call("POST", "/agent/", json=about))["agent_id"]
        secret: dict[str, Any] = {"data": {"type": "stand_in"}}
        credential = (await call("POST", "/credential/", json=secret))["credential_id"]
        model: dict[str, Any] = {
            "type": "stand_in",
            "credential_id": credential,
            "model": "quoting",
            "parameters": {},
        }
        about = {"agent_id": agent, "name": text, "chat_model_config": model}
        session = (await call("POST", "/sessions/", json=about))["session_id"]

        said = Msg(name=user, role="user", content=[TextBlock(text=text)])
        body = {"agent_id": agent, "session_id": session, "input": said.model_dump(mode="json")}
        await call("POST", "/chat/", json=body)
        while True:
            path = f"/sessions/{session}/messages"
            told = await call("GET", path, params={"agent_id": agent})
            if len(told["messages"]) > 1 and not told["is_running"]:
                break
            await asyncio.sleep(0.05)
        reply = Msg.model_validate(told["messages"][-1])
        print(f"{user}: {text}\nRobin: {reply.get_text_content()}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with service(Path(folder)) as url:
            await say_in_a_new_session(url, "alice", "My sister Nora has moved to Ghent.")
            await say_in_a_new_session(url, "bob", "My sister Ida has moved to Oslo.")
        print("(the service starts anew)")
        async with service(Path(folder)) as url:
            await say_in_a_new_session(url, "alice", "Where does my sister live?")
            await say_in_a_new_session(url, "bob", "Where does my sister live?")


asyncio.run(main())
