"""LoCoMo: how much of the evidence for questions about long conversations is recalled."""
