"""Packs: one run as a single file, written by `write` and read by `read`."""
