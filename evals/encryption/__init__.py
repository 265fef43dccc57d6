"""What it costs to encrypt the file."""
