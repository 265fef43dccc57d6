"""What every store of jobs has to do, as a class of tests for a store's author to subclass.

::

    class TestMyJobs(JobStoreConformance):
        @pytest.fixture
        def connect(self, tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[JobStore]]:
            return lambda: my_jobs_at(tmp_path / "store")

The tests are coroutines: they need pytest-asyncio in its automatic mode.
"""

from __future__ import annotations

from remanence.testing.jobs.enqueuing import Enqueuing
from remanence.testing.jobs.leasing import Leasing
from remanence.testing.jobs.looking import Looking
from remanence.testing.jobs.pausing import Pausing
from remanence.testing.jobs.settling import Settling
from remanence.testing.jobs.sharing import Sharing
from remanence.testing.jobs.tending import Tending

__all__ = ["JobStoreConformance"]


class JobStoreConformance(Enqueuing, Pausing, Leasing, Sharing, Settling, Looking, Tending):
    """The whole contract of :class:`remanence.store.jobs.JobStore`.

    A subclass whose name begins with ``Test`` defines the fixture ``connect``, which returns a
    function: each call of it returns another store on the same data, empty at first, to be entered
    with ``async with``.
    """
