"""Training of siamese encoders with sentence-transformers: bases, objectives, checkpoints, report and card."""
