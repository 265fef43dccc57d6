"""What the measured costs come to with ten million users: computed, with what is assumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

from evals.scale.postgres.projecting import Activity, Popularity
from evals.scale.postgres.records import Figures, Vectors

__all__ = [
    "CACHE_COLUMNS",
    "LOAD_COLUMNS",
    "STORAGE_COLUMNS",
    "Costs",
    "cache_rows",
    "load_rows",
    "storage_rows",
]

_USERS = 10_000_000
_SESSION_TURNS = 20
_EACH = (20, 200, 1_000)
_USUAL = 200
"""Episodes a user, where only one number is computed with."""

_SKEWS = (0.6, 0.8, 1.0, 1.2)
_MEMORIES_GB = (16, 64, 256, 1_024)
_WORKERS = 32
_ACTIVITIES = (
    Activity(_USERS, active=0.05, turns=10, peak=3),
    Activity(_USERS, active=0.1, turns=20, peak=3),
    Activity(_USERS, active=0.3, turns=50, peak=3),
)
_BUSY = 0.5
"""Up to which share of a processor's time is planned with."""

_HELD_GB = 256
_SKEW = 0.8

STORAGE_COLUMNS = (
    "episodes each",
    "episodes",
    "tables and indexes, TB",
    "vectors, TB",
    "with vectors, TB",
    "nodes of 2 TB, half full",
    "all indexes in memory, TB",
)
CACHE_COLUMNS = (
    "skew",
    *(f"{size:,} GB in all" for size in _MEMORIES_GB),
    *(f"{size:,} GB, any worker of {_WORKERS}" for size in _MEMORIES_GB[-2:]),
    f"recall, mean ms with {_HELD_GB} GB",
)
LOAD_COLUMNS = (
    "users there on a day",
    "turns of each",
    "turns/s, busiest hour",
    "cores for workers",
    "cores for servers",
    "commits/s at most",
    "episodes a day, million",
    "growth a day, GB",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Costs:
    """What was measured, as it is computed with.

    Attributes:
        user: Bytes on disk a user.
        session: Bytes on disk a session.
        episode: Bytes on disk an episode.
        vector: Bytes on disk a vector.
        index: Bytes in memory an index, and an episode in it.
        first_touch: Milliseconds the first search takes, and an episode in it.
        recall: Milliseconds a search takes when the index is there.
        turn_client: Milliseconds of processor time a turn takes a worker: a search, two messages.
        turn_server: The same of the server.
        load_client: Milliseconds of processor time it takes a worker to load an index.
        load_server: The same of the server.
    """

    user: float
    session: float
    episode: float
    vector: float
    index: tuple[float, float]
    first_touch: tuple[float, float]
    recall: float
    turn_client: float
    turn_server: float
    load_client: float
    load_server: float

    @classmethod
    def of(cls, stores: Sequence[Figures], vectors: Sequence[Vectors]) -> Self:
        """Return the costs of the store with the most users, and of the one with the most each."""
        many = max(stores, key=lambda each: each.users)
        much = max(stores, key=lambda each: each.episodes)
        one, most = many.places[0], much.places[0]
        rows = {each.table: each.rows for each in many.stored}
        first = _line(many.episodes, one.first_touch.p50, much.episodes, most.first_touch.p50)
        writes, reads = one.observe_alone, one.recall
        client = _line(
            *(many.episodes, one.first_touch.client_ms),
            *(much.episodes, most.first_touch.client_ms),
        )
        server = _line(
            *(many.episodes, one.first_touch.server_ms or 0.0),
            *(much.episodes, most.first_touch.server_ms or 0.0),
        )
        return cls(
            user=many.bytes_of("users") / rows["users"],
            session=many.bytes_of("sessions") / rows["sessions"],
            episode=many.bytes_of("episodes", "entries") / rows["episodes"],
            vector=vectors[-1].vector_bytes,
            index=_line(many.episodes, one.index_bytes, much.episodes, most.index_bytes),
            first_touch=first,
            recall=reads.p50,
            turn_client=reads.client_ms + 2 * writes.client_ms,
            turn_server=(reads.server_ms or 0.0) + 2 * (writes.server_ms or 0.0),
            load_client=client[0] + _USUAL * client[1],
            load_server=server[0] + _USUAL * server[1],
        )

    def index_of(self, episodes: int) -> float:
        """Return the bytes in memory of an index of so many episodes."""
        return self.index[0] + episodes * self.index[1]

    def miss_ms(self, episodes: int) -> float:
        """Return the milliseconds of the first search of a user with so many episodes."""
        return self.first_touch[0] + episodes * self.first_touch[1]


def _line(x: float, y: float, further_x: float, further_y: float) -> tuple[float, float]:
    """Return where a line through two points begins, and its slope."""
    slope = (further_y - y) / (further_x - x)
    return y - x * slope, slope


def storage_rows(costs: Costs) -> list[list[str]]:
    """Return a row for each number of episodes a user."""
    rows: list[list[str]] = []
    for each in _EACH:
        sessions = max(1, each // _SESSION_TURNS)
        plain = _USERS * (costs.user + sessions * costs.session + each * costs.episode) / 1e12
        vectors = _USERS * each * costs.vector / 1e12
        rows.append(
            [
                f"{each:,}",
                f"{_USERS * each:,}",
                f"{plain:,.2f}",
                f"{vectors:,.2f}",
                f"{plain + vectors:,.2f}",
                f"{max(1, -(-plain // 1)):,.0f} / {max(1, -(-(plain + vectors) // 1)):,.0f}",
                f"{_USERS * costs.index_of(each) / 1e12:,.2f}",
            ]
        )
    return rows


def cache_rows(costs: Costs) -> list[list[str]]:
    """Return a row a skew: hit rates, if users have a worker, and if any worker gets them."""
    size = costs.index_of(_USUAL)
    rows: list[list[str]] = []
    for skew in _SKEWS:
        popularity = Popularity(_USERS, skew)
        there = {memory: popularity.hit_rate(memory * 1e9 / size) for memory in _MEMORIES_GB}
        anywhere = [
            popularity.hit_rate(memory * 1e9 / size / _WORKERS) for memory in _MEMORIES_GB[-2:]
        ]
        hits = there[_HELD_GB]
        mean = hits * costs.recall + (1 - hits) * costs.miss_ms(_USUAL)
        rows.append(
            [
                f"{skew:g}",
                *(f"{100 * hit:.0f} %" for hit in there.values()),
                *(f"{100 * hit:.0f} %" for hit in anywhere),
                f"{mean:.1f}",
            ]
        )
    return rows


def load_rows(costs: Costs) -> list[list[str]]:
    """Return a row an activity: what is needed in its busiest hour."""
    hits = Popularity(_USERS, _SKEW).hit_rate(_HELD_GB * 1e9 / costs.index_of(_USUAL))
    rows: list[list[str]] = []
    for activity in _ACTIVITIES:
        turns = activity.turns_a_second
        client = costs.turn_client + (1 - hits) * costs.load_client
        server = costs.turn_server + (1 - hits) * costs.load_server
        episodes = 2 * activity.users * activity.active * activity.turns
        rows.append(
            [
                f"{100 * activity.active:.0f} %",
                f"{activity.turns:g}",
                f"{turns:,.0f}",
                f"{turns * client / 1000 / _BUSY:,.0f}",
                f"{turns * server / 1000 / _BUSY:,.0f}",
                f"{turns:,.0f}",
                f"{episodes / 1e6:,.0f}",
                f"{episodes * (costs.episode + costs.session / _SESSION_TURNS) / 1e9:,.0f}"
                f" / {episodes * (costs.episode + costs.vector) / 1e9:,.0f}",
            ]
        )
    return rows
