"""Speed and size: what observing costs, and what recall takes as memories grow."""
