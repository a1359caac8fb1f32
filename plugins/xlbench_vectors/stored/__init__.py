"""Vectors in files."""
