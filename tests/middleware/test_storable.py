from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence import Message
from remanence.middleware.storable import storable_id, storable_name, storable_texts

pytestmark = pytest.mark.agentscope

ANYTHING = st.text(st.characters(codec=None, exclude_categories=[]))


@given(text=ANYTHING, name=ANYTHING, message_id=ANYTHING)
def test_whatever_is_said_can_be_stored(text: str, name: str, message_id: str) -> None:
    for part in storable_texts(text):
        Message("user", part, storable_name(name), id=storable_id(message_id))


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Alice", "Alice"), ("  Alice\n", "Alice"), ("*", None), ("\x00", None), ("", None)],
)
def test_names(name: str, kept: str | None) -> None:
    assert storable_name(name) == kept


def test_what_can_be_stored_is_not_changed() -> None:
    assert storable_texts("Grüße, 東京 👋\n\tok") == ["Grüße, 東京 👋\n\tok"]
    assert storable_id("a1b2") == "a1b2"


def test_ids_that_cannot_be_stored_stay_apart() -> None:
    assert storable_id("") != storable_id("*")
    assert storable_id(" a") == storable_id(" a")


def test_surrogates_and_blank_texts() -> None:
    assert storable_texts("a\ud800b") == ["a\ufffdb"]
    assert storable_texts(" \n") == []
