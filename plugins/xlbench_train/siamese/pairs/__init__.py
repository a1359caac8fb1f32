"""Training pairs: read from files and cards, and split into training and held-out pairs."""
