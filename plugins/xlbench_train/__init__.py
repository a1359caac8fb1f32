"""Training of encoders: recipes, and the encoder that one of them made.

The plugin's hooks. Training libraries are imported when a recipe runs.
"""
