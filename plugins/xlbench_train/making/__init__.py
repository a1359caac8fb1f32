"""How the encoder that ships was made: its texts, its teacher, its training, its card."""
