"""The labels of a token classifier: which tags they are, in which scheme, and the best sequence of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlbench import EncoderError

Scheme = Literal["iob2", "iob1", "io", "bioes"]

_SIGNS = {"B": "B", "I": "I", "S": "S", "U": "S", "E": "E", "L": "E"}
"""Prefix of a label -> its part in BIOES: BILOU calls S and E U and L."""

_MAY_FOLLOW = {"": "OES", "B": "OES", "S": "OES", "I": "BI", "E": "BI"}
"""Of BIOES: sign (O is "") -> the signs that may stand before it; I and E only after one of their own type."""


@dataclass(frozen=True)
class TagLabels:
    """Labels by number: the sign (B, I, S, E; "" for O) and the type of each."""

    signs: tuple[str, ...]
    types: tuple[str, ...]
    scheme: Scheme

    @property
    def own_types(self) -> tuple[str, ...]:
        """The types of entities, each once, in order."""
        return tuple(dict.fromkeys(kind for kind in self.types if kind))

    def best(self, scores: NDArray[np.float64]) -> list[int]:
        """Of all sequences of labels that the scheme allows, the one with the highest sum of scores (words, labels):
        Viterbi's algorithm. Of equal ones, those of lower numbers."""
        allowed, begins, ends = self._allowed()
        total = np.where(begins, scores[0], -np.inf)
        back = np.empty(scores.shape, np.int64)
        for step in range(1, len(scores)):
            ways = np.where(allowed, total[:, None], -np.inf)
            back[step] = ways.argmax(axis=0)
            total = ways.max(axis=0) + scores[step]
        path = [int(np.where(ends, total, -np.inf).argmax())]
        for step in range(len(scores) - 1, 0, -1):
            path.append(int(back[step, path[-1]]))
        return path[::-1]

    def _allowed(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """(labels, labels) which may follow which, and (labels,) which may stand first and last."""
        n = len(self.signs)
        allowed = np.ones((n, n), bool)
        if self.scheme in ("io", "iob1"):
            return allowed, np.ones(n, bool), np.ones(n, bool)
        for before in range(n):
            for after in range(n):
                allowed[before, after] = self._may_follow(before, after)
        begins = np.array([sign not in ("I", "E") for sign in self.signs])
        ends = np.array([self.scheme == "iob2" or sign not in ("B", "I") for sign in self.signs])
        return allowed, begins, ends

    def _may_follow(self, before: int, after: int) -> bool:
        sign, last = self.signs[after], self.signs[before]
        same = self.types[before] == self.types[after]
        if self.scheme == "iob2":
            return sign != "I" or (same and last in ("B", "I"))
        return (last or "O") in _MAY_FOLLOW[sign] and (same or sign not in ("I", "E"))

    def as_iob2(self, labels: Sequence[int], read_as: Mapping[str, str]) -> list[str]:
        """A sentence's labels as IOB2 tags of the types that ``read_as`` gives for own types; O where that is "".

        An I- that continues nothing stays one (but in IO and IOB1, where it begins an entity).
        """
        tags: list[str] = []
        last = -1
        for label in labels:
            kind = read_as.get(self.types[label], "")
            tags.append(f"{self._prefix(last, label)}-{kind}" if kind else "O")
            last = label
        return tags

    def _prefix(self, last: int, label: int) -> str:
        sign = self.signs[label]
        if sign in ("B", "S"):
            return "B"
        continues = last >= 0 and self.types[last] == self.types[label]
        return "B" if self.scheme in ("io", "iob1") and not continues else "I"


def labels_of(id2label: Mapping[int, str], scheme: str = "auto") -> TagLabels:
    """The labels of a checkpoint's ``config.json``.

    Args:
        id2label: Number -> name.
        scheme: ``iob2``, ``iob1``, ``io`` or ``bioes``; ``auto``: by the names. Labels without a prefix are IO.

    Raises:
        EncoderError: The names are no tags, or are of another scheme.
    """
    names = [id2label[number] for number in sorted(id2label)]
    if "O" not in names or all(name.startswith("LABEL_") or name == "O" for name in names):
        raise EncoderError(
            f"the checkpoint's labels are no tags of entities ({', '.join(names[:5])} ...): name them in id2label of "
            f"its config.json: O, B-PER, I-PER ..."
        )
    parts = [_parts(name) for name in names]
    signs = tuple(sign for sign, _ in parts)
    kinds = tuple(kind for _, kind in parts)
    known = _scheme_of(signs, kinds)
    if scheme != "auto" and scheme != known and (scheme == "bioes" or known == "bioes"):
        raise EncoderError(f"tags={scheme}: the checkpoint's labels are {known}: {', '.join(names[:7])} ...")
    chosen: Scheme = known if scheme == "auto" else scheme  # type: ignore[assignment]
    return TagLabels(signs, kinds, chosen)


def _parts(name: str) -> tuple[str, str]:
    """A label's sign and type; ("", "") for O, and I for one without a prefix."""
    if name == "O":
        return "", ""
    for mark in "-_":
        prefix, found, kind = name.partition(mark)
        if found and kind and prefix in _SIGNS:
            return _SIGNS[prefix], kind
    return "I", name


def _scheme_of(signs: Sequence[str], kinds: Sequence[str]) -> Scheme:
    """BIOES where there are ends or single words; IO without a B; IOB1 where a type has an I and no B."""
    if {"S", "E"} & set(signs):
        return "bioes"
    if "B" not in signs:
        return "io"
    begun = {kind for sign, kind in zip(signs, kinds, strict=True) if sign == "B"}
    return "iob2" if all(kind in begun for kind in kinds if kind) else "iob1"
