"""What every backend has to do, as a class of tests for a backend's author to subclass.

::

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def connect(self, tmp_path: Path) -> Connect:
            return lambda place="here": MyBackend.open(tmp_path / place)

The tests are coroutines: they need pytest-asyncio in its automatic mode.
"""

from __future__ import annotations

from remanence.testing.backends.connections import Connect
from remanence.testing.backends.recalling import Recalling
from remanence.testing.backends.retaining import Retaining
from remanence.testing.backends.separating import Separating

__all__ = ["BackendConformance", "Connect"]


class BackendConformance(Retaining, Recalling, Separating):
    """The whole contract of :class:`remanence.backends.Backend`.

    A subclass whose name begins with ``Test`` defines the fixture ``connect``, which returns a
    function: each call of it makes another connection to the place of a name, empty at first, as
    a context manager. If what a backend has accepted is delivered later, the subclass overrides
    ``settle``, which waits until it is.

    If a backend keeps what a model extracts from what was said, in place of that, the subclass sets
    ``distils`` to ``True`` and lets its model extract each message word for word. Then nobody
    expects of it who said something, when, and in which session, nor that it keeps apart two
    facts that are the same; and what is visible is told by the reply, not by the message.
    """
