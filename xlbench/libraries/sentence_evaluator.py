"""Tasks of xlbench as an evaluator of sentence-transformers, for the ``evaluator`` of its trainers."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.catalog import load
from xlbench.core.errors import XlbenchError, require_extra
from xlbench.core.ids import digest
from xlbench.core.model import Model, Role
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.record import Cell, Results
from xlbench.core.task import Task
from xlbench.runs.execute import run_prepared
from xlbench.runs.request import Request, prepare
from xlbench.runs.request_checks import check_languages, check_request
from xlbench.runs.resolving import tasks_of

if TYPE_CHECKING:
    import numpy as np

MEAN = "xlbench"
"""What the mean of all main scores is called."""


class SentenceEvaluator:
    """Scores a model of sentence-transformers on tasks while it trains, each number with its interval.

    An instance is a ``BaseEvaluator`` of sentence-transformers. What it returns has, for every cell, the main score as
    ``<task>_<subset>_<metric>`` with ``_low`` and ``_high`` behind it, and the mean of all main scores as ``xlbench``:
    that is the ``primary_metric``, of which more is better. A cell without a score is an error, since a mean without it
    would be another one.
    """

    primary_metric: str | None
    greater_is_better: bool

    def __new__(cls, *arguments: Any, **named: Any) -> SentenceEvaluator:
        """An instance of this class and of sentence-transformers' own, which is imported now."""
        require_extra("hf", "xlbench.SentenceEvaluator", "sentence_transformers")
        from sentence_transformers.base.evaluation import BaseEvaluator

        made: SentenceEvaluator = object.__new__(type(cls.__name__, (cls, BaseEvaluator), {"__module__": __name__}))
        return made

    def __init__(
        self,
        tasks: OneOrMore[str | Task] = (),
        *,
        suite: OneOrMore[str] | None = None,
        languages: OneOrMore[str] = (),
        data: str | Path | None = None,
        limit: int | None = None,
        results: str | Path | None = None,
        batch_size: int = 32,
    ) -> None:
        """Check names at once, and read no data.

        Args:
            tasks: Names, paths of cards or `Task` objects, one or several.
            suite: Names of suites, in place of tasks; ``mini`` where neither is given.
            languages: Only subsets that involve one of these; none: all.
            data: The data root; None: ``XLBENCH_DATA``.
            limit: At most so many items of each subset, so that an evaluation is short; None: all.
            results: The folder in which every evaluation is saved as a run, for ``xlbench compare``; None: nowhere.
            batch_size: Texts that the model encodes at once.

        Raises:
            UsageError: A name is wrong, or sentence-transformers is not installed.
        """
        self.primary_metric, self.greater_is_better = MEAN, True
        self._request: dict[str, Any] = {
            "tasks": tasks,
            "suite": suite,
            "languages": languages,
            "data": data,
            "limit": limit,
        }
        self._results, self._batch_size = results, batch_size
        request = Request(**self._request)
        check_request(request)
        found, _ = tasks_of(request.tasks, request.suites or (() if as_list(tasks) else ("mini",)), load())
        check_languages(as_list(languages), found)

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """Score the model as it is now.

        Args:
            model: A ``SentenceTransformer``.
            output_path: Not used: ``results`` says where runs are saved.
            epoch: As the trainer counts; names the run.
            steps: The same.

        Raises:
            XlbenchError: A cell has no score; the line names the first one, and says why.
        """
        name = "training" if steps < 0 else f"training-step-{steps}"
        if was_training := bool(model.training):
            model.eval()
        try:
            with self._folder() as folder, without_bars():
                request = Request(
                    models=_model(name, model, self._batch_size), results=folder, cache=False,
                    command=("xlbench.SentenceEvaluator",), **self._request,
                )  # fmt: skip
                found = run_prepared(prepare(request))
        finally:
            model.train(was_training)
        numbers = scores_of(found)
        if hasattr(model, "model_card_data"):
            model.model_card_data.set_evaluation_metrics(self, numbers, epoch, steps)
        return numbers

    @property
    def description(self) -> str:
        """What the model card calls it."""
        return "xlbench"

    def get_config_dict(self) -> dict[str, Any]:
        """What the model card says of it."""
        return {name: str(value) for name, value in self._request.items() if value}

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """Where the run is saved: for good, or for as long as it takes."""
        if self._results is not None:
            yield Path(self._results)
            return
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch)


@contextlib.contextmanager
def without_bars() -> Iterator[None]:
    """Without the progress of `datasets`, which tasks read data with, amid that of a trainer; as it was afterwards."""
    if importlib.util.find_spec("datasets") is None:
        yield
        return
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    if shown:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def scores_of(results: Results) -> dict[str, float]:
    """The numbers of an evaluation, by name; `XlbenchError` where a cell has none."""
    cells = [cell for run in results for cell in run.cells]
    numbers: dict[str, float] = {}
    values = []
    for cell in cells:
        main = cell.main
        if main is None or main.value is None:
            raise XlbenchError(f"{cell.task} {cell.subset} has no score: {cell.reason or (main.note if main else '')}")
        name = _key(cell)
        numbers[name] = main.value
        if main.low is not None and main.high is not None:
            numbers |= {f"{name}_low": main.low, f"{name}_high": main.high}
        values.append(main.value)
    if not values:
        raise XlbenchError("none of the tasks has a subset to score: is the data at hand?")
    return {MEAN: sum(values) / len(values), **numbers}


def _key(cell: Cell) -> str:
    return f"{cell.task}_{cell.subset}_{cell.scores[0].metric}"


def _model(name: str, model: Any, batch_size: int) -> Model:
    """A loaded model of sentence-transformers as a model, which is what its weights are at this moment."""
    identity = _weights(model)
    return Model(name, load=lambda: _Encoder(model, batch_size), fingerprint=lambda: identity, cached=False)


def _weights(model: Any) -> str:
    """64 hex digits over the names, shapes and bytes of all weights, and over prompts and length limit."""
    import torch

    hashed = hashlib.sha256(repr((model.prompts, model.default_prompt_name, model.max_seq_length)).encode())
    for name, tensor in sorted(model.state_dict().items()):
        hashed.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        hashed.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest("sentence-transformers", hashed.hexdigest())


class _Encoder:
    """A loaded model of sentence-transformers as an encoder: queries and documents by its own methods."""

    def __init__(self, model: Any, batch_size: int) -> None:
        self._model, self._batch_size = model, batch_size
        self.details = {"dtype": str(next((p.dtype for p in model.parameters()), "")).removeprefix("torch.")}

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """Vectors (n, d) of n texts."""
        methods = {"query": self._model.encode_query, "document": self._model.encode_document}
        encode = methods[role] if role else self._model.encode
        vectors: np.ndarray = encode(
            list(texts), batch_size=self._batch_size, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors
