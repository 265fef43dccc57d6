"""What of the recollections goes into a note."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from remanence.recall.pack import pack
from remanence.recall.quotations import Around, Packed, Quotation
from remanence.types import Recollection, Scope

SESSION = Scope("alice", session_id="monday")
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
OUTING = "We went out and saw the sea. "
ALLERGY = "Nora is allergic to hazelnuts since she was four."


def _words(items: Sequence[Quotation], left_out: int) -> int:
    """Count words: ten around all, two for each line, and four to tell what was left out."""
    lines = sum(2 + len(item.text.split()) for item in items)
    return 10 + lines + (4 if left_out else 0)


def _said(
    text: str, day: int = 0, *, number: str = "", speaker: str = "Alice", scope: Scope = SESSION
) -> Recollection:
    at = START + dt.timedelta(days=day)
    name = number or f"{text} {day}"
    return Recollection(text, "episode", name, 0.5, at, scope, role="user", speaker=speaker)


def _pack(
    hits: Sequence[Recollection],
    budget: int = 1_000,
    *,
    query: str = "",
    around: dict[str, Around] | None = None,
) -> Packed:
    return pack(hits, budget=budget, cost=_words, query=query, around=around)


def _texts(packed: Packed) -> list[str]:
    return [item.text for item in packed.items]


def test_nothing_found_is_nothing_told() -> None:
    assert _pack([]) == Packed((), 0, 0)


def test_the_oldest_comes_first_whatever_ranks_first() -> None:
    hits = [_said("Lisbon", 2), _said("Ghent", 0), _said("Porto", 1)]
    assert _texts(_pack(hits)) == ["Ghent", "Porto", "Lisbon"]


def test_what_was_said_at_one_time_has_the_order_of_its_session() -> None:
    hits = [_said("third"), _said("first"), _said("second")]
    around = {
        hit.id: Around(position=position) for hit, position in zip(hits, (3, 1, 2), strict=True)
    }
    assert _texts(_pack(hits, around=around)) == ["first", "second", "third"]


def test_what_is_repeated_is_told_once_with_its_latest_date() -> None:
    hits = [
        _said("Nora lives in Ghent.", 1),
        _said("Rain is wet.", 2),
        _said("nora lives in  Ghent!", 7),
        _said("Oh, Nora lives in Ghent", 5),
    ]
    packed = _pack(hits)
    assert [(item.text, item.times) for item in packed.items] == [
        ("Rain is wet.", 1),
        ("nora lives in  Ghent!", 3),
    ]
    assert packed.items[1].recollection.at == START + dt.timedelta(days=7)


def test_a_hit_comes_with_the_question_that_it_answers() -> None:
    question = _said("Where does Nora live?", speaker="Robin")
    answer = _said("In Ghent.")
    packed = _pack([answer], around={answer.id: Around((_said("Hello."), question))})
    assert [(item.text, item.found) for item in packed.items] == [
        ("Where does Nora live?", False),
        ("In Ghent.", True),
    ]


def test_a_question_comes_with_what_was_said_after_it() -> None:
    question = _said("Where does Nora live?")
    after = (_said("In Ghent.", speaker="Robin"), _said("Thanks."))
    packed = _pack([question], around={question.id: Around((), after, 4)})
    assert _texts(packed) == ["Where does Nora live?", "In Ghent."]


def test_nothing_else_around_a_hit_comes_along() -> None:
    hit = _said("Nora lives in Ghent.")
    around = Around((_said("Why?"), _said("Let me see.")), (_said("Is that so?"),), 2)
    assert _texts(_pack([hit], around={hit.id: around})) == ["Nora lives in Ghent."]


def test_tools_may_have_been_used_in_between() -> None:
    tool = dataclasses.replace(_said("map(Nora)\nWhere now?"), role="tool")
    question, answer = _said("她住在哪里？"), _said("In Ghent.", speaker="Robin")
    before = {answer.id: Around((question, tool, tool), (), 3)}
    after = {question.id: Around((), (tool, tool, answer), 0)}
    assert _texts(_pack([answer], around=before)) == ["她住在哪里？", "In Ghent."]
    assert _texts(_pack([question], around=after)) == ["她住在哪里？", "In Ghent."]


def test_what_belongs_to_two_hits_is_told_once() -> None:
    question, answer = _said("Where does Nora live?"), _said("In Ghent.", speaker="Robin")
    around = {answer.id: Around((question,), (), 1), question.id: Around((), (answer,), 0)}
    assert _texts(_pack([answer, question], around=around)) == [question.text, answer.text]


def test_what_is_an_answer_and_a_question_is_told_once() -> None:
    question, answer = _said("Where does Nora live?"), _said("In Ghent.")
    both = _said("Which Nora?", speaker="Robin")
    around = {question.id: Around((), (both,), 0), answer.id: Around((both,), (), 2)}
    packed = _pack([question, answer], around=around)
    assert _texts(packed) == [question.text, both.text, answer.text]


def test_what_belongs_to_a_hit_is_cut_before_the_hit_is() -> None:
    question, answer = _said(OUTING * 40 + "Did you?", speaker="Robin"), _said(OUTING * 20)
    packed = _pack([answer], 250, around={answer.id: Around((question,))})
    first, second = _texts(packed)
    assert second == answer.text
    assert first.startswith("… We went out")
    assert first.endswith("Did you?")
    assert packed.tokens > 230


def test_an_answer_keeps_its_question_though_that_was_asked_again_later() -> None:
    asked = [_said("Where does Nora live?", day) for day in (0, 9)]
    answers = [_said("In Ghent.", 0), _said("In Lisbon.", 9)]
    around = {
        answer.id: Around((question,), (), 1)
        for question, answer in zip(asked, answers, strict=True)
    }
    packed = _pack([*answers, *asked], around=around)
    assert _texts(packed) == [asked[0].text, "In Ghent.", asked[1].text, "In Lisbon."]


def test_hits_go_before_what_belongs_to_them() -> None:
    answer = _said("In Ghent.")
    other = _said("Ghent has three towers and a castle.", 1)
    question = _said("Where does Nora live?")
    around = {answer.id: Around((question,))}
    assert _texts(_pack([answer, other], 29, around=around)) == [
        question.text,
        answer.text,
        other.text,
    ]
    assert _texts(_pack([answer, other], 28, around=around)) == [answer.text, other.text]


def test_what_ranks_lowest_is_left_out_and_counted() -> None:
    hits = [_said(f"Fact {number} of Ghent", number) for number in range(9)]
    packed = _pack(hits, 10 + 4 + 3 * 6)
    assert _texts(packed) == ["Fact 0 of Ghent", "Fact 1 of Ghent", "Fact 2 of Ghent"]
    assert (packed.left_out, packed.tokens) == (6, 32)


def test_a_shorter_one_takes_the_room_that_a_longer_one_has_no_use_for() -> None:
    long = _said("long " * 50 + "end", 1)
    packed = _pack([_said("First.", 0), long, _said("Last.", 2)], 10 + 3 + 3 + 4)
    assert _texts(packed) == ["First.", "Last."]
    assert packed.left_out == 1


def test_a_long_turn_is_whole_as_long_as_there_is_room() -> None:
    long = OUTING * 100 + ALLERGY + OUTING * 100
    assert _texts(_pack([_said(long)], 10_000, query="hazelnuts")) == [long]


def test_a_long_turn_is_cut_to_what_is_asked_about() -> None:
    long = OUTING * 100 + ALLERGY + " " + OUTING * 100
    packed = _pack([_said(long)], 40, query="What is Nora allergic to?")
    (text,) = _texts(packed)
    assert ALLERGY in text
    assert text.startswith("… We went")
    assert text.endswith("sea. …")
    assert packed.left_out == 0
    assert 30 <= packed.tokens <= 40


def test_long_turns_share_the_room_and_short_ones_stay_whole() -> None:
    hits = [_said(OUTING * 100, 0), _said("Rain is wet.", 1), _said("Sun and sand. " * 200, 2)]
    packed = _pack(hits, 300)
    first, second, third = _texts(packed)
    assert second == "Rain is wet."
    assert packed.left_out == 0
    assert packed.tokens > 250
    assert 0.5 < len(first) / len(third) < 2


def test_where_long_turns_are_cut_there_is_room_for_what_makes_them_understood() -> None:
    question, answer = _said("Where did you go?", speaker="Robin"), _said(OUTING * 100)
    packed = _pack([answer], 100, around={answer.id: Around((question,))})
    assert [item.found for item in packed.items] == [False, True]
    assert packed.items[0].text == question.text
    assert packed.tokens > 80


def test_the_best_is_cut_to_a_few_words_before_another_takes_its_place() -> None:
    best, other = _said(OUTING * 100 + ALLERGY), _said("Yes.", 1)
    packed = _pack([best, other], 10 + 2 + 8 + 4, query="hazelnuts")
    assert [item.recollection for item in packed.items] == [best]
    assert "hazelnuts" in packed.items[0].text


def test_where_not_even_that_fits_nothing_is_told() -> None:
    assert _pack([_said(OUTING * 100)], 12) == Packed((), 1, 0)
