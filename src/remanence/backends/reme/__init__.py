"""ReMe behind the same queue and middleware as every memory service."""

from remanence.backends.reme.backend import OWNER, ReMeBackend

__all__ = ["OWNER", "ReMeBackend"]
