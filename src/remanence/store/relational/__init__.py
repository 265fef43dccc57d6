"""What stores do that keep memories in tables, in whatever database these are.

A store has a :class:`~remanence.store.relational.database.Database`, which runs statements by name;
every store has its own of each name. What is done with them is the same for all, and is here.
"""
