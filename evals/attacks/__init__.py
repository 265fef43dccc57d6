"""Attacks on a memory, carried out through real agents: what reaches the next prompt of them."""
