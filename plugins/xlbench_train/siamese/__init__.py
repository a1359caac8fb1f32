"""The recipe `siamese`: pairs, bases, objectives, training and report of encoders for both sides of a pair."""
