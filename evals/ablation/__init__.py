"""What each term of the ranking adds: the same questions with one term switched off at a time."""
