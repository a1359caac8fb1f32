"""The numerical code of the protocols, on arrays: ranking, probes, grouping, spans."""
