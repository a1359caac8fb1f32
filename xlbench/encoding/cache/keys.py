"""Cache keys: the kind of a request, and a hash of a text or of a sentence's words."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

KINDS = ("", "query", "document", "words")
"""Texts without a role, texts in one of the two roles, and the words of sentences."""


def key_of(text: str) -> bytes:
    """The key of a text: 16 bytes of BLAKE2b over its UTF-8."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def key_of_words(words: Sequence[str]) -> bytes:
    """The key of a sentence that is split into words: 16 bytes; ("ab", "c") is not ("a", "bc")."""
    ended = b"\xff".join([*(word.encode("utf-8", "surrogatepass") for word in words), b""])  # UTF-8 has no byte 0xff
    return blake2b(ended, digest_size=16).digest()


def keys_of(texts: Sequence[str]) -> list[bytes]:
    """`key_of` of n texts."""
    return list(map(key_of, texts))


def keys_of_words(sentences: Sequence[Sequence[str]]) -> list[bytes]:
    """`key_of_words` of n sentences."""
    return list(map(key_of_words, sentences))


def check_keys(kind: str, keys: Sequence[bytes]) -> None:
    """`ValueError` for a kind that there is not, or a key that is no hash."""
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {KINDS}")
    if not set(map(len, keys)) <= set(range(16, 33)):
        raise ValueError("a key has 16 to 32 bytes")
