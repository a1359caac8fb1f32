"""The lines of a board about its models: content, settings, and how to get each again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xlbench.core.record import ITEMS_TRAINED_ON, TRAINED_ON, TRAINED_ON_OTHERS, Cell, Run, plugins_of

MACHINE = frozenset({"device", "batch_size"})
"""Details of the machine: they vary between runs of one model, and shape no vector."""


@dataclass(frozen=True)
class ModelLine:
    """One model: what it is made of, and how to get it again."""

    model: str
    fingerprint: str
    label: str
    spec: str
    """What to give to ``--model``."""
    parameters: int | None
    dimensions: int | None
    license: str
    description: str
    texts_cut: int = 0
    """Texts over the length limit, cell by cell: one that is asked for in two cells counts twice."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What shapes its vectors: revision, pooling, dtype, length limit ..."""
    trained_on: tuple[str, ...] = ()
    """The data sets that it declares to have been trained on."""
    seen: tuple[str, ...] = ()
    """The board's tasks of whose data it declares to have seen some in training."""
    declares: bool = False
    """Whether it says what it was trained on: what is not among ``seen`` is then declared unseen, and else unknown."""
    plugins: tuple[str, ...] = ()
    """Distribution and version of the plugins that its vectors come from, but for those that come with xlbench."""

    @property
    def settings(self) -> str:
        """The details on one line; ``revision`` first, as it says which weights these are, and its plugins last."""
        names = sorted(self.details, key=lambda name: (name != "revision", name))
        details = [f"{name}={_plain(self.details[name])}" for name in names]
        return ", ".join([*details, *(f"plugin={plugin}" for plugin in self.plugins)])


def line_of(label: str, model: tuple[str, str], runs: Iterable[Run], cells: Iterable[Cell]) -> ModelLine:
    """The line of one model, from all its runs that are on the board, in an order of their own."""
    own = sorted(runs, key=lambda run: (not run.details, run.spec, sorted(map(str, run.details.items()))))
    own_cells = list(cells)
    cut = (count for cell in own_cells if isinstance(count := cell.facts.get("texts_cut"), int))
    widths = {width for cell in own_cells if isinstance(width := cell.provenance.get("dimensions"), int) and width}
    counts = (count for cell in own_cells if isinstance(count := cell.provenance.get("parameters"), int))
    known = max(counts, default=None)  # a manifest that was written before anything was encoded may lack it
    distinct = {id(cell.provenance): cell for cell in own_cells}  # many cells of a run share theirs
    details: dict[str, Any] = {}
    for run in reversed(own):
        details |= {
            name: value for name, value in run.details.items() if name not in MACHINE and value not in ("", None)
        }
    return ModelLine(
        *model, label,
        spec=next((run.spec for run in own if run.spec), model[0]),
        parameters=max((run.parameters for run in own if run.parameters is not None), default=known),
        dimensions=widths.pop() if len(widths) == 1 else None,
        license=next((run.license for run in own if run.license), ""),
        description=next((run.description for run in own if run.description), ""),
        texts_cut=sum(cut),
        details=details,
        trained_on=tuple(sorted({name for run in own for name in run.trained_on})),
        seen=tuple(sorted({cell.task for cell in own_cells if any(map(_is_of_seen_items, cell.notes))})),
        plugins=tuple(sorted({plugin for cell in distinct.values() for plugin in _plugins_of(cell)})),
        declares=any(run.trained_on for run in own) or any(ITEMS_TRAINED_ON in cell.facts for cell in own_cells),
    )  # fmt: skip


def _plugins_of(cell: Cell) -> list[str]:
    """The plugins that a cell's model comes from, as far as the cell says it and they are no part of xlbench."""
    found = plugins_of(cell).get("model", {})
    return [f"{name} {version}".strip() for name, version in found.items() if name != "xlbench"]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_of_seen_items(note: str) -> bool:
    """Whether a cell's note says that its items, and not others of their data set, were trained on."""
    return note.startswith(TRAINED_ON) and not note.startswith(TRAINED_ON_OTHERS)
