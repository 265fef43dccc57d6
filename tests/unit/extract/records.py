"""Episodes, facts and drafts with what a test cares about."""

import dataclasses
import datetime as dt
from typing import Any

from remanence.extract.drafts import Change, Draft
from remanence.extract.sameness import attribute_key
from remanence.types import Episode, Fact, Role, Scope

SCOPE = Scope("maria", session_id="s1")


def time(text: str) -> dt.datetime:
    """A time in UTC, unless it has an offset, as ``2024-05-01`` or ``2024-05-01 23:30-08:00``."""
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def said(
    id: str,  # noqa: A002 - the field's name
    content: str = "I moved.",
    *,
    at: str = "2024-05-01 12:00",
    role: Role = "user",
    name: str | None = None,
) -> Episode:
    return Episode(id, SCOPE, 0, role, content, name, time(at), time(at))


def known(
    text: str,
    *,
    since: str | None = None,
    until: str | None = None,
    at: str = "2024-01-10 12:00",
    **others: Any,
) -> Fact:
    start, end = (time(each) if each else None for each in (since, until))
    fact = Fact(text, SCOPE, text, time(at), time(at), valid_from=start, valid_until=end)
    return dataclasses.replace(fact, **others)


def told(
    statement: str,
    *,
    change: Change = "states",
    since: str | None = None,
    until: str | None = None,
    at: str = "2024-05-20 12:00",
    attribute: str | None = None,
    **others: Any,
) -> Draft:
    start, end = (time(each) if each else None for each in (since, until))
    draft = Draft(
        statement=statement,
        kind="profile",
        sources=("new",),
        stated_by="user",
        at=time(at),
        attribute=attribute_key(attribute) if attribute else None,
        valid_from=start,
        valid_until=end,
        confidence=0.9,
        change=change,
    )
    return dataclasses.replace(draft, **others)
