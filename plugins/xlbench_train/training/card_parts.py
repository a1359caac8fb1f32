"""Parts of a model card that every recipe has: front matter, licenses, the command, the table of the training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from xlbench_train.training import history
from xlbench_train.training.bases import Base
from xlbench_train.training.shell_text import shell_text

CURVE = "training_curve.png"


def front_matter(
    library: str, task: str, base: Base, tags: Sequence[str], *, languages: Iterable[str], data: Iterable[str]
) -> Iterator[str]:
    """The lines that the hub reads.

    Args:
        library: That loads the model, by its name on the hub.
        task: The hub's ``pipeline_tag``.
        base: Named where the hub knows it.
        tags: Of the model.
        languages: ISO 639-3 codes; the undetermined ones are not named.
        data: Names of data sets; "" is not named.
    """
    yield "---"
    yield f"library_name: {library}"
    yield f"pipeline_tag: {task}"
    if spoken := sorted({code for code in languages if not "qaa" <= code <= "qtz" and code != "und"}):
        yield f"language: {json.dumps(spoken)}"
    if name := base.name_on_the_hub:
        yield f"base_model: {json.dumps(name)}"
    if names := sorted({name for name in data if name}):
        yield f"datasets: {json.dumps(names)}"
    yield f"tags: [{', '.join(tags)}]"
    yield "---"


def license_of_base(base: Base) -> str:
    """A sentence about the base's license."""
    return f"License of the base: {base.license or 'not said' if base.folder else 'none is needed: it is new'}."


def shell_block(command: Sequence[str]) -> str:
    """The command that makes the model again, as a block."""
    return f"```sh\n{shell_text(command)}\n```\n"


def history_table(headings: Mapping[str, str], rows: Sequence[history.Row]) -> Iterator[str]:
    """The evaluations as a table. ``headings``: column -> heading, as those of `History`."""
    yield "| " + " | ".join(headings.values()) + " |"
    yield "|" + "---:|" * len(headings)
    for row in rows:
        yield "| " + " | ".join(history.shown(name, row[name]) for name in headings) + " |"


def cell(text: str) -> str:
    """A text within a cell of a table."""
    return text.replace("|", "\\|")


def base_name(base: Base) -> str:
    """How a card calls a base: by its name on the hub, or that of its folder, and never by a path of this machine."""
    return base.name_on_the_hub or base.spec.rstrip("/").rpartition("/")[2]
