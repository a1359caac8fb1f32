"""How often intervals hold the truth on real outcomes of two encoders: `main` prints the table of docs/coverage.md.

    PYTHONPATH=tests/helpers python tests/campaigns/proof_coverage.py [TIMES]        (some minutes; needs the data root)

Where an item's outcome does not hang on the other items, a test is n items (or G whole clusters) drawn with
replacement from all real ones: the real ones are then the whole truth, however few they are. Where outcomes are made
anew for every test (k-means, cosines of all pairs), n items are drawn without replacement, deviations are divided by
sqrt(1 - n/N), and the truth is the mean score of all tests of that size: see `proof_retrieval`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import proof_populations
from proof_populations import Population, Vectors

from xlbench import stats
from xlbench.core.estimate import Estimate
from xlbench.stats import Part, Scorer
from xlbench_tasks.protocols import alignment, clustering
from xlbench_tasks.protocols.numbers import grouping, pairwise, vector_rows

SIZES = (50, 200, 1000)
RESAMPLES = 1000


@dataclass(frozen=True)
class Coverage:
    """Shares of tests whose interval holds the truth, and how it is missed."""

    truth: float
    covered: float
    too_high: float
    """Tests whose whole interval lies above the truth."""
    error: float
    """Root mean square of the standard errors, over the standard deviation of the scores."""
    methods: str
    """The intervals' methods, the most frequent first."""
    width: float
    """Mean half-width."""

    def __str__(self) -> str:
        return (
            f"{self.truth:.3f} | **{100 * self.covered:.1f}** | {100 * self.too_high:.1f} | {self.error:.2f} "
            f"| {self.methods}"
        )


def summary(found: Sequence[Estimate], truth: float | None = None, left: float = 1.0) -> Coverage:
    """Of the intervals of many tests; ``truth`` None: the mean of all values; ``left``: of what there is, 1 - drawn."""
    value, low, high, se = np.array([(one.value, one.low, one.high, one.se) for one in found], float).T
    true = float(value.mean()) if truth is None else truth
    seen = value - (value - true) / np.sqrt(left)  # the truth, as far away as it would be if there was no end of items
    methods, times = np.unique([one.method for one in found], return_counts=True)
    return Coverage(
        true, float(np.mean((low <= seen) & (seen <= high))), float(np.mean(seen < low)),
        float(np.sqrt(np.mean(se**2)) / (value.std(ddof=1) / np.sqrt(left))),
        ", ".join(str(methods[place]) for place in np.argsort(-times, kind="stable")),
        float(np.mean(high - low) / 2),
    )  # fmt: skip


# ---- single scores


def of_items(people: Population, name: str, n: int, times: int) -> Coverage:
    """A metric over n items each, drawn with replacement."""
    scorer, random = Scorer(resamples=RESAMPLES), np.random.RandomState(n)
    found = []
    for place in range(times):
        rows = people.rows(random.randint(0, len(people.clusters), n))
        found.append(scorer.score(people.metrics[name], rows, None, f"{place} {n}")[0])
    return summary(found, people.truth(name))


def of_clusters(people: Population, name: str, count: int, times: int) -> Coverage:
    """A metric over whole clusters, ``count`` of them drawn with replacement."""
    scorer, random, members = Scorer(resamples=RESAMPLES), np.random.RandomState(count), members_of(people.clusters)
    found = []
    for place in range(times):
        chosen, codes = draw_clusters(members, count, random)
        found.append(scorer.score(people.metrics[name], people.rows(chosen), codes, f"{place} {count}")[0])
    return summary(found, people.truth(name))


def members_of(clusters: np.ndarray) -> list[np.ndarray]:
    """The rows of every cluster."""
    order = np.argsort(clusters, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1)


def draw_clusters(
    members: Sequence[np.ndarray], count: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of ``count`` clusters drawn with replacement, and their codes: one drawn twice is two clusters."""
    drawn = [members[place] for place in random.randint(0, len(members), count)]
    return np.concatenate(drawn), np.repeat(np.arange(count), [len(one) for one in drawn])


# ---- scores whose outcomes are made anew


def of_starts(items: Vectors, n: int, times: int) -> dict[str, Coverage]:
    """Clusterings of n items each, k-means as the protocol has it."""
    names = ("purity", "v_measure")
    scorer, random = Scorer(resamples=RESAMPLES), np.random.RandomState(n)
    metrics = {metric.name: metric for metric in clustering.metrics({}) if metric.name in names}
    columns_of = clustering.cluster_columns({})
    found: dict[str, list[Estimate]] = {name: [] for name in names}
    unit = vector_rows.unit(items.vectors)
    for place in range(times):
        chosen = random.permutation(len(unit))[:n]
        label = np.unique(items.labels[chosen], return_inverse=True)[1]
        seeds = random.randint(0, 2**31 - 1, (len(columns_of), clustering.STARTS)).tolist()
        starts = grouping.k_means(unit[chosen], int(label.max()) + 1, seeds)
        columns = {name: one.labels for name, one in zip(columns_of, starts, strict=True)} | {"label": label}
        for name in names:
            found[name].append(scorer.score(metrics[name], columns, None, f"{place} {n}")[0])
    return {name: summary(scores, left=1 - n / len(unit)) for name, scores in found.items()}


def of_pairs(items: Vectors, n: int, times: int, *, documents: bool = False) -> dict[str, Coverage]:
    """Alignment of n pairs each, or of the pairs of n documents, among themselves."""
    scorer, random = Scorer(resamples=RESAMPLES), np.random.RandomState(n)
    names = ("auc", "cosine_gap")
    metrics = {metric.name: metric for metric in alignment.metrics({}) if metric.name in names}
    found: dict[str, list[Estimate]] = {name: [] for name in names}
    total = int(items.labels.max()) + 1 if documents else len(items.vectors)
    for place in range(times):
        drawn = random.permutation(total)[:n]
        chosen = np.flatnonzero(np.isin(items.labels, drawn)) if documents else drawn
        texts = [str(row) for row in range(len(chosen))]
        both = pairwise.pairs(items.vectors[chosen, 0], items.vectors[chosen, 1], texts, texts)
        columns = pairwise.compare(both, np.zeros(len(chosen), np.int8), [None])
        codes = items.labels[chosen] if documents else None
        for name in names:
            found[name].append(scorer.score(metrics[name], columns, codes, f"{place} {n}")[0])
    return {name: summary(scores, left=1 - n / total) for name, scores in found.items()}


# ---- averages, and models that are equal


def scored_part(scorer: Scorer, people: Population, name: str, chosen: np.ndarray, codes: np.ndarray) -> Part:
    """A score of some items, as a part of averages."""
    score, psi = scorer.score(people.metrics[name], people.rows(chosen), None)
    assert score.value is not None
    return stats.part(score.value, psi, codes, bias=score.bias)


def of_languages(people: Population, name: str, n: int, times: int) -> Coverage:
    """The mean over languages of a metric on the same n sentences in each, drawn with replacement."""
    scorer, random = Scorer(ci="jackknife"), np.random.RandomState(n)
    members = members_of(people.clusters)
    languages = int(people.subsets.max()) + 1
    truth = np.mean([people.truth(name, people.subsets == language) for language in range(languages)])
    found = []
    for _ in range(times):
        chosen, codes = draw_clusters(members, n, random)
        of_language = people.subsets[chosen]
        parts = [
            scored_part(scorer, people, name, chosen[of_language == one], codes[of_language == one])
            for one in range(languages)
        ]
        found.append(stats.estimate(stats.combine(parts)))
    return summary(found, float(truth))


def of_areas(documents: Population, items: Population, count: int, n: int, times: int) -> Coverage:
    """The mean of two areas: sentences in ``count`` documents, and n items that are alone. Both of accuracy."""
    scorer, random, members = Scorer(ci="jackknife"), np.random.RandomState(count), members_of(documents.clusters)
    found = []
    for _ in range(times):
        chosen, codes = draw_clusters(members, count, random)
        few = scored_part(scorer, documents, "accuracy", chosen, codes)
        picked = random.randint(0, len(items.clusters), n)
        many = scored_part(scorer, items, "accuracy", picked, count + np.arange(n))
        found.append(stats.estimate(stats.combine([few, many])))
    return summary(found, (documents.truth("accuracy") + items.truth("accuracy")) / 2)


def hits(people: Population) -> np.ndarray:
    """(N,) whether each item is right."""
    found: np.ndarray = people.metrics["accuracy"].rows(people.columns)[:, 0]
    return found


def told_apart(
    ranked: np.ndarray, documents: np.ndarray, items: np.ndarray, count: int, n: int, times: int, models: int
) -> float:
    """How often equal models are told apart on a board of such averages.

    Each simulated model takes the outcomes of one of the real ones, by a toss for every document and every item: so all
    are equal, and differ from one another as the real ones do.

    Args:
        ranked: (M, N) of each real model the hits in documents.
        documents: (N,) the document of each.
        items: (M, N') the hits on items that are alone.
        count: Documents that are drawn.
        n: Items that are drawn.
        times: Boards.
        models: Simulated models on a board.
    """
    random, members, wrong = np.random.RandomState(count), members_of(documents), 0
    for _ in range(times):
        chosen, codes = draw_clusters(members, count, random)
        picked = random.randint(0, items.shape[1], n)
        parts = []
        for _ in range(models):
            few = ranked[random.randint(0, len(ranked), count)[codes], chosen]
            many = items[random.randint(0, len(items), n), picked]
            pair = [stats.part(x.mean(), x - x.mean(), c) for x, c in ((few, codes), (many, count + np.arange(n)))]
            parts.append(stats.combine(pair))
        values, influences = np.array([one.value for one in parts]), np.array([one.influence for one in parts])
        found = stats.ranks(values, influences, sets=parts[0].connected, shares=parts[0].weight)
        wrong += bool((found.low > 1).any())
    return wrong / times


# ---- the table

MODELS = ("ngram", "minilm")
PAIR = "deu-eng"


@dataclass(frozen=True)
class Outcomes:
    """All that is drawn from, of one model."""

    news: Population
    sentiment: Population
    entities: Population
    ranked: Population
    headlines: Vectors
    pairs: Vectors


def outcomes(root: Path, model: str) -> Outcomes:
    """Encode and score everything once."""
    session = proof_populations.session(model)
    return Outcomes(
        proof_populations.news(root, session), proof_populations.sentiment(root, session),
        proof_populations.entities(root, session), proof_populations.ranked(root, session, PAIR),
        proof_populations.headlines(root, session), proof_populations.pairs(root, session, PAIR),
    )  # fmt: skip


def lines(model: str, of: Outcomes, times: int) -> Iterator[str]:
    """The rows of one model."""
    for people in (of.news, of.sentiment, of.entities, of.ranked):
        for name in people.metrics:
            for n in SIZES:
                yield line(model, f"{people.name}, `{name}`", f"{n} items", of_items(people, name, n, times))
    for people, name, noun in ((of.entities, "entity_f1", "documents"), (of.ranked, "accuracy", "documents"),
                               (of.ranked, "mrr", "documents"), (of.news, "macro_f1", "sentences")):  # fmt: skip
        for count in (10, 20, 50, 100):
            yield line(model, f"{people.name}, `{name}`", f"{count} {noun}", of_clusters(people, name, count, times))
    for n in SIZES:  # a hundred starts over 1,000 items take two seconds
        for name, found in of_starts(of.headlines, n, times if n < SIZES[-1] else times // 4).items():
            yield line(model, f"headlines, `{name}`", f"{n} items", found)
        for name, found in of_pairs(of.pairs, n, times).items():
            yield line(model, f"alignment, `{name}`", f"{n} items", found)
    for count in (5, 10, 20):
        for name, found in of_pairs(of.pairs, count, times, documents=True).items():
            yield line(model, f"alignment, `{name}`", f"{count} documents", found)
    yield from averages(model, of, times)


def averages(model: str, of: Outcomes, times: int) -> Iterator[str]:
    """The rows of averages."""
    languages = len(proof_populations.CODES)
    for name in of.news.metrics:
        for n in (61, 204):
            found = of_languages(of.news, name, n, times)
            yield line(model, f"average over {languages} languages, `{name}`", f"{n} sentences", found)
    for count in (5, 10, 20):
        found = of_areas(of.ranked, of.news, count, 200, times)
        yield line(model, "average of two areas", f"{count} documents, 200 items", found)


def line(model: str, what: str, drawn: str, found: Coverage) -> str:
    """A row of the table."""
    return f"| {model} | {what} | {drawn} | {found} |"


def _of_model(root: Path, model: str, times: int) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """The rows of a model, and what `told_apart` needs of it."""
    of = outcomes(root, model)
    return list(lines(model, of, times)), hits(of.ranked), of.ranked.clusters, hits(of.news)


def main(root: Path, times: int = 400) -> None:
    """Print the table of docs/coverage.md, a process a model."""
    head = ("model", "score", "a test", "truth", "covered", "too high", "se / true se", "method")
    sys.stdout.write(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    with ProcessPoolExecutor(len(MODELS)) as pool:
        every = list(pool.map(_of_model, [root] * len(MODELS), MODELS, [times] * len(MODELS)))
    for rows, *_ in every:
        sys.stdout.write("\n".join(rows) + "\n")
    ranked, news = np.stack([one[1] for one in every]), np.stack([one[3] for one in every])
    for count in (5, 10, 20):
        for models in (2, 5):
            wrong = told_apart(ranked, every[0][2], news, count, 200, times, models)
            sys.stdout.write(f"{models} equal models, {count} documents, 200 items: told apart in {100 * wrong:.1f}%\n")


if __name__ == "__main__":
    from real_data import DATA

    main(DATA, *map(int, sys.argv[1:]))
