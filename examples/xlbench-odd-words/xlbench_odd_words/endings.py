"""An encoder that knows words by how they end. Listed with every command: no numpy at the top."""

import zlib

SIZE = 256
LONGEST = 3


class Endings:
    """Counts of the last one, two and three letters of every word, hashed to a fixed number of places."""

    def encode(self, texts, role=None):
        """Vectors of shape (texts, SIZE). A word's own hash would differ from process to process; CRC-32 does not."""
        import numpy as np

        vectors = np.zeros((len(texts), SIZE), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            row[0] = 0.01  # a text without words has a vector, too
            for word in text.casefold().split():
                for length in range(1, LONGEST + 1):
                    row[zlib.crc32(word[-length:].encode()) % SIZE] += 1
        return vectors
