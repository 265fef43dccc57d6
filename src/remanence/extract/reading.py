"""Messages, put to a model that is to find facts in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from remanence.extract.answers import schema_of
from remanence.extract.findings import Findings, drafts_of, findings_of
from remanence.extract.messages import ShownMessage, fitting, shown_messages
from remanence.extract.templates import template
from remanence.extract.told import ToldFacts
from remanence.extract.wording import LANGUAGES, Language, language_of, moment, records
from remanence.llm.protocol import Question
from remanence.types import Episode

__all__ = ["LANGUAGES", "Findings", "drafts_of", "findings_of", "fitting", "reading_question"]

_TEMPLATE = "reading.v1"


def reading_question(
    new: Sequence[Episode], before: Sequence[Episode], *, refused: str | None = None
) -> Question:
    """Return the question for the facts in new messages.

    It is put in the language that user and assistant mostly write in, English or Chinese. At most
    1,500 tokens of each message are shown.

    Args:
        new: What is to be read, in its order.
        before: What was said right before, for context.
        refused: Why the last answer to this could not be used, or ``None``.
    """
    messages = shown_messages(new, before).values()
    language = _language(messages)
    asked = template(_TEMPLATE, language)
    told = {
        is_new: records([_record(m, language) for m in messages if m.is_new is is_new], language)
        for is_new in (False, True)
    }
    text = asked.text(refused, before=told[False], new=told[True])
    return Question(asked.system, text, schema_of(ToldFacts), "facts")


def _language(messages: Iterable[ShownMessage]) -> Language:
    """Return the language of the new messages, those of tools aside if there are others."""
    new = [message for message in messages if message.is_new]
    spoken = [message for message in new if message.episode.role in {"user", "assistant"}]
    return language_of(message.text for message in spoken or new)


def _record(message: ShownMessage, language: Language) -> dict[str, object]:
    episode = message.episode
    return {
        "id": message.id,
        "at": moment(episode.at, language),
        "role": episode.role,
        "name": episode.name,
        "imported": "from a file" if episode.imported else None,
        "marked": "reads like an instruction" if message.marked else None,
        "text": message.text,
        "cut": "the rest is left out" if message.is_cut else None,
    }
