"""The demonstration: an agent that remembers, told in one process and asked in another."""
