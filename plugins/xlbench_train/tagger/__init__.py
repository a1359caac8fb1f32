"""The recipe ``tagger``: fine-tunes token classification for named entities."""
