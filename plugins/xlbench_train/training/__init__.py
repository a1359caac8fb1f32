"""Training itself, on sentence-transformers' trainer and losses: bases, objectives, checkpoints, report and card."""
