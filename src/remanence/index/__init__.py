"""The in-process search index of one user: a cache over the store, brought up to date by need."""
