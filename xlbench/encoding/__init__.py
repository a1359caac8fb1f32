"""What stands between a task and an encoder: every text is encoded once, every vector is checked, kept and found again.

Knows no model and no task. `session` is what tasks are given, `checks` says what an encoder may return, and `memory`
holds the vectors of one model while it is being scored.
"""

from xlbench.encoding.session import CHUNK, WORD_CHUNK, EncodingSession, Keeping, WordVectors

__all__ = ["CHUNK", "WORD_CHUNK", "EncodingSession", "Keeping", "WordVectors"]
