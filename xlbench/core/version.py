"""The version number of xlbench."""

__version__ = "0.1.0"
