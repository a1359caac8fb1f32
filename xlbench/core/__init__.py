"""The basic records and functions, which every other package of xlbench may import."""
