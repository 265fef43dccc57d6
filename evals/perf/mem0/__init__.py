"""Beside mem0 itself, and beside AgentScope's own middleware for it: all in the same run."""

from evals.perf.mem0.report import report_mem0

__all__ = ["report_mem0"]
