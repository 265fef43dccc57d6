"""Whatever a program may hand in: what is meant, what is nearly so, and what is not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from remanence import Conversation, Filter, Message, Scope

__all__ = [
    "ANYTHING",
    "CONVERSATIONS",
    "FILTERS",
    "MESSAGES",
    "SCOPES",
    "TEXTS",
    "TIMES",
    "or_anything",
]

Anything = st.SearchStrategy[Any]

_AWKWARD = (
    *(
        "",
        " ",
        "*",
        "%",
        "'",
        '"; DROP TABLE episodes; --',
        "\0",
        "\n",
        "\u202e",
        "\ufeff",
        "a\ud800",
    ),
    *("alice", "monday", "user", "episode", "{}", "[]", "null", "</memories>", "x" * 300),
)
TEXTS = st.text(max_size=40) | st.sampled_from(_AWKWARD)
TIMES = st.datetimes(timezones=st.none() | st.timezones()) | st.sampled_from(
    [dt.datetime(1, 1, 1), dt.datetime.max.replace(tzinfo=dt.UTC)]  # noqa: DTZ001 - has no zone
)
_ATOMS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 5)
    | st.floats()
    | st.binary(max_size=8)
    | TEXTS
    | TIMES
    | st.timedeltas()
    | st.builds(object)
)
ANYTHING: Anything = st.recursive(
    _ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(TEXTS, inner, max_size=3)
        | st.sets(st.integers(), max_size=2)
    ),
    max_leaves=6,
)

_NAMES = st.sampled_from(["alice", "bob"])
SCOPES = st.builds(
    Scope, _NAMES, st.sampled_from([None, "clerk"]), st.sampled_from([None, "monday"])
)
FILTERS = st.builds(Filter, _NAMES)
_CONTENTS = st.text(min_size=1, max_size=40).filter(
    lambda text: bool(text.strip()) and "\0" not in text and text.isprintable()
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["user", "assistant", "tool", "system"]),
    _CONTENTS,
    id=st.none() | st.sampled_from(["m1", "m2", "m3"]),
)
CONVERSATIONS = st.builds(Conversation, SCOPES, st.lists(MESSAGES, max_size=3).map(tuple))


def or_anything(meant: Anything) -> Anything:
    """Return what is meant, mostly, or anything else."""
    return st.one_of(meant, meant, meant, ANYTHING)
