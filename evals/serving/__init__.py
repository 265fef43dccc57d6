"""Real servers for tests and evaluations, and what stands between a server and its client."""
