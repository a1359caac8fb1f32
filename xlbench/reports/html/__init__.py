"""The HTML report: a board as one page that needs no server, no network and, to be read, no script."""
