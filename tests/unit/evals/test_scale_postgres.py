"""What the PostgreSQL store costs: the arithmetic, and one run that is as small as can be."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.report import Report
from evals.scale.postgres.computed import Costs, storage_rows
from evals.scale.postgres.crowd import Crowd
from evals.scale.postgres.page import renew, replaced
from evals.scale.postgres.records import (
    Coherence,
    Figures,
    Place,
    Queue,
    Stored,
    Timing,
    Vectors,
    as_figures,
)
from evals.scale.postgres.tables import read_rows, table_rows
from evals.serving.postgres import PostgresServer


def _timing(p50: float, *, client: float = 1.0, server: float = 2.0) -> Timing:
    return Timing(10, 100.0, p50, 2 * p50, client, server)


def _figures(users: int, episodes: int, *, index_bytes: float, first: float) -> Figures:
    place = Place(
        workers=1,
        round_trip=_timing(0.1),
        observe_alone=_timing(2.0),
        observe=_timing(4.0),
        first_touch=_timing(first),
        recall=_timing(0.5),
        recall_many=_timing(0.6),
        imported=_timing(300.0),
        index_bytes=index_bytes,
        resident_bytes=2 * index_bytes,
    )
    stored = (
        Stored("episodes", users * episodes, 300 * users * episodes, 100 * users * episodes),
        Stored("entries", users * episodes, 150 * users * episodes, 50 * users * episodes),
        Stored("sessions", users * episodes // 20, 500 * users * episodes, 0),
        Stored("users", users, 100 * users, 60 * users),
        Stored("counters", 1, 8_192, 16_384),
    )
    return Figures("postgres", users, episodes, 10.0, 2, stored, 0, (place,))


MANY = _figures(1_000, 20, index_bytes=50_000, first=3.0)
MUCH = _figures(10, 1_020, index_bytes=1_050_000, first=23.0)
VECTORS = Vectors(10, 1_000, 800.0, 0.0, _timing(1), _timing(1), 10, 1.0)


def test_workers_are_put_together() -> None:
    answers = [
        {"count": 2, "wall": 1.0, "processor": 0.25, "times": [1.0, 2.0]},
        {"count": 3, "wall": 0.5, "processor": 0.5, "times": [3.0, 4.0, 5.0]},
    ]
    timing = Timing.of(answers, 1.0)
    assert (timing.count, timing.rate, timing.p50) == (5, 8.0, 3.0)
    assert (timing.client_ms, timing.server_ms) == (150.0, 200.0)
    assert Timing.of(answers, None).server_ms is None


def test_costs_are_a_line_through_what_was_measured() -> None:
    costs = Costs.of([MUCH, MANY], [VECTORS])
    assert (costs.user, costs.session, costs.episode) == (160, 10_000, 600)
    assert costs.index_of(20) == pytest.approx(50_000)
    assert costs.index_of(1_020) == pytest.approx(1_050_000)
    assert costs.miss_ms(520) == pytest.approx(13.0)


def test_storage_of_ten_million_users() -> None:
    first = storage_rows(Costs.of([MUCH, MANY], [VECTORS]))[0]
    # Users 1.6 GB, a session each 100 GB, 200 million episodes 120 GB; their vectors 160 GB.
    assert first[:5] == ["20", "200,000,000", "0.22", "0.16", "0.38"]


def test_times_are_told_in_round_trips() -> None:
    assert read_rows([MANY])[0][4:10] == ["0.50", "1.00", "5", "3.0", "6.0", "30"]


def test_tables_without_a_row_a_user_are_left_out() -> None:
    assert [row[0] for row in table_rows(MANY)] == ["episodes", "entries", "sessions", "users"]


def test_what_was_kept_is_the_same_again() -> None:
    kept = json.loads(json.dumps(dataclasses.asdict(MANY)))
    assert as_figures(kept) == MANY


def test_a_table_takes_the_place_of_the_one_before() -> None:
    page = "# Page\n<!-- one -->\nold\n<!-- /one -->\nend\n"
    assert replaced(page, {"one": "new\n"}) == "# Page\n<!-- one -->\n\nnew\n\n<!-- /one -->\nend\n"


def test_a_table_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the table 'two'"):
        replaced("<!-- one -->\n<!-- /one -->\n", {"two": ""})


def test_users_have_as_much_to_say_and_not_the_same() -> None:
    crowd = Crowd(45)
    told = list(crowd.conversations(3))
    assert [len(each.messages) for each in told] == [20, 20, 5]
    assert crowd.scope(3) == told[-1].scope
    assert told != list(crowd.conversations(4))


def test_the_page_has_a_place_for_every_table(tmp_path: Path) -> None:
    page = tmp_path / "scale.md"
    page.write_bytes((Path(__file__).parents[3] / "docs" / "scale.md").read_bytes())
    record = {
        **Report("scale_postgres").record,
        "figures": [dataclasses.asdict(each) for each in (MANY, MUCH)],
        "coherence": [dataclasses.asdict(Coherence(*[_timing(1.0)] * 4))],
        "vectors": [dataclasses.asdict(VECTORS)],
        "queues": [dataclasses.asdict(Queue(12_345, True, 1.0, 2.0))],
    }
    renew(page, json.loads(json.dumps(record)))
    text = page.read_text("utf-8")
    assert text.count("\n| PostgreSQL |") == 6
    assert "| 12,345 | all | 1.0 | 2.0 |" in text
    assert "| 20 | 200,000,000 | 0.22 | 0.16 | 0.38 |" in text


def test_one_worker_and_five_users(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    kept = tmp_path / "kept.json"
    with PostgresServer() as server:
        done = run_python(
            *("-m", "evals.scale.postgres", "--postgres", server.url(), "--sizes", "5x20"),
            *("--files", "--vectors", "--coherence", "--queues", "--workers", "1"),
            *("--seconds", "0.1", "--asked", "2", "--imported", "1", "--json", str(kept)),
        )
    assert done.returncode == 0, done.stderr
    (found,) = map(as_figures, json.loads(kept.read_text("utf-8"))["figures"])
    assert (found.store, found.users, found.episodes) == ("postgres", 5, 20)
    assert {each.table: each.rows for each in found.stored}["episodes"] == 100
    (place,) = found.places
    assert place.observe.server_ms is not None
    assert place.first_touch.count == 2
    assert place.index_bytes > 0
    assert "| PostgreSQL |" in done.stdout
