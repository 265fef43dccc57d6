"""What the two processes of the demonstration do."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from agentscope.agent import Agent
from agentscope.message import (
    UserMsg,  # pyright: ignore[reportUnknownVariableType] - its signature has a bare dict in it
)
from agentscope.model import ChatModelBase
from agentscope.tool import Toolkit
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import MofNCompleteColumn, Progress

from remanence.cli.demo.material import USER, conversations, questions, told_live
from remanence.cli.model import openai_model
from remanence.config import openai_settings
from remanence.engine import Memory
from remanence.errors import RemanenceError
from remanence.middleware import MemoryMiddleware
from remanence.testing.models import QuotingChatModel, noted_lines
from remanence.types import Filter

__all__ = ["ask", "model_in_words", "tell"]


def _model() -> ChatModelBase:
    settings = openai_settings()
    return QuotingChatModel() if settings is None else openai_model(settings)


def model_in_words() -> str:
    """Return what the screen says about the model that answers."""
    settings = openai_settings()
    if settings is None:
        return (
            "No OPENAI_API_KEY is set, so the agent's model is a stand-in that understands "
            "nothing: it only quotes a line of the memory note that it was given."
        )
    return f"The agent's model is {settings.model} (OPENAI_API_KEY is set)."


async def _agent(memory: Memory) -> Agent:
    middleware = MemoryMiddleware(memory, user_id=USER)
    return Agent(
        name="Robin",
        system_prompt="You are Robin, Alice's assistant. Answer in one or two sentences.",
        model=_model(),
        toolkit=Toolkit(tools=await middleware.list_tools()),
        middlewares=[middleware],
    )


async def tell(path: Path, console: Console) -> None:
    """Import the conversation, and let an agent add to it."""
    sessions = conversations()
    async with Memory.open(path) as memory:
        with Progress(
            *Progress.get_default_columns(), MofNCompleteColumn(), console=console
        ) as bar:
            task = bar.add_task("Importing sessions", total=len(sessions))
            for session in sessions:
                await memory.observe(session.messages, scope=session.scope)
                bar.advance(task)
        stats = await memory.stats(scope=Filter(USER))
        console.print(
            f"{stats.episodes} turns in {stats.sessions} sessions, "
            f"{stats.first_at:%d %B %Y} to {stats.last_at:%d %B %Y}\n"
        )
        agent = await _agent(memory)
        for text in told_live():
            await _say(agent, text, console)


@dataclasses.dataclass(slots=True)
class _Tally:
    asked: int = 0
    found: int = 0


async def ask(path: Path, console: Console) -> bool:
    """Ask a new agent what only memory can answer; return whether all of it was found."""
    tally = _Tally()
    async with Memory.open(path) as memory:
        agent = await _agent(memory)
        for question in questions():
            console.print()
            await _say(agent, question.text, console)
            lines = noted_lines(agent.state.context)
            found = any(question.expected in line for line in lines)
            tally.asked += 1
            tally.found += found
            console.print(
                Panel(
                    "\n".join(map(escape, lines)) or "(nothing)",
                    title="recalled from the first process" if found else "recalled",
                    title_align="left",
                    border_style="green" if found else "yellow",
                )
            )
    console.print(
        f"\n{tally.found} of {tally.asked} questions had their evidence in the memory note."
    )
    return tally.found == tally.asked


async def _say(agent: Agent, text: str, console: Console) -> None:
    """Say something to the agent and print what both say."""
    console.print(f"[bold]Alice:[/bold] {escape(text)}")
    try:
        reply = await agent.reply(UserMsg("Alice", text))
    except Exception as error:  # whatever a model's service raises
        raise RemanenceError(f"the agent's model failed: {error}") from error
    console.print(f"[bold]Robin:[/bold] {escape(reply.get_text_content() or '')}")
