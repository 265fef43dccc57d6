"""Recall with vectors beside the bare product of the same vectors, one thread pinned."""
