"""Evaluations: what recall finds and what it costs, through the public API only."""
