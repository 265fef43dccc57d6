"""A workspace of ReMe that both middlewares are given: notes of many days, and the days' pages."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentscope.message import Msg

from remanence.backends.reme.release import application, import_reme
from remanence.backends.reme.settings import Background, settings_of
from remanence.testing.models import Answer, ScriptedChatModel

__all__ = ["Fact", "extracting_model", "facts", "is_page", "prepare"]

_FIRST_DAY = dt.date(2026, 1, 5)
_A_DAY = 25
_THINGS = ("lamp", "kettle", "ladder", "violin", "bicycle", "typewriter", "canoe")
_TOWNS = ("Ghent", "Lyon", "Turin", "Porto", "Graz", "Malmö", "Brno", "Cork")
_FACT = re.compile(r"Person\d+ bought a \w+ in \w+ for \d+ euros\.")


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """What a note says, and what is asked about it.

    Attributes:
        text: The one sentence.
        question: Asks for it, without telling the price.
    """

    text: str
    question: str


def facts(first: int, amount: int) -> Iterator[Fact]:
    """Return facts by their numbers, all different."""
    for number in range(first, first + amount):
        thing, town = _THINGS[number % len(_THINGS)], _TOWNS[number % len(_TOWNS)]
        yield Fact(
            f"Person{number} bought a {thing} in {town} for {number + 100} euros.",
            f"What did Person{number} pay in {town}?",
        )


async def prepare(workspace: Path, notes: int) -> None:
    """Write notes as ReMe's agent leaves them, and let ReMe itself write the days' pages."""
    days: set[str] = set()
    for number, fact in enumerate(facts(0, notes)):
        day = (_FIRST_DAY + dt.timedelta(days=number // _A_DAY)).isoformat()
        days.add(day)
        path = workspace / "daily" / day / f"note-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        top = f"description: {fact.text}\nname: note-{number}\nsession_id: s{number}\n"
        path.write_text(f"---\n{top}---\n\n{fact.text}\n", encoding="utf-8")
    import_reme()
    settings = settings_of(
        workspace, timezone="UTC", embeds=False, extracts=False, background=Background()
    )
    app = application(settings)
    await app.start()
    for day in sorted(days):
        answer = await app.run_job("daily_reindex", date=day)
        assert answer.success, answer.answer
    await app.close()


def is_page(text: str) -> bool:
    """Return whether a text that was recalled is of a day's page."""
    return "notes:auto" in text or "note(s) today" in text or "- [[daily/" in text


def extracting_model(*, failures: int = 0) -> ScriptedChatModel:
    """Return a chat model for ReMe's agent: it notes the facts of an exchange, word for word.

    Args:
        failures: How many times it fails at each fact before that.
    """
    left: dict[str, int] = {}

    def answer(messages: list[Msg]) -> Answer:
        if any(message.get_content_blocks("tool_result") for message in messages):
            return "It is noted."
        prompt = "\n".join(str(message.get_text_content()) for message in messages)
        found = _FACT.findall(prompt)
        if not found or "Target path:" in prompt:
            return "Skipped."
        if left.setdefault(found[-1], failures) > 0:
            left[found[-1]] -= 1
            return ConnectionError("the model is away")
        return _call(prompt, found[-1])

    return ScriptedChatModel(answer, stream=False)


def _call(prompt: str, fact: str) -> Answer:
    from agentscope.message import ToolCallBlock

    session = re.search(r"Session ID: (\S+)", prompt)
    today = re.search(r"Today: (\S+)", prompt)
    assert session is not None
    assert today is not None
    arguments: dict[str, Any] = {
        "name": f"bought-by-{fact.split(maxsplit=1)[0].lower()}",
        "description": fact,
        "session_id": session[1],
        "date": today[1],
        "content": fact,
    }
    return [ToolCallBlock(id="note", name="daily_write", input=json.dumps(arguments))]
