import numpy as np
import numpy.typing as npt
import pytest

from remanence.index.coherence import Coherence
from remanence.index.links import NOT_A_SESSION, SessionLinks

Numbers = npt.NDArray[np.int32]


class _Scope:
    """Turns, each a session and its different content terms, added in portions."""

    def __init__(self) -> None:
        self.links = SessionLinks()
        self.links.extend(np.zeros(1, np.int32))
        self.session: list[int] = [NOT_A_SESSION]
        self.coherence = Coherence()

    def add(self, *turns: tuple[int, str]) -> None:
        first = len(self.session)
        sessions = [session for session, _ in turns]
        self.session += sessions
        self.links.extend(np.array(sessions, np.int32))
        pairs = [(first + i, ord(term)) for i, (_, terms) in enumerate(turns) for term in terms]
        pairs.sort(key=lambda pair: pair[::-1])  # by term, as postings give them
        owners, terms = np.array(pairs, np.int32).reshape(-1, 2).T
        self.coherence.extend(
            len(turns), owners, terms, session=np.array(self.session, np.int32), links=self.links
        )

    def values(self) -> list[float]:
        return self.coherence.values.values[1:].tolist()


TALK = [
    (1, "abc"),
    (1, "axyz"),  # a quarter was just said
    (1, "axyb"),  # all of it
    (1, "pqrs"),  # nothing
    (1, ""),  # nothing to tell
    (2, "abc"),  # the first of another session
    (1, "ppca"),  # p, and a three turns ago
    (2, "defa"),
    (NOT_A_SESSION, "abc"),
    (NOT_A_SESSION, "abc"),
]
EXPECTED = [1, 0.25 / 0.4, 1, 0, 1, 1, 1, 0.25 / 0.4, 1, 1]


def test_coherence_is_the_share_of_words_that_were_just_said_in_the_session() -> None:
    scope = _Scope()
    scope.add(*[(session, "".join(dict.fromkeys(terms))) for session, terms in TALK])
    assert scope.values() == pytest.approx(EXPECTED)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_portions_give_what_all_at_once_gives(size: int) -> None:
    random = np.random.default_rng(size)
    turns = [
        (int(random.integers(0, 4)), "".join(random.permutation(list("abcdefgh"))[: i % 6]))
        for i in range(60)
    ]
    whole, parts = _Scope(), _Scope()
    whole.add(*turns)
    for start in range(0, len(turns), size):
        parts.add(*turns[start : start + size])
    assert parts.values() == whole.values()
    for one, other in zip(parts.coherence.pairs(), whole.coherence.pairs(), strict=True):
        assert one.tolist() == other.tolist()


def test_only_the_three_turns_before_count() -> None:
    scope = _Scope()
    scope.add((1, "a"), (1, "b"), (1, "c"), (1, "a"), (1, "b"), (1, "x"), (1, "y"), (1, "b"))
    assert scope.values() == [1, 0, 0, 1, 1, 0, 0, 1]
    scope.add((1, "z"), (1, "w"), (1, "v"), (1, "b"))
    assert scope.values()[-1] == 0
