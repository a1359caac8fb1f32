"""Comparisons of saved runs: matched cell by cell, paired, with a verdict on every difference."""
