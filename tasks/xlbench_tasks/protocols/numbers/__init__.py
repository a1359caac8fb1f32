"""The numerical work of protocols, on arrays alone: ranking, probes, grouping, spans."""
