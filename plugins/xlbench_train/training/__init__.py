"""What trainings of every recipe need: output folders, the loop, checkpoints, progress, cards, pieces of commands."""
