"""The records of data sets: what a card's home gives a protocol to score."""
