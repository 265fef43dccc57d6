"""What the clients of remote services have in common: their connections, and their errors."""
