"""Options of the command line: what commands share, where values come from, and what a shell is offered."""
