"""Facts drawn from conversations: what a model is asked, and what becomes of its answer."""
