"""The engines that are compared, by name."""

from evals.retrieval.engines.choosing import ENGINES, Kind, make_engine
from evals.retrieval.engines.protocol import Engine

__all__ = ["ENGINES", "Engine", "Kind", "make_engine"]
