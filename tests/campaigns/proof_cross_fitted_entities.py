"""How often intervals of cross-fitted entity F1 hold the truth, on real sentences: `main` prints a table.

    PYTHONPATH=tests/helpers python tests/campaigns/proof_cross_fitted_entities.py [TIMES]

It takes a quarter of an hour of a processor, and needs Universal NER below the data root.

Data sets as large as one language of mini-ner are drawn from a treebank, its train, dev and test together, and each
goes through the tagging protocol whole: dealt out to folds, tagged by a probe of the other folds.
Sentences are drawn without replacement, as one that is drawn twice would help to tag itself: deviations are divided by
sqrt(1 - n/N). The truth is the mean score of all such data sets.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import proof_populations
from proof_coverage import RESAMPLES, Coverage, summary

from xlbench import Data, EncodingSession, Subset
from xlbench.catalog import load
from xlbench.stats import Scorer
from xlbench_tasks.data.records import Records
from xlbench_tasks.protocols import tagging, transfer
from xlbench_tasks.protocols.cross_fitting import Folds

SENTENCES = 240
C = 0.03
"""Both as mini-ner has them."""
TYPES = ("PER", "LOC", "ORG")
LONGEST = 15
"""Words of a sentence that is drawn; each has an entity, too: so they are about as many as mini-ner has."""
FIELDS = ("text", "tokens", "tags")
OPTIONS: Mapping[str, Any] = {"types": list(TYPES), "c": C}
CASES = (("ngram", 5), ("minilm", 5), ("minilm", 10))
"""Encoder and folds: mini-ner has 5, news and sentiment have 10."""


def corpus(root: Path) -> Records:
    """The sentences of train, dev and test in Slovak that can be drawn, each alone."""
    known = {subset.name: subset for subset in load().tasks["uner"].subsets(Data(root))}
    loaded = known["slk"].load
    assert loaded is not None
    of = loaded()
    rows: list[tuple[str, ...]] = []
    for part in (of.train["slk"], *of.dev.values(), of.test):
        for item, *field in zip(part.ids, *(part.fields[name] for name in FIELDS), strict=True):
            tags = field[-1].split("\t")
            if len(tags) <= LONGEST and set(tags) != {"O"}:
                rows.append((f"{len(rows)} {item}", *field))
    ids, *fields = zip(*rows, strict=True)
    return Records(ids, ids, dict(zip(FIELDS, fields, strict=True)))


def data_set(some: Records, folds: int) -> Subset:
    """Sentences as a data set that is cross-fitted."""
    parts = transfer.SubsetRecords("uner", "slk", {"slk": some}, {}, some, cross_fitting=Folds("uner", folds))
    return Subset("slk", ("slk",), n=len(some.ids), load=lambda: parts)


def coverage(of: Records, session: EncodingSession, folds: int, times: int, n: int = SENTENCES) -> Coverage:
    """Of entity F1 over so many data sets of n sentences."""
    scorer, random, total = Scorer(resamples=RESAMPLES), np.random.RandomState(n), len(of.ids)
    metric, by_id = tagging.metrics(OPTIONS)[0], np.argsort(of.ids)
    found = []
    for place in range(times):
        chosen = by_id[random.permutation(total)[:n]]
        some = of.only(np.isin(np.arange(total), chosen).tolist())
        outcome = tagging.evaluate(data_set(some, folds), session, OPTIONS)
        found.append(scorer.score(metric, outcome.columns, None, f"{place} {n}")[0])
    return summary(found, left=1 - n / total)


def main(root: Path, times: int = 150) -> None:
    """Print the table of docs/coverage.md."""
    head = ("encoder", "folds", "truth", "covered", "too high", "se / true se", "method", "half-width")
    sys.stdout.write(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    of = corpus(root)
    sessions = {model: proof_populations.session(model) for model, _ in CASES}
    for model, folds in CASES:
        found = coverage(of, sessions[model], folds, times)
        sys.stdout.write(f"| {model} | {folds} | {found} | {100 * found.width:.1f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    from real_data import DATA

    main(DATA, *map(int, sys.argv[1:]))
