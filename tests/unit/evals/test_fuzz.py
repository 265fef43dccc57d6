"""What the fuzzer runs, with inputs that chance chooses: nothing is found, and a fault would be."""

import random
from collections.abc import Callable

import pytest

from evals.fuzz.archives import Archives
from evals.fuzz.choices import Choices
from evals.fuzz.formats import Formats
from remanence import Memory
from remanence.archive.checks import Whole


@pytest.mark.parametrize("make", [Archives, Formats])
def test_nothing_but_errors_of_ours_comes_out(make: Callable[[], Archives | Formats]) -> None:
    target = make()
    chance = random.Random(1)
    seeds = target.seeds()
    try:
        for seed in seeds:
            target(seed)
        for _ in range(100):
            target(chance.choice(seeds)[:2] + chance.randbytes(chance.randrange(200)))
    finally:
        target.close()


def _try_many(target: Archives, number: int) -> None:
    chance = random.Random(1)
    for _ in range(number):
        target(bytes([chance.choice([3, 4])]) + chance.randbytes(60))


def test_what_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that does not look at what it is told is noticed within a few inputs."""

    def believe(_: Whole) -> None:
        pass

    monkeypatch.setattr(Whole, "finish", believe)
    target = Archives()
    try:
        with pytest.raises(AssertionError, match="neither here nor comes in"):  # a source, nowhere
            _try_many(target, 2_000)
    finally:
        target.close()


def test_the_seeds_are_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    original = Memory.import_archive

    async def counted(memory: Memory, *arguments: object, **named: object) -> object:
        done = await original(memory, *arguments, **named)  # pyright: ignore[reportArgumentType] - handed on as it is
        taken.append(done.episodes)
        return done

    monkeypatch.setattr(Memory, "import_archive", counted)
    target = Archives()
    try:
        for seed in target.seeds():
            target(seed)
    finally:
        target.close()
    assert sum(taken) >= 2 * 3 * len(target.seeds())


def test_choices_end_with_the_simplest_there_is() -> None:
    choices = Choices(b"\x05")
    assert choices.number(9) == 5
    assert [choices.number(9), choices.text(), choices.value([1]), choices.rest()] == [
        0,
        "",
        None,
        b"",
    ]
    assert Choices(b"\x01\x02").one_of("abc") == "b"
