"""A pool of LongMemEval's turns: evidence among many users' distractors."""
