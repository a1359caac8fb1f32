"""Cards: tasks in TOML files. `read` makes a checked `Card` of a file, `task` makes a task of the card."""
