"""The page on the service is right: its Python runs as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import agentscope.app.storage
import pytest

from tests.docs.test_readme import blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "agentscope-service.md"


@pytest.mark.agentscope
@pytest.mark.skipif(
    "AsyncSQLAlchemyStorage" not in agentscope.app.storage.__all__,
    reason="this AgentScope keeps the sessions of its service in Redis only",
)
async def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app, set_up, two = blocks_of(PAGE)
    names: dict[str, Any] = {}

    exec(compile(app, PAGE.name, "exec"), names)  # noqa: S102 - our own text
    async with names["app"].router.lifespan_context(names["app"]):
        assert len(await names["memories"]("alice", "robin", "session")) == 1
        assert (tmp_path / "memory.db").exists()

    exec(compile(set_up + two, PAGE.name, "exec"), names)  # noqa: S102 - our own text
    own, team = await names["both"]("alice", "robin", "session")
    tools = [tool.name for each in (own, team) for tool in await each.list_tools()]
    assert tools == ["search_memory", "add_memory", "team_search_memory", "team_add_memory"]
    await names["memories"].aclose()
    await names["team"].aclose()
