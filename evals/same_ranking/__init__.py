"""Whether SQLite and PostgreSQL rank alike: the same memories, asked the same questions."""
