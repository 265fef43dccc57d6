"""The parts of packing: what repeats what, what of a text is asked about, and how long it is."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.recall.passage import Passages
from remanence.recall.repeats import statements
from remanence.recall.tokens import estimate_tokens
from remanence.types import Origin, Recollection, Scope

STORY = (
    "On Friday Nora and I took the early train to Ghent, and we walked along the river until noon "
    "because the museum was still closed."
)


def _said(
    text: str, number: int = 0, *, speaker: str = "Alice", origin: Origin = "episode"
) -> Recollection:
    at = dt.datetime(2026, 3, 1 + number, tzinfo=dt.UTC)
    return Recollection(text, origin, f"{number}", 0.5, at, Scope("alice"), speaker=speaker)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I live in Ghent.", "I live in Ghent"),
        ("I live in Ghent.", "OK, I live in  GHENT!!"),
        ("I'm allergic to nuts", "I\u2019m really allergic to nuts."),
        ("我住在根特。", "我住在根特了！"),
        ("Ｇｈｅｎｔ", "ghent"),
        ("Yes.", "yes!"),
        ("😀", "😀"),
        (STORY, f"{STORY} Lovely."),
        (STORY * 3, STORY * 3 + "."),
    ],
)
def test_the_same_words_are_one_statement(one: str, other: str) -> None:
    (statement,) = statements([_said(one, 0), _said(other, 1)])
    assert (statement.times, statement.latest.text) == (2, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I live in Ghent.", "I live in Lisbon."),
        ("I live in Ghent.", "I do not live in Ghent."),
        ("I live in Ghent.", "I lived in Ghent."),
        ("Call me at 5.", "Call me at 6."),
        ("It is -5 outside.", "It is 5 outside."),
        ("It costs $5.", "It costs €5."),
        ("我住在根特。", "我不住在根特。"),
        ("Nora likes Tom.", "Tom likes Nora."),
        ("Yes.", "OK."),
        ("😀", "😢"),
        ("...", "!!!"),
        (STORY, STORY.replace("Friday", "Sunday").replace("noon", "six")),
        (f"{STORY} It cost 20.", f"{STORY} It cost 30."),
    ],
)
def test_other_words_are_another_statement(one: str, other: str) -> None:
    assert [each.times for each in statements([_said(one, 0), _said(other, 1)])] == [1, 1]


def test_what_somebody_else_said_or_noted_is_another_statement() -> None:
    text = "I live in Ghent."
    found = [_said(text, 0), _said(text, 1, speaker="Robin"), _said(text, 2, origin="fact")]
    assert [each.times for each in statements(found)] == [1, 1, 1]


def test_one_item_found_twice_was_said_once() -> None:
    assert [each.times for each in statements([_said("a"), _said("a")])] == [1]


def test_of_one_time_the_better_one_is_shown() -> None:
    better, worse = (
        _said("Ghent."),
        Recollection("ghent", "episode", "1", 0.1, _said("").at, Scope("alice"), speaker="Alice"),
    )
    (statement,) = statements([better, worse])
    assert (statement.latest, statement.times) == (better, 2)


def test_a_passage_begins_and_ends_with_sentences() -> None:
    text = "One is here. Two is there. Nora keeps bees. Four is gone. Five is left. " * 9
    cut = Passages(text, "bees").cut(80)
    assert "Nora keeps bees." in cut
    assert cut.removeprefix("… ")[0].isupper()
    assert cut.removesuffix(" …")[-1] == "."


def test_a_passage_is_where_the_most_words_are_and_the_rarest() -> None:
    text = "the dog. " * 30 + "Nora has the dog. " + "the cat. " * 30 + "the dog Pixel. " * 2
    assert "Nora has the dog" in Passages(text, "Has Nora the dog?").cut(60)
    assert "Pixel" in Passages(text, "the dog Pixel").cut(60)


def test_a_passage_goes_on_after_what_is_asked_about() -> None:
    rain = "Rain fell. "
    text = rain * 9 + "Bees hum. " + rain * 4 + "Bees make honey. It is very sweet. " + rain * 40
    assert "It is very sweet." in Passages(text, "Do bees make honey?").cut(90)


def test_forms_of_a_word_and_unspaced_scripts_are_found() -> None:
    text = "Rain fell. " * 40 + "Her allergies are bad. " + "Rain fell. " * 40
    assert "allergies" in Passages(text, "Is she allergic?").cut(60)
    text = "今天下雨了。" * 40 + "诺拉住在根特。" + "今天下雨了。" * 40
    assert "诺拉住在根特。" in Passages(text, "诺拉住在哪里").cut(40)


def test_without_a_word_of_the_question_a_passage_is_the_beginning() -> None:
    assert Passages("First of all. " + "word " * 99, "zzyzx").cut(40).startswith("First of all.")


@given(st.text(max_size=300), st.text(max_size=30), st.integers(5, 120))
def test_a_passage_is_part_of_its_text_and_no_longer_than_asked(
    text: str, query: str, longest: int
) -> None:
    cut = Passages(text, query).cut(longest)
    if len(text) <= longest:
        assert cut == text
    else:
        assert len(cut) <= longest
        assert cut.removeprefix("… ").removesuffix(" …") in text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Nora lives in Ghent.", 5),
        ("hazelnuts", 2),
        ("2026-03-01", 10),
        ("a\n\nb", 3),
        ("诺拉住在根特。", 7),
        ("Nora 住在根特", 5),
        ("Größe", 1),
        ("сестра", 3),
        ("😀", 2),
    ],
)
def test_tokens_are_estimated_by_pieces(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(max_size=100), st.text(max_size=100))
def test_lines_of_a_text_add_up(one: str, other: str) -> None:
    apart = estimate_tokens(f"{one}.") + 1 + estimate_tokens(other)
    assert abs(estimate_tokens(f"{one}.\n{other}") - apart) <= len(other)
