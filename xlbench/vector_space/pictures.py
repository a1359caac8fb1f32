"""Makes the pictures of several models, methods and dimensions, with titles and file names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from xlbench.core.errors import UsageError
from xlbench.core.ids import slug
from xlbench.core.languages import language_name
from xlbench.vector_space.distances import distances
from xlbench.vector_space.picture import Panel, Picture
from xlbench.vector_space.projection import Method, align_axes, project
from xlbench.vector_space.texts import TaskTexts
from xlbench.vector_space.vectors import Points


def pictures_of(
    texts: TaskTexts,
    points: Sequence[Points],
    methods: Sequence[Method],
    dimensions: Sequence[int],
    by: Literal["language", "label"],
    seed: int,
) -> dict[str, Picture]:
    """File name without its ending -> the picture in so many dimensions.

    Args:
        texts: What was asked for.
        points: By model, the same texts for all.
        methods: A row of panels each.
        dimensions: A picture each, 2 or 3.
        by: What colors are for.
        seed: Of t-SNE.

    Raises:
        UsageError: One model is given twice.
    """
    names = _labels(points)
    apart = {name: distances(one.texts, one.vectors) for name, one in zip(names, points, strict=True)}
    left_out = len(texts.texts) - len(points[0].texts)
    notes = (f"{left_out} of {len(texts.texts)} texts left out: a model knows nothing of them.",) * bool(left_out)
    pictures = {}
    for size in sorted(set(dimensions)):
        rows = []
        for method in dict.fromkeys(methods):
            first, *others = (project(one.vectors, method, size, seed) for one in points)
            flat = [first, *(replace(one, points=align_axes(one.points, first.points), variance=()) for one in others)]
            rows.append(tuple(Panel(name, one) for name, one in zip(names, flat, strict=True)))
        pictures[f"{_stem(texts)}.{size}d"] = Picture(
            _title(texts, points[0]), points[0].texts, tuple(rows), apart, by, notes
        )
    return pictures


def _title(texts: TaskTexts, points: Points) -> str:
    shown = len({text.item for text in points.texts})
    named = " and ".join(map(language_name, texts.languages))
    which = named if len(texts.languages) <= 2 else f"{len(texts.languages)} languages"
    sample = f", a sample of {texts.available:,}" if texts.available > texts.items else ""
    return f"{texts.task}: {shown:,} items in {which}{sample}"


def _stem(texts: TaskTexts) -> str:
    """The task and its languages, where these are few, as a file name."""
    task = texts.task if texts.task.replace("-", "").isalnum() else slug(texts.task)
    return ".".join([task, *(["-".join(texts.languages)] if len(texts.languages) <= 3 else [])])


def _labels(points: Sequence[Points]) -> list[str]:
    """What the models are called: with the first digits of their content where two have one name."""
    if len({one.fingerprint for one in points}) < len(points):
        raise UsageError("one model is given twice: there is nothing to see beside each other")
    names = [one.model for one in points]
    return [
        name if names.count(name) == 1 else f"{name} ({one.fingerprint[:8]})"
        for name, one in zip(names, points, strict=True)
    ]
