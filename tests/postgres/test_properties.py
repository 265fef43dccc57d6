"""The state machines that drive SQLite drive PostgreSQL as well, and compare with the same models.

Where a machine has two memories or stores on a file, it has two here on a database, which know no
more of each other than those of two processes do.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from evals.serving.databases import Databases
from tests.archive.test_property import ArchiveMachine
from tests.integration.test_facts_property import FactsMachine
from tests.integration.test_index_property import MemoryMachine
from tests.integration.test_jobs_property import JobsMachine
from tests.postgres.databases import APPLICATION, empty

EmptyPlace = Callable[[str], str]
"""Empties a database and returns its URL, by what vectors are kept in."""


@pytest.fixture
def empty_place(server: Databases, shared: dict[str, str]) -> EmptyPlace:
    def emptied(kind: str) -> str:
        with psycopg.connect(server.url(shared[kind]), autocommit=True) as connection:
            empty(connection)
        return server.url(shared[kind], user=APPLICATION)

    return emptied


def _run(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            # A step takes several times as long as with a file, and shrinking takes hundreds.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )


def test_what_is_listed_and_recalled_is_right(empty_place: EmptyPlace) -> None:
    class Machine(MemoryMachine):
        def empty_place(self) -> str:
            return empty_place("bytea")

    _run(Machine, examples=4, steps=30)


def test_each_moment_is_told_as_it_was_and_as_it_was_known(empty_place: EmptyPlace) -> None:
    class Machine(FactsMachine):
        def empty_place(self) -> str:
            return empty_place("bytea")

    _run(Machine, examples=4, steps=30)


def test_jobs_are_as_a_model_has_them(empty_place: EmptyPlace) -> None:
    class Machine(JobsMachine):
        def empty_place(self) -> str:
            return empty_place("bytea")

    _run(Machine, examples=5, steps=40)


def test_what_is_exported_arrives_as_it_left(empty_place: EmptyPlace) -> None:
    class Machine(ArchiveMachine):
        def empty_place(self) -> str:
            return empty_place("bytea")

        def another_place(self) -> str:
            return empty_place("halfvec")

    _run(Machine, examples=2, steps=15)
