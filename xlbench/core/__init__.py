"""The nouns and plain functions on them: what every other room of xlbench may import."""
