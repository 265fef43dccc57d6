"""A made-up conversation of any length, the same on every machine, and questions about it.

Words follow Zipf's law with Mandelbrot's shift, as those of a natural language do: English
function words first, then words built of syllables, the frequent ones shorter.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from remanence import Conversation, Message, Scope

__all__ = ["Corpus"]

_FUNCTION_WORDS = (
    "the I to and a you that it of in my is was for on have me so with be we but at this just "
    "really are your like what been it's about not do that's how as some they had can up from "
    "when out she he if all there will more get them her one would did were by any or too an "
    "then has our his who us their which over because where why here him than after before into"
)
_ONSETS = "b c d f g h l m n p r s t v w br ch cl dr fl gr pl pr sh sl st th tr"
_VOWELS = "a e i o u ai ea ee oo ou"
_CODAS = "n r l s t m nd ck st"
_VOCABULARY = 30_000
_SHORT = 2_000
"""How many of the words may be short."""
_SHIFT = 2.7
_LENGTHS = (5, 40)
_SESSION_TURNS = 20
_SESSIONS_AT_ONCE = 100
_QUESTION_SHARE = 0.2
_QUESTIONS = (
    "What did you tell me about {}?",
    "When did we talk about {}?",
    "Do you remember the {}?",
    "Why was it that I had {}?",
    "Who was there with {}?",
)
_START = datetime(2024, 1, 1, 9, 0, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Corpus:
    """One user's turns, in sessions of 20.

    Attributes:
        user_id: Whose.
        turns: How many.
        seed: Another one gives other turns.
    """

    user_id: str
    turns: int
    seed: int = 7

    def batches(self) -> Iterator[list[Conversation]]:
        """Yield the sessions, a hundred at a time."""
        sessions = self._sessions()
        while batch := list(itertools.islice(sessions, _SESSIONS_AT_ONCE)):
            yield batch

    def _sessions(self) -> Iterator[Conversation]:
        texts = self._texts()
        for number in itertools.count():
            said = list(itertools.islice(texts, _SESSION_TURNS))
            if not said:
                return
            start = _START + timedelta(hours=number)
            yield Conversation(
                Scope(self.user_id, session_id=f"session-{number}"),
                tuple(
                    Message(
                        "assistant" if place % 2 else "user",
                        text,
                        at=start + timedelta(minutes=place),
                        id=f"{number}-{place}",
                    )
                    for place, text in enumerate(said)
                ),
            )

    def _texts(self) -> Iterator[str]:
        for words, asks in self._word_lists():
            sentence = " ".join(words)
            yield sentence[0].upper() + sentence[1:] + ("?" if asks else ".")

    def _word_lists(self) -> Iterator[tuple[list[str], bool]]:
        random = np.random.default_rng(self.seed)
        words = _words()
        lengths = random.integers(_LENGTHS[0], _LENGTHS[1] + 1, self.turns)
        numbers: list[int] = _draw(random, int(lengths.sum()), len(words)).tolist()
        drawn = [words[number] for number in numbers]
        asking = random.random(self.turns) < _QUESTION_SHARE
        start = 0
        for length, asks in zip(lengths.tolist(), asking.tolist(), strict=True):
            yield drawn[start : start + length], asks
            start += length

    def questions(self, count: int) -> list[str]:
        """Return different questions, each about 4 to 8 words of a turn and the turns after it."""
        random = np.random.default_rng(self.seed + 1)
        told = [words for words, _ in self._word_lists()]
        ignored = set(_FUNCTION_WORDS.split())
        asked: dict[str, None] = {}
        while len(asked) < count:
            turn = int(random.integers(max(1, len(told) - 3)))
            nearby = itertools.chain.from_iterable(told[turn : turn + 4])
            content = list(dict.fromkeys(word for word in nearby if word not in ignored))
            size = min(int(random.integers(4, 9)), len(content))
            if size < 4:
                continue
            places: list[int] = random.permutation(len(content))[:size].tolist()
            chosen = [content[place] for place in places]
            middle = size // 2
            about = f"{' '.join(chosen[:middle])} with the {' '.join(chosen[middle:])}"
            asked[_QUESTIONS[len(asked) % len(_QUESTIONS)].format(about)] = None
        return list(asked)


def _words() -> list[str]:
    """Return the vocabulary, the most frequent word first."""
    random = np.random.default_rng(1)
    onsets, vowels, codas = _ONSETS.split(), _VOWELS.split(), ["", *_CODAS.split()]

    def one_of(choices: Sequence[str]) -> str:
        return choices[int(random.integers(len(choices)))]

    words: dict[str, None] = {}
    words.update(dict.fromkeys(_FUNCTION_WORDS.split()))
    while len(words) < _VOCABULARY:
        syllables = int(random.integers(2, 4)) if len(words) < _SHORT else 3
        word = "".join(one_of(onsets) + one_of(vowels) for _ in range(syllables)) + one_of(codas)
        words[word] = None
    return list(words)


def _draw(random: np.random.Generator, count: int, size: int) -> npt.NDArray[np.intp]:
    """Return word numbers, drawn with the probabilities that Zipf and Mandelbrot give them."""
    frequencies = 1 / (np.arange(1, size + 1) + _SHIFT)
    cumulated = np.cumsum(frequencies / frequencies.sum())
    return np.minimum(np.searchsorted(cumulated, random.random(count)), size - 1)
