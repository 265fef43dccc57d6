from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("reme")

from remanence.backends.reme.naming import is_quoted, quoted, session_name, unquoted
from remanence.types import Scope

pytestmark = pytest.mark.agentscope

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=400)
IDS = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="*"), min_size=1, max_size=256
)
SAFE = re.compile(r"[a-z0-9_%~-]+")
TAKEN = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


@given(NAMES)
@example("con")
@example("CON")
@example("..")
@example('a/b\\c:d*?"<>|')
@example("x" * 300)
@example("x" * 86 + "é" * 40)
@example("x" * 85 + "é" * 40)
@example("李雷" * 80)
@example("%63on")
def test_a_name_is_a_safe_file_name_on_every_system(name: str) -> None:
    written = quoted(name)
    assert SAFE.fullmatch(written)
    assert TAKEN.fullmatch(written) is None
    assert len(written) <= 120
    assert is_quoted(written)


@given(NAMES, NAMES)
@example("Alice", "alice")
@example("con", "%63on")
@example("x" * 300, "x" * 301)
@example("a.b", "a/b")
@example("\u00e9", "e\u0301")
def test_two_names_are_two_files_where_case_makes_no_difference(one: str, two: str) -> None:
    if one != two:
        assert quoted(one).casefold() != quoted(two).casefold()


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=10))
@example("con")
@example("a~" + "0" * 32)
@example("a" * 120)
def test_a_name_is_told_back_from_its_file(name: str) -> None:
    assert unquoted(quoted(name)) == name


@given(NAMES)
def test_a_name_that_was_cut_is_not_told_back_wrongly(name: str) -> None:
    assert unquoted(quoted(name)) in (name, None)


@pytest.mark.parametrize("written", ["", "Alice", "a b", "%zz", "%ff", "a.md", "%61lice", "é"])
def test_what_is_no_quoted_name_is_not_taken_for_one(written: str) -> None:
    assert unquoted(written) is None


@given(st.tuples(IDS, IDS), st.tuples(IDS, IDS))
@example(("a", "b"), ("a.s-b", "b"))
def test_two_sessions_are_two_conversations(one: tuple[str, str], two: tuple[str, str]) -> None:
    names = [session_name(Scope("alice", *place)).casefold() for place in (one, two)]
    assert all(len(f"{name}.jsonl") <= 255 for name in names)
    if one != two:
        assert names[0] != names[1]


def test_no_session_is_not_a_session_that_is_called_so() -> None:
    places = [Scope("alice"), Scope("alice", session_id="none"), Scope("alice", "none")]
    assert len({session_name(place) for place in places}) == 3
