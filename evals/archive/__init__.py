"""Whether a memory that left as an archive recalls the same where it comes in."""
