"""``xlbench plot space``: pictures of vectors, for exploration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from xlbench.cli.options.space import EXIT_CODES, placed, text_options
from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import OK, UsageError
from xlbench.core.tables import table

if TYPE_CHECKING:
    from xlbench.vector_space.distances import Distances
    from xlbench.vector_space.picture import Picture
    from xlbench.vector_space.texts import TaskTexts
    from xlbench.vector_space.vectors import Points


@click.command(
    "space",
    short_help="Draw the vectors of a task's texts in two and three dimensions.",
    epilog="\b\nExamples:\n"
    "  xlbench plot space ngram -t mini-parallel -l eng -l hin\n"
    "  xlbench plot space st:./base siamese:./tuned -t ntrex -l eng -l hin --data DIR    before and after\n"
    "  xlbench plot space results/labse-1f3a09c2 -t mini-news --color label --method tsne\n\n" + EXIT_CODES,
)
@click.argument("models", nargs=-1, required=True, metavar="RUN|SPEC...")
@text_options(200, "plots")
@click.option("--method", "methods", multiple=True, type=click.Choice(["pca", "tsne"]), default=("pca", "tsne"),
              show_default=True, help="How to flatten (repeatable): a row of panels each.")  # fmt: skip
@click.option("--dimensions", multiple=True, type=click.Choice(["2", "3"]), default=("2", "3"), show_default=True,
              help="A picture each (repeatable).")  # fmt: skip
@click.option("--color", type=click.Choice(["language", "label"]), default="language", show_default=True,
              help="What colors are for; markers are for languages.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of t-SNE.")
def command(
    models: tuple[str, ...], task: str, languages: tuple[str, ...], limit: int, out: Path,
    methods: tuple[Literal["pca", "tsne"], ...],
    dimensions: tuple[str, ...], color: Literal["language", "label"], seed: int, as_json: bool, quiet: bool,
    **options: Any,
) -> int:  # fmt: skip
    """Draw the vectors of a task's texts by one model, or by several beside each other (before and after).

    A RUN is the folder of a run or a pack: its model, as it was scored, is loaded again. Anything else is a name or a
    spec. Thin lines join translations. The caption says how far apart these are in the space itself, beside random
    pairs: look at that number, and at scores; a projection proves nothing.
    """
    from xlbench.core.files import check_folder
    from xlbench.core.own_files import write_own
    from xlbench.reports.figures.style import check_installed
    from xlbench.vector_space.picture import is_own, render
    from xlbench.vector_space.pictures import pictures_of
    from xlbench.vector_space.vectors import common_points

    check_installed()
    check_folder(out, "pictures", "--out")
    texts, found = placed(models, task, languages, limit, quiet=quiet or as_json, **options)
    if color == "label" and not any(text.label for text in texts.texts):
        raise UsageError(f"the items of {texts.task} have no labels: leave out --color label")
    points = common_points(found)
    pictures = pictures_of(texts, points, methods, [int(one) for one in dimensions], color, seed)
    files = {f"{name}.{form}": content for name, one in pictures.items() for form, content in render(one).items()}
    written = write_own(out, files, is_own, "pictures")
    _print(texts, found, points, next(iter(pictures.values())), written, as_json=as_json, quiet=quiet)
    return OK


def _print(
    texts: TaskTexts, points_by_model: Sequence[Points], points: Sequence[Points], picture: Picture,
    written: Sequence[Path], *, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    from xlbench.vector_space.picture import NO_EVIDENCE

    apart = picture.distances
    if as_json:
        of = zip(apart.items(), points_by_model, strict=True)
        models = [{"model": name, "fingerprint": one.fingerprint, "unknown": one.unknown, "notes": list(one.notes),
                   "distances": _distance_json(far)} for (name, far), one in of]  # fmt: skip
        echo_json({
            "task": texts.task, "languages": list(texts.languages), "items": texts.items,
            "available": texts.available, "texts": len(points[0].texts), "models": models,
            "files": [str(path) for path in written], "note": NO_EVIDENCE,
        })  # fmt: skip
        return
    if quiet:
        return
    rows = [[name, f"{far.translations:.3f}", f"{far.random:.3f}", "" if far.ratio is None else f"{far.ratio:.2f}",
             str(far.pairs)] for name, far in apart.items() if far]  # fmt: skip
    if rows:
        echo(table(["cosine distance", "of translations", "of random pairs", "ratio", "pairs"], rows, "lrrrr"))
    echo(NO_EVIDENCE)
    echo("\n".join(f"wrote {path}" for path in written), err=True)


def _distance_json(far: Distances | None) -> dict[str, float | int | None] | None:
    if far is None:
        return None
    return {"translations": far.translations, "random": far.random, "ratio": far.ratio, "pairs": far.pairs}
