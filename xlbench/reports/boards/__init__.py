"""Boards: `standings` describes one from saved runs, and a file for each format renders the description."""
