"""Readers of saved runs: boards, curves and published figures, rendered without any plugin, data or model."""
