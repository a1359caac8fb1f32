"""Training of encoders, on sentence-transformers: imported when a recipe runs."""
