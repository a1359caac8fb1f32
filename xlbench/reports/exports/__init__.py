"""Saved runs in the formats of others: mteb's results, model cards, Every Eval Ever, TREC."""
