"""What a threshold does: the precision and recall of the score, with questions about others."""
