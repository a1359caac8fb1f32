"""The recipe `siamese-mini`, which trains the encoder in this package: its texts, teacher, training and card."""
