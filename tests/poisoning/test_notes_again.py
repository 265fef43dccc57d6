"""A note that is said again is not stored again, and what is said around it is."""

from __future__ import annotations

import pytest

from remanence.middleware.note import NoteTexts
from remanence.middleware.storable import storable_texts

pytestmark = pytest.mark.agentscope

TEXTS = NoteTexts()
LINES = "- [2026-03-01 09:30] Alice: x\n- [2026-03-02 09:30] noted: y"
NOTE = f"{TEXTS.header}\n{TEXTS.intro}\n<memories>\n{LINES}\n</memories>"
MORE = TEXTS.left_out.replace("{count}", "3")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (NOTE, []),
        (f"My notes:\n{NOTE}\nThat is all.", ["My notes:\n\nThat is all."]),
        (NOTE.replace("<memories>", f"{MORE}\n<memories>"), []),
        (f"<memories>\n{LINES}\n</memories>", []),
        (NOTE[: NOTE.rindex("noted")], []),
        (f"{NOTE}\n{NOTE}", []),
        (
            "I wrote a tag, <memories>, and closed it.",
            ["I wrote a tag, <memories>, and closed it."],
        ),
        ("<memories>\nof Ghent\n</memories>", ["<memories>\nof Ghent\n</memories>"]),
        ("## A heading\n\nAnd a text.", ["## A heading\n\nAnd a text."]),
    ],
)
def test_a_note_word_for_word_is_left_out(text: str, kept: list[str]) -> None:
    assert storable_texts(text) == kept


def test_time_grows_with_length_only() -> None:
    """If it grew with the square, this would take hours."""
    for piece in ("<memories>\n", "- [2026-03-01 09:30] x\n", "## x\n", "9.\n"):
        assert storable_texts((piece * 1_000_000)[:1_000_000] + "<memories>")
