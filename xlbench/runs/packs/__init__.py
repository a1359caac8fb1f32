"""A run as one file: made (`write`), read and checked (`read`); `parts` holds the items of many cells."""
