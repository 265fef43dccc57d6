"""What every store has to do, as a class of tests for a store's author to subclass.

::

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def connect(self, tmp_path: Path) -> Callable[[], Store]:
            return lambda: MyStore(tmp_path / "store")

The tests are coroutines: they need pytest-asyncio in its automatic mode.
"""

from __future__ import annotations

from remanence.testing.stores.appending import Appending
from remanence.testing.stores.archiving import Archiving
from remanence.testing.stores.embedding import Embedding
from remanence.testing.stores.erasing import Erasing
from remanence.testing.stores.erasing_in_steps import ErasingInSteps
from remanence.testing.stores.feeding import Feeding
from remanence.testing.stores.importing import Importing
from remanence.testing.stores.reading import ReadingForFacts
from remanence.testing.stores.seeing import Seeing
from remanence.testing.stores.sharing import Sharing
from remanence.testing.stores.sourcing import Sourcing
from remanence.testing.stores.stating import Stating
from remanence.testing.stores.surrounding import Surrounding
from remanence.testing.stores.using import Using
from remanence.testing.stores.verbatim import Verbatim

__all__ = ["StoreConformance"]


class StoreConformance(
    Appending,
    Verbatim,
    Seeing,
    Erasing,
    ErasingInSteps,
    Feeding,
    Sharing,
    Sourcing,
    Importing,
    Stating,
    ReadingForFacts,
    Embedding,
    Surrounding,
    Archiving,
    Using,
):
    """The whole contract of :class:`remanence.store.protocol.Store`.

    A subclass whose name begins with ``Test`` defines the fixture ``connect``, which returns a
    function: each call of it makes another unopened store on the same data, empty at first.
    """
