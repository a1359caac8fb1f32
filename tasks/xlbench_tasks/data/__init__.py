"""Data sets: records of items, and the files that they are read from."""
