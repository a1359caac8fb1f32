"""What the command line shows: text, tables, progress, standings, data and verdicts."""
