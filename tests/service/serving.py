"""AgentScope's own service on a port of this machine, and users who talk to it over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx
import uvicorn
from agentscope.app import create_app
from agentscope.app.message_bus import InMemoryMessageBus
from agentscope.app.storage import RedisStorage
from agentscope.app.workspace_manager import LocalWorkspaceManager
from agentscope.credential import CredentialBase
from agentscope.message import Msg, TextBlock, ToolCallBlock
from agentscope.model import ChatModelBase
from agentscope.state import AgentState
from fakeredis import FakeAsyncRedis, FakeServer
from fastapi import FastAPI

from remanence.middleware import MemoryFactory
from remanence.testing.models import Answer, ScriptedChatModel, noted_lines
from tests.middleware.agents import until

__all__ = ["ServedModel", "Service", "Session", "User", "served"]

_CALL = re.compile(r"call (\w+) (\{.*\})", re.DOTALL)


class ServedModel(ScriptedChatModel):
    """Says what its memory note tells; told to call a tool, it does, and says what came of it."""

    asked: list[list[Msg]] = []  # noqa: RUF012 - the service makes a new model for each turn
    tools: list[list[str]] = []  # noqa: RUF012 - as above

    def __init__(self, credential: CredentialBase, model: str, parameters: object = None) -> None:
        del credential, model, parameters
        super().__init__(self._say)

    @classmethod
    def list_models(cls, *arguments: Any, **named: Any) -> list[Any]:
        return []

    async def _call_api(
        self, model_name: str, messages: list[Msg], tools: Any = None, *rest: Any, **named: Any
    ) -> Any:
        self.asked.append([message.model_copy(deep=True) for message in messages])
        self.tools.append([tool["function"]["name"] for tool in tools or ()])
        return await super()._call_api(model_name, messages, tools, *rest, **named)

    @staticmethod
    def _say(messages: list[Msg]) -> Answer:
        last = next(
            place for place in reversed(range(len(messages))) if messages[place].role == "user"
        )
        since = [block for message in messages[last:] for block in message.content]
        results = [block for block in since if block.type == "tool_result"]
        if results:
            return "\n".join(["It says:", *_texts(results[-1].output)])
        wanted = _CALL.fullmatch(messages[last].get_text_content() or "")
        if wanted:
            return [ToolCallBlock(id="call-1", name=wanted[1], input=wanted[2])]
        return "\n".join(["I know:", *noted_lines(messages)])


def _texts(output: str | Sequence[Any]) -> list[str]:
    return [output] if isinstance(output, str) else [block.text for block in output]


class ServedCredential(CredentialBase):
    """Lets users choose that model."""

    type: Literal["served_credential"] = "served_credential"

    @classmethod
    def get_chat_model_class(cls) -> type[ChatModelBase]:
        return ServedModel


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=5)
        )
        self.listens = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.servers[0].sockets[0].getsockname()[:2])


@dataclasses.dataclass(frozen=True)
class Service:
    """A service that runs."""

    client: httpx.AsyncClient
    storage: RedisStorage

    def user(self, name: str) -> User:
        """Return somebody who talks to it."""
        return User(name, self)


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody who talks to the service."""

    name: str
    service: Service

    async def request(self, method: str, path: str, **sent: Any) -> Any:
        """Send a request, and return what came back."""
        answer = await self.service.client.request(
            method, path, headers={"X-User-ID": self.name}, **sent
        )
        assert answer.is_success, answer.text
        return answer.json()

    async def agent(self, name: str = "Robin") -> str:
        """Make an agent, and return its id."""
        body = {"name": name, "system_prompt": f"You are {name}."}
        return (await self.request("POST", "/agent/", json=body))["agent_id"]

    async def session(self, agent_id: str | None = None) -> Session:
        """Begin a session with an agent, or with a new one."""
        agent_id = agent_id or await self.agent()
        data = {"data": {"type": "served_credential"}}
        credential = await self.request("POST", "/credential/", json=data)
        model: dict[str, Any] = {
            "type": "served_credential",
            "credential_id": credential["credential_id"],
            "model": "served",
            "parameters": {},
        }
        body: dict[str, Any] = {"agent_id": agent_id, "name": "session", "chat_model_config": model}
        made = await self.request("POST", "/sessions/", json=body)
        return Session(self, agent_id, made["session_id"])


@dataclasses.dataclass(frozen=True)
class Session:
    """A user's session with an agent."""

    user: User
    agent_id: str
    id: str

    async def messages(self) -> tuple[list[Msg], bool]:
        """Return what the service shows of the session, and whether a reply goes on."""
        told = await self.user.request(
            "GET", f"/sessions/{self.id}/messages", params={"agent_id": self.agent_id}
        )
        return [Msg.model_validate(message) for message in told["messages"]], told["is_running"]

    async def say(self, text: str) -> str:
        """Say something, and return the agent's reply."""
        before, _ = await self.messages()
        said = Msg(name=self.user.name, role="user", content=[TextBlock(text=text)])
        body = {
            "agent_id": self.agent_id,
            "session_id": self.id,
            "input": json.loads(said.model_dump_json()),
        }
        await self.user.request("POST", "/chat/", json=body)
        replied: list[Msg] = []

        async def over() -> bool:
            after, running = await self.messages()
            replied[:] = after[len(before) + 1 :]
            return bool(replied) and not running

        await until(over, seconds=30)
        return replied[-1].get_text_content() or ""

    async def renamed(self, agent_id: str, session_id: str) -> Session:
        """Return another session like this one, with ids that the service did not choose."""
        storage, user_id = self.user.service.storage, self.user.name
        agent = await storage.get_agent(user_id, self.agent_id)
        session = await storage.get_session(user_id, self.agent_id, self.id)
        assert agent is not None
        assert session is not None
        await storage.upsert_agent(user_id, agent.model_copy(update={"id": agent_id}))
        await storage.upsert_session(user_id, agent_id, session.config, session_id=session_id)
        return Session(self.user, agent_id, session_id)

    async def call(self, tool: str, **arguments: Any) -> str:
        """Have the agent call a tool, and return what it says came of it."""
        return await self.say(f"call {tool} {json.dumps(arguments)}")

    async def state(self) -> AgentState:
        """Return the agent's state as the service stored it."""
        record = await self.user.service.storage.get_session(self.user.name, self.agent_id, self.id)
        assert record is not None
        return record.state


@contextlib.asynccontextmanager
async def served(
    memories: MemoryFactory, folder: Path, shelf: FakeServer, *, bind: bool = True
) -> AsyncGenerator[Service]:
    """Run the service until this is left.

    Args:
        memories: The factory.
        folder: Where agents work.
        shelf: What stands in for the Redis server in which the service keeps its sessions.
        bind: Whether the service opens and closes the memory.
    """
    redis = FakeAsyncRedis(server=shelf, decode_responses=True)
    storage = RedisStorage(connection_pool=redis.connection_pool)
    app = create_app(
        storage,
        InMemoryMessageBus(),
        LocalWorkspaceManager(str(folder / "workspaces")),
        extra_credentials=[ServedCredential],
        extra_agent_middlewares=memories,
    )
    if bind:
        memories.bind(app)
    server = _Server(app)
    serving = asyncio.create_task(server.serve())
    listening = asyncio.create_task(server.listens.wait())
    await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    try:
        assert server.started
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            yield Service(client, storage)
    finally:
        server.should_exit = True
        await serving
        await redis.aclose()
        ServedModel.asked.clear()
        ServedModel.tools.clear()
