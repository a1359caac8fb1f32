"""Paired differences of every two models for the page's script, as far as they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.stats.all_pairs import Discordant, all_pairs, discordant_pairs
from xlbench.stats.multiple_tests import holm

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Node
    from xlbench.reports.boards.board import Board

MOST = 75_000
"""Numbers that a page holds of pairs; each takes about four characters."""
UNKNOWN = -1


def pairs(board: Board) -> dict[str, Any]:
    """The half-widths of all differences by level, and whether each is more than chance.

    Returns:
        By level (``overall``, ``area``, ``task``, ``language``): ``models``, how many of the first models are paired,
        and ``d``: a list a place in the order of the board's columns, with a number a pair in the order (0, 1), (0, 2)
        ... (1, 2): twice the half-width in hundredths of points, and 1 more where the difference stays significant by
        Holm's correction over the places of that level; `UNKNOWN` where it is not known.
    """
    evidence = board.evidence
    if evidence is None or len(board.rows) < 2:
        return {}
    levels: Mapping[str, list[Sequence[Node]]] = {
        "overall": [evidence.overall],
        "area": [evidence.area(area) for area in board.areas],
        "task": [evidence.task(task) for _, task in board.tasks],
        "language": [*evidence.languages.values()],
    }
    places = len(board.areas) + len(board.tasks) + 1
    own = _fitting(len(board.rows), places, MOST)
    left = MOST - own * (own - 1) // 2 * places
    found = {}
    for name, nodes in levels.items():
        count = _fitting(len(board.rows), len(nodes), left) if name == "language" else own
        found[name] = {"models": count, "d": _level(nodes, count, board.level)}
    return found


def _fitting(models: int, places: int, most: int) -> int:
    """How many models can be paired at so many places without there being too many numbers."""
    while models > 1 and models * (models - 1) // 2 * max(1, places) > most:
        models -= 1
    return models


def _hits(nodes: Sequence[Node]) -> Discordant:
    """On what models disagree in a place of one subset, where `xlbench compare` has McNemar's p; nothing elsewhere."""
    alone = all(len(node.places) == 1 for node in nodes)
    return discordant_pairs([node.part if alone else None for node in nodes])


def _level(nodes: Sequence[Sequence[Node]], models: int, level: float) -> list[list[int]]:
    import numpy as np

    apart = [all_pairs([node.part for node in own[:models]]) for own in nodes]
    if not apart:
        return []
    hits = [_hits(own[:models]) for own in nodes]
    of_hits = np.array([one.p_values() for one in hits])
    p = np.where(np.isnan(of_hits), np.array([one.p_values() for one in apart]), of_hits)
    adjusted = np.array([holm(column) for column in p.T]).T.reshape(p.shape)
    half = np.array([one.half_widths(level) for one in apart])
    significant = (adjusted <= 1 - level) & (p < 1) & ~np.array([one.few for one in hits])
    codes = np.where(np.isnan(half), UNKNOWN, 2 * np.rint(10_000 * np.nan_to_num(half)) + significant)
    found: list[list[int]] = codes.astype(int).tolist()
    return found
