"""mem0 as a memory service behind a queue.

Importing this imports neither mem0 nor AgentScope; both are needed when a backend is made that
builds its own client.
"""

from remanence.backends.mem0.access import is_async_client
from remanence.backends.mem0.backend import Mem0Backend
from remanence.backends.mem0.service import Mem0Service

__all__ = ["Mem0Backend", "Mem0Service", "is_async_client"]
