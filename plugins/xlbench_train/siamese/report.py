"""The report of a training: the base and the trained model, compared on held-out pairs by the protocol `alignment`.

The pairs become a card with their files, a task a metric, and both models are scored and compared as any others are:
every figure has a paired difference, its interval and a verdict.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import Comparison, EncoderError, Model, Run, compare, run
from xlbench.core.files import write_files
from xlbench_train.siamese.pairs.pairs import UNKNOWN, Pairs

METRICS: Mapping[str, str] = {
    "cosine_true": "mean cosine of translations",
    "cosine_random": "mean cosine of random pairs",
    "cosine_gap": "gap of the two",
    "auc": "AUC",
    "threshold_accuracy": "threshold accuracy",
    "accuracy": "P@1",
    "mrr": "MRR",
}
"""Metric of the protocol -> what a report calls it. Each is the main metric of a task of its name."""
ANISOTROPY = (
    "The mean cosine of translations rose, and the gap to random pairs did not: vectors of all texts came closer to "
    "each other (anisotropy), which by itself finds no translation: AUC, P@1 and MRR say if more are found."
)
PERHAPS = (
    "The mean cosine of translations rose, and whether the gap to random pairs did cannot be told: perhaps vectors of "
    "all texts came closer to each other (anisotropy), which by itself finds no translation: AUC, P@1 and MRR say if "
    "more are found."
)
CHOSEN = (
    "The epoch was chosen by the loss on these very pairs, so that the figures after training are a little too good: "
    "for figures to publish, score the model on other pairs."
)


@dataclass(frozen=True)
class Difference:
    """One metric before and after."""

    metric: str
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    verdict: str
    note: str = ""
    """Why there is no interval."""


@dataclass(frozen=True)
class Report:
    """What training has changed on pairs that it has not seen."""

    differences: tuple[Difference, ...]
    scores: tuple[Mapping[str, Any], ...]
    """Of the trained model, a row a subset and metric: subset, metric, value, low, high, n."""
    notes: tuple[str, ...]

    @property
    def by_metric(self) -> Mapping[str, Difference]:
        """The differences by their metrics."""
        return {one.metric: one for one in self.differences}


def write_cards(pairs: Pairs, folder: Path) -> list[str]:
    """Write the held-out pairs as cards, one a metric, with a file a language; the cards' paths."""
    pivot, columns = _by_language(pairs)
    files: dict[str, str] = {}
    for language, rows in columns.items():
        text = io.StringIO()
        writer = csv.writer(text, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n", quotechar=None)
        writer.writerow(("id", "cluster", "text"))
        writer.writerows(rows)
        files[f"{language}.tsv"] = text.getvalue()
    for metric in METRICS:
        files[f"{metric}.toml"] = _card(metric, pivot, [*columns])
    write_files(folder, files, "the held-out pairs", "--out")
    return [str((folder / f"{metric}.toml").resolve()) for metric in METRICS]


def _by_language(pairs: Pairs) -> tuple[str, dict[str, list[tuple[str, str, str]]]]:
    """The language that all pairs have, and rows (id, cluster, text) of every language. Pairs without such a language,
    or of unknown ones, are one pool of first and second sides."""
    shared = set.intersection(*(set(each) for each in set(pairs.languages)))
    pivot = min(shared) if shared and UNKNOWN[0] not in shared else UNKNOWN[0]
    texts: list[dict[str, str]] = []
    items: list[str] = []
    turns: Counter[tuple[str, str]] = Counter()
    for first, second, languages in zip(pairs.first, pairs.second, pairs.languages, strict=True):
        sides = dict(zip(languages if pivot in languages else UNKNOWN, (_flat(first), _flat(second)), strict=True))
        other = next(language for language in sides if language != pivot)
        turns[other, sides[pivot]] += 1
        texts.append(sides)
        # one id for a text of the shared language in all pairs: it is one candidate, not one a language
        items.append(f"{_key(sides[pivot])}.{turns[other, sides[pivot]]}")
    columns: dict[str, dict[str, tuple[str, str, str]]] = {}
    for item, cluster, sides in zip(items, _joint(items, pairs.clusters), texts, strict=True):
        for language, text in sides.items():
            columns.setdefault(language, {})[item] = (item, _flat(cluster), text)
    return pivot, {language: [*rows.values()] for language, rows in columns.items()}


def _joint(items: Sequence[str], clusters: Sequence[str]) -> list[str]:
    """The clusters of pairs, those that share an item as one: a text and its translations in several files are no
    independent evidence. Each is called by the smallest name of its clusters."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, of_pair = np.unique(clusters, return_inverse=True)
    known, item_of_pair = np.unique(items, return_inverse=True)
    n = len(names) + len(known)
    edges = coo_array((np.ones(len(items), np.int8), (of_pair, len(names) + item_of_pair)), shape=(n, n))
    component = connected_components(edges, directed=False)[1][: len(names)]
    _, first, group = np.unique(component, return_index=True, return_inverse=True)  # names are sorted
    return [str(name) for name in names[first[group]][of_pair]]


def _key(text: str) -> str:
    from xlbench.core.ids import digest

    return digest(text)[:16]


def _flat(text: str) -> str:
    """A text in one cell of a table."""
    return " ".join(text.split())


def _card(metric: str, pivot: str, languages: Sequence[str]) -> str:
    first = [metric, *(name for name in METRICS if name != metric)]
    return (
        f'name = "{metric}"\narea = "retrieval"\nprotocol = "alignment"\n'
        f'description = "Pairs that were held out of a training: {METRICS[metric]}"\n'
        f'license = "that of the pairs"\nlanguages = {json.dumps(list(languages))}\nmetrics = {json.dumps(first)}\n\n'
        f'[data]\nname = "held-out"\nreader = "delimited"\nfiles = "{{language}}.tsv"\nfields = {{ text = "text" }}\n'
        f'id = "id"\ncluster = "cluster"\nquoting = "none"\nshared = 0.000001\n\n[options]\npairs = "{pivot}"\n'
    )


def score(model: Model | str, cards: Sequence[str], folder: Path) -> Run:
    """Score a model on the cards; cells that are there are read."""
    (found,) = run(
        [model], list(cards), data=folder, results=folder / "results", cache=folder / "cache", fail_fast=True
    )
    failed = next((cell for cell in found.cells if cell.status != "ok"), None)
    if failed is not None:
        raise EncoderError(f"the held-out pairs cannot be scored ({failed.model}, {failed.task}): {failed.reason}")
    return found


def compare_scores(before: Run, after: Run, epochs: int) -> Report:
    """The report on two scored runs.

    Args:
        before: The base on the held-out pairs.
        after: What was trained, on the same.
        epochs: After how many of them it could have been kept; of several, the loss on the held-out pairs chose one.
    """
    found: Comparison = compare(before, after)
    rows: Sequence[Mapping[Any, Any]] = found.to_frame().to_dict("records")
    by_task = {row["task"]: row for row in rows if row["level"] == "task"}
    differences = tuple(_difference(metric, by_task[metric]) for metric in METRICS)
    scores = tuple(
        {"subset": cell.subset, "metric": cell.task, "value": cell.main.value, "low": cell.main.low,
         "high": cell.main.high, "n": cell.main.n}
        for cell in after.cells if cell.main is not None
    )  # fmt: skip
    rose = {one.metric: one.verdict for one in differences}
    is_closer = rose["cosine_true"] == "higher" and rose["cosine_gap"] != "better"
    closer = PERHAPS if rose["cosine_gap"] == "cannot tell" else ANISOTROPY
    why = [f"{METRICS[one.metric]}: {one.note}" for one in differences if one.note]
    return Report(differences, scores, (*why, *[closer] * is_closer, *[CHOSEN] * (epochs > 1)))


def _difference(metric: str, row: Mapping[Any, Any]) -> Difference:
    verdict = str(row["judgment"])
    low, high, p = (
        None if row[name] is None or row[name] != row[name] else row[name] for name in ("low", "high", "adjusted")
    )
    note = str(row["note"] or "") if low is None and verdict != "identical" else ""
    return Difference(metric, row["baseline"], row["candidate"], row["difference"], low, high, p, verdict, note)


def lines(report: Report) -> list[list[str]]:
    """The report's rows as texts: metric, before, after, difference with its interval, p, verdict."""
    return [
        [METRICS[one.metric], f"{one.before:.3f}", f"{one.after:.3f}", _interval(one), _p(one.p), one.verdict]
        for one in report.differences
    ]


HEADINGS = ("on held-out pairs", "before", "after", "difference [95%]", "p", "verdict")


def _interval(one: Difference) -> str:
    ends = f" [{one.low:+.3f}, {one.high:+.3f}]" if one.low is not None and one.high is not None else ""
    return f"{one.difference:+.3f}{ends}"


def _p(p: float | None) -> str:
    return "" if p is None else "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
