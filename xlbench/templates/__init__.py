"""Templates of plugins: a folder a kind, and what they have in common; `project` makes the files of a distribution."""
