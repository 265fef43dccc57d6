"""Moving in: what other memories hold, read so that this one can take it in."""
