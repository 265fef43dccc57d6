"""The records that go in and out: frozen, typed, checked when they are made."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal, get_args

from remanence.errors import InputError
from remanence.validation import check_at, check_content, check_identifier, check_metadata

__all__ = [
    "Conversation",
    "Dated",
    "Ending",
    "Episode",
    "Fact",
    "FactKind",
    "FactPage",
    "Filter",
    "Message",
    "Origin",
    "Page",
    "Receipt",
    "Recollection",
    "Role",
    "Scope",
    "Stats",
]

Role = Literal["user", "assistant", "system", "tool"]
Origin = Literal["episode", "fact"]
Dated = Literal["prior", "only"]
FactKind = Literal[
    "profile", "preference", "event", "plan", "relationship", "instruction", "procedure"
]
Ending = Literal["ended", "corrected"]
_ROLES: tuple[str, ...] = get_args(Role)


def _no_metadata() -> Mapping[str, Any]:
    return {}


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """Where a memory is written.

    Attributes:
        user_id: Whose memory it is; never empty, never a wildcard.
        agent_id: The agent it was said to, if agents keep apart.
        session_id: The conversation it belongs to; in an AgentScope agent,
            ``agent.state.session_id``. Without one, everything goes to one unnamed session.
    """

    user_id: str
    agent_id: str | None = None
    session_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse ids that are empty, wildcards, or not printable."""
        check_identifier("user_id", self.user_id)
        if self.agent_id is not None:
            check_identifier("agent_id", self.agent_id)
        if self.session_id is not None:
            check_identifier("session_id", self.session_id)


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """What a read may see.

    Attributes:
        user_id: The one user whose memories are read; always named.
        agent_id: Only this agent's, or any agent's if ``None``.
        session_id: Only this session's, or any session's if ``None``.
        since: Only what happened at or after this time, timezone-aware.
        until: Only what happened before this time, timezone-aware.
    """

    user_id: str
    agent_id: str | None = None
    session_id: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def __post_init__(self) -> None:
        """Check the ids as a scope's, and the times for their time zone and order."""
        Scope(self.user_id, self.agent_id, self.session_id)
        if self.since is not None:
            check_at("since", self.since)
        if self.until is not None:
            check_at("until", self.until)
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InputError("since", "is later than until", "swap them")

    @classmethod
    def of(
        cls,
        scope: Scope | Filter,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
    ) -> Filter:
        """Return the filter that sees what was written to ``scope``, narrowed to a time.

        Args:
            scope: A scope (its ``None`` means any), or a filter.
            since: Keep only what happened at or after this time as well.
            until: Keep only what happened before this time as well.

        Raises:
            InputError: ``scope`` is neither, or a time is naive.
        """
        if isinstance(scope, Scope):
            return cls(scope.user_id, scope.agent_id, scope.session_id, since, until)
        if not isinstance(scope, Filter):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError(
                "scope", f"is {type(scope).__name__}", "give a Scope or a Filter, as Scope('alice')"
            )
        if since is None and until is None:
            return scope
        checked = cls(scope.user_id, scope.agent_id, scope.session_id, since, until)
        starts = [time for time in (scope.since, checked.since) if time is not None]
        ends = [time for time in (scope.until, checked.until) if time is not None]
        return cls(
            scope.user_id,
            scope.agent_id,
            scope.session_id,
            max(starts, default=None),
            min(ends, default=None),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """What somebody said.

    Attributes:
        role: ``user``, ``assistant``, ``system`` or ``tool``.
        content: The text, kept verbatim; 1 to 1,000,000 characters.
        name: The speaker, if known.
        at: When it was said, timezone-aware; ``None`` means when it is stored.
        id: The sender's own id for it, unique in its session: storing it again changes nothing.
        metadata: Anything JSON can hold, given back as it was.
    """

    role: Role
    content: str
    name: str | None = None
    at: dt.datetime | None = None
    id: str | None = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=_no_metadata)

    def __post_init__(self) -> None:
        """Refuse what could not be stored or given back as it was."""
        if self.role not in _ROLES:
            raise InputError("role", f"is {self.role!r}", f"use one of {', '.join(_ROLES)}")
        check_content("content", self.content)
        if self.name is not None:
            check_identifier("name", self.name)
        if self.at is not None:
            check_at("at", self.at)
        if self.id is not None:
            check_identifier("id", self.id)
        check_metadata("metadata", self.metadata)


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """Messages of one session, in the order they were said.

    Attributes:
        scope: Where they belong.
        messages: What was said.
        imported: Whether it comes from a file, so that nobody here has heard it.
    """

    scope: Scope
    messages: tuple[Message, ...]
    imported: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Episode:
    """A message as stored.

    Attributes:
        id: Its id here, a UUID of version 7.
        scope: Where it was written.
        position: Its place in its session, from 0.
        role: Who spoke.
        content: The text, verbatim.
        name: The speaker, if known.
        at: When it happened.
        recorded_at: When we learned it.
        message_id: The sender's own id for it, if it had one.
        metadata: What came with it.
        imported: Whether it comes from a file, so that nobody here has heard it.
    """

    id: str
    scope: Scope
    position: int
    role: Role
    content: str
    name: str | None
    at: dt.datetime
    recorded_at: dt.datetime
    message_id: str | None = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=_no_metadata)
    imported: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """A statement that stands by itself.

    It tells two times apart: when it was true in the world (``valid_from`` to ``valid_until``), and
    when we believed that (``recorded_at`` to ``superseded_at``).

    Attributes:
        id: Its id, a UUID of version 7.
        scope: Where it was written.
        text: The statement.
        at: When it was stated.
        recorded_at: When we learned it.
        metadata: What came with it.
        sources: The ids of the episodes that it rests on, in the order these were recorded.
        kind: What kind of statement it is, or ``None`` if nobody has said.
        attribute: Whose and what, where that has one value at a time, as ``nora: home city``.
        stated_by: In whose words it was found: the least trusted of the episodes that it was drawn
            from together, and the most trusted where it was found several times. ``None`` for what
            was stored by the program itself.
        confidence: How sure the model was that drew it, 0 to 1, or ``None``.
        valid_from: Since when it is true, if known; else it is taken to be since ``at``, or, where
            it was over by then, since ever.
        valid_until: Until when it was true, that moment excluded; ``None`` if no end is known.
        superseded_at: When we learned that it isn't so any more, or never was.
        superseded_by: The id of the fact that told so.
        ending: ``ended`` if it was true until then, ``corrected`` if it never was.
        imported: Whether it rests on something that comes from a file, or comes from one itself.
    """

    id: str
    scope: Scope
    text: str
    at: dt.datetime
    recorded_at: dt.datetime
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=_no_metadata)
    sources: tuple[str, ...] = ()
    kind: FactKind | None = None
    attribute: str | None = None
    stated_by: Role | None = None
    confidence: float | None = None
    valid_from: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    superseded_at: dt.datetime | None = None
    superseded_by: str | None = None
    ending: Ending | None = None
    imported: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Recollection:
    """One hit of a search.

    Attributes:
        text: What was said, or the statement.
        origin: ``episode`` or ``fact``.
        id: The id of that episode or fact.
        score: How well it answers, 0 to 1; comparable within one user's memory.
        at: When it happened.
        scope: Where it was written; its ``session_id`` is the session it comes from.
        role: Who spoke, for an episode.
        speaker: The speaker's name, if known.
        sources: The ids of the episodes a fact rests on.
        metadata: What came with it.
        kind: For a fact, its kind, if known.
        stated_by: For a fact, in whose words it was found, as :attr:`Fact.stated_by`.
        valid_from: For a fact, since when it is true, if known.
        valid_until: For a fact, until when it was true, if an end is known.
        imported: Whether it comes from a file, or rests on something that does.
    """

    text: str
    origin: Origin
    id: str
    score: float
    at: dt.datetime
    scope: Scope
    role: Role | None = None
    speaker: str | None = None
    sources: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=_no_metadata)
    kind: FactKind | None = None
    stated_by: Role | None = None
    valid_from: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    imported: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing.

    Attributes:
        items: Episodes and facts, in the order they were recorded.
        cursor: Hand it in to get the next page; ``None`` when there is none.
    """

    items: tuple[Episode | Fact, ...]
    cursor: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class FactPage:
    """Part of a listing of facts.

    Attributes:
        items: Facts, in the order they were recorded.
        cursor: Hand it in to get the next page; ``None`` when there is none.
    """

    items: tuple[Fact, ...]
    cursor: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Stats:
    """What is stored.

    Attributes:
        users: How many users have memories (1 or 0 when one user was asked about).
        sessions: How many sessions something was said in.
        episodes: How many episodes.
        facts: How many facts.
        first_at: When the earliest of them happened, or ``None`` if there are none.
        last_at: When the latest of them happened, or ``None``.
        store_bytes: The size of the store's files.
        index_bytes: The memory that search indexes hold in this process.
        commits: How many write transactions this process has made since it opened the store.
        embedded: How many items, of all users, have a vector of this memory's embedder; 0 without.
        unembedded: How many, of all users, are still to get one.
        unextracted: How many episodes, of all users, are still to be read for facts.
        model_calls: How often a chat model was asked to read this store, by any process.
        input_tokens: How many tokens it was given, as far as it told.
        output_tokens: How many it answered.
    """

    users: int
    sessions: int
    episodes: int
    facts: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    store_bytes: int
    index_bytes: int
    commits: int
    embedded: int = 0
    unembedded: int = 0
    unextracted: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Matches:
    """What a question finds that is to be erased, for somebody to look at first.

    Attributes:
        query: The question.
        user_id: Whose memories.
        items: What is found, best first; superseded facts among it.
        along: Facts that were drawn from some of it, and go with it.
        more: Whether there may be more that the question finds: as much was listed as was allowed.
    """

    query: str
    user_id: str
    items: tuple[Recollection, ...]
    along: tuple[Fact, ...] = ()
    more: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of what is found, best first."""
        return tuple(item.id for item in self.items)


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """Something that was looked at after an erasure.

    Attributes:
        name: What, in a few words, as ``no row refers to the ids``.
        passed: Whether it is so.
        told: What was found; why not, and what to do, if it is not so.
    """

    name: str
    passed: bool
    told: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure did, and how that was made sure.

    Attributes:
        user_id: Whose memories.
        at: When it was done.
        asked_by: Who asked for it, as they were named; ``None`` if nobody was.
        episodes: How many episodes went.
        facts: How many facts, or memories of a service, went.
        ids: Their ids.
        places: How much went from each place, by its name, as ``vectors``; places where there was
            nothing are left out.
        checks: What was looked at afterwards.
        out_of_reach: Where copies may be that can't be erased from here, each in a sentence.
        bytes_rewritten: How many bytes of files were overwritten besides what a transaction writes.
        seconds: How long it took.
    """

    user_id: str
    at: dt.datetime
    asked_by: str | None
    episodes: int
    facts: int
    ids: tuple[str, ...]
    places: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    checks: tuple[Check, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    bytes_rewritten: int = 0
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether all that was looked at afterwards is as it should be."""
        return all(check.passed for check in self.checks)
