import random
from collections import OrderedDict

import pytest

from evals.scale.postgres.projecting import Activity, Popularity


def _simulated(users: int, skew: float, held: int) -> float:
    """Return how often an LRU cache that starts full of nothing hits, once it is full."""
    draw = random.Random(4)
    weights = [rank**-skew for rank in range(1, users + 1)]
    asked = draw.choices(range(users), weights, k=120_000)
    cache: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for place, user in enumerate(asked):
        if user in cache:
            cache.move_to_end(user)
            hits += place >= len(asked) // 2
        else:
            cache[user] = None
            if len(cache) > held:
                cache.popitem(last=False)
    return hits / (len(asked) // 2)


@pytest.mark.parametrize(("skew", "held"), [(0.6, 200), (1.0, 50), (1.0, 1_000), (1.2, 200)])
def test_the_rate_of_hits_is_that_of_a_cache(skew: float, held: int) -> None:
    assert Popularity(5_000, skew).hit_rate(held) == pytest.approx(
        _simulated(5_000, skew, held), abs=0.015
    )


def test_whoever_all_are_held_is_always_hit() -> None:
    assert Popularity(1_000, 0.8).hit_rate(1_000) == 1.0


def test_if_all_ask_alike_the_rate_is_the_share_that_is_held() -> None:
    assert Popularity(10_000_000, 0.0).hit_rate(2_500_000) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("users", [1, 700, 1_000, 1_001, 10_000_000])
@pytest.mark.parametrize("skew", [0.0, 0.8, 1.2])
def test_classes_hold_all_users_and_all_that_is_asked(users: int, skew: float) -> None:
    shares = Popularity(users, skew).shares()
    assert shares.users.sum() == users
    assert (shares.users * shares.share).sum() == pytest.approx(1)


def test_classes_come_near_to_counting_each_user() -> None:
    exact = sum(rank**-0.8 for rank in range(1, 200_001))
    shares = Popularity(200_000, 0.8).shares()
    assert shares.share[0] == pytest.approx(1 / exact, rel=1e-3)


def test_the_busiest_hour() -> None:
    assert Activity(86_400, active=0.5, turns=10, peak=3).turns_a_second == 15
