"""Choosing which texts are labeled next: scores, clusters, schedules and the rounds that spend a budget of labels.

What the protocol `label-budget` and trainings of classifiers share. `strategy` names the choices and imports nothing
heavy; the other files are numbers: probabilities and vectors in, places of pool items out. Nothing here knows where
texts or models come from."""
