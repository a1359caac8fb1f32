"""Vectors from a service behind HTTP."""
