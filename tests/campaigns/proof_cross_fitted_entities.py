"""How often intervals of cross-fitted entity F1 hold the truth, on real sentences: `main` prints a table.

    PYTHONPATH=tests/helpers python tests/campaigns/proof_cross_fitted_entities.py [TIMES]

It takes half an hour, and needs Universal NER below the data root.

Data sets as large as one language of mini-ner are drawn from a treebank, its train, dev and test together, and each
goes through the tagging protocol whole: dealt out to folds, tagged by a probe of the other folds.
Sentences (or whole documents) are drawn without replacement, as one that is drawn twice would help to tag itself:
deviations are divided by sqrt(1 - n/N). The truth is the mean score of all such data sets.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import proof_populations
from proof_coverage import RESAMPLES, Coverage, members_of, summary

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
"""Words of a sentence of Slovak that is drawn by itself; each of those has an entity, as most of mini-ner have."""
OPTIONS: Mapping[str, Any] = {"types": list(TYPES), "c": C}
CASES = (("ngram", 5, False), ("minilm", 10, False), ("minilm", 5, True))
"""Encoder, folds (mini-ner has 5, its other tasks 10), and whether whole documents are drawn."""


@dataclass(frozen=True)
class Corpus:
    """All sentences that are drawn from."""

    records: Records

    def data_set(self, chosen: np.ndarray, folds: int, *, documents: bool) -> Subset:
        """Some of the sentences as a data set, each alone or in its document."""
        drawn = np.zeros(len(self.records.ids), bool)
        drawn[chosen] = True
        some = self.records.only(drawn.tolist())
        some = Records(some.ids, some.clusters if documents else some.ids, some.fields)
        parts = transfer.SubsetRecords("uner", "slk", {"slk": some}, {}, some, cross_fitting=Folds("uner", folds))
        return Subset("slk", ("slk",), n=len(some.ids), load=lambda: parts)


def corpus(root: Path, longest: int | None = None) -> Corpus:
    """Train, dev and test in Slovak; with ``longest``, those sentences of so many words at most that have an entity."""
    known = {subset.name: subset for subset in load().tasks["uner"].subsets(Data(root))}
    loaded = known["slk"].load
    assert loaded is not None
    of = loaded()
    rows: list[tuple[str, ...]] = []
    for number, part in enumerate([of.train["slk"], *of.dev.values(), of.test]):
        fields = part.fields["text"], part.fields["tokens"], part.fields["tags"]
        for item, cluster, *field in zip(part.ids, part.clusters, *fields, strict=True):
            tags = field[-1].split("\t")
            if longest is None or (len(tags) <= longest and set(tags) != {"O"}):
                rows.append((f"{len(rows)} {item}", f"{number} {cluster}", *field))
    ids, clusters, text, tokens, tags = zip(*rows, strict=True)
    return Corpus(Records(ids, clusters, {"text": text, "tokens": tokens, "tags": tags}))


def coverage(
    of: Corpus, session: EncodingSession, folds: int, times: int, *, documents: bool = False, n: int = SENTENCES
) -> Coverage:
    """Of entity F1 over so many data sets of n sentences, or of as many whole documents as have them on average."""
    scorer, random = Scorer(resamples=RESAMPLES), np.random.RandomState(n)
    metric = tagging.metrics(OPTIONS)[0]
    clusters = np.unique(of.records.clusters if documents else of.records.ids, return_inverse=True)[1]
    members = members_of(clusters)
    count = round(n * len(members) / len(clusters))
    found = []
    for place in range(times):
        chosen = np.concatenate([members[one] for one in random.permutation(len(members))[:count]])
        outcome = tagging.evaluate(of.data_set(chosen, folds, documents=documents), session, OPTIONS)
        codes = np.unique(outcome.cluster_ids, return_inverse=True)[1] if documents else None
        found.append(scorer.score(metric, outcome.columns, codes, f"{place} {n}")[0])
    return summary(found, left=1 - count / len(members))


def main(root: Path, times: int = 150) -> None:
    """Print the table of docs/coverage.md."""
    head = ("data", "scored", "truth", "covered", "too high", "se / true se", "method", "half-width")
    sys.stdout.write(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    sessions = {model: proof_populations.session(model) for model, *_ in CASES}
    for model, folds, documents in CASES:
        found = coverage(corpus(root, None if documents else LONGEST), sessions[model], folds, times,
                         documents=documents)  # fmt: skip
        drawn = "whole documents" if documents else "sentences alone"
        sys.stdout.write(f"| {model}, {drawn} | {folds} folds | {found} | {100 * found.width:.1f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    from real_data import DATA

    main(DATA, *map(int, sys.argv[1:]))
