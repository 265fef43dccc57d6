"""mem0's local store, read so that this memory can take it in.

Importing this imports neither mem0 nor Qdrant's client; reading needs the latter.
"""

from remanence.moving.mem0.reading import read_mem0

__all__ = ["read_mem0"]
