"""Facts drawn by a stand-in for a chat model: what they are worth, what they cost, who waits."""
