"""What every embedder has to do, as a class of tests for an embedder's author to subclass.

::

    class TestMyEmbedder(EmbedderConformance):
        @pytest.fixture
        def make(self) -> Callable[[], Embedder]:
            return lambda: MyEmbedder("its-model")

The tests are coroutines: they need pytest-asyncio in its automatic mode.
"""

from __future__ import annotations

from remanence.testing.embedders.documents import Documents
from remanence.testing.embedders.knowing import Knowing
from remanence.testing.embedders.questions import Questions
from remanence.testing.embedders.sharing import Sharing

__all__ = ["EmbedderConformance"]


class EmbedderConformance(Knowing, Documents, Questions, Sharing):
    """The whole contract of :class:`remanence.embed.protocol.Embedder`.

    A subclass whose name begins with ``Test`` defines the fixture ``make``, which returns a
    function: each call of it makes another embedder with the same model and settings, not yet
    prepared. ``tolerance`` says how far two vectors of the same text may be apart.
    """
