"""Facts are drawn from what is stored: in the background, and from each episode once."""

from remanence.extraction.jobs import Extraction

__all__ = ["Extraction"]
