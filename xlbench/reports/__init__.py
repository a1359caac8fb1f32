"""Reports: boards, curves and published figures, made from saved runs alone."""
