"""What memories in PostgreSQL cost, by users, by workers, and at ten million users, computed."""
