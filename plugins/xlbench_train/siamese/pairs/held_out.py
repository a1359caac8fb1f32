"""Splits pairs into training and held-out pairs: by whole documents where these are known, and with no text in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

from xlbench import Catalog, UsageError, text_keys
from xlbench.core.ids import digest
from xlbench.core.text import count_text
from xlbench_train.siamese.pairs.cards import PREFIX, read_card
from xlbench_train.siamese.pairs.files import read_file
from xlbench_train.siamese.pairs.pairs import Pairs, check, concatenate, without_repeats

SHARE = 0.1
"""Of the pairs, at most, that are held out where nobody gives pairs to evaluate on."""
AT_MOST = 1000, 5000
"""Pairs that are held out at most, of a pair of languages (enough for intervals of three points) and of all."""
AT_LEAST = 20
"""Pairs below which an evaluation says nothing."""


@dataclass(frozen=True)
class PairSplit:
    """Pairs to train on and pairs to evaluate on, with no text in both."""

    training: Pairs
    evaluation: Pairs
    notes: tuple[str, ...]
    """How they were made, each a sentence for a person."""


def read_parts(
    pairs: Sequence[str], evaluation: Sequence[str], catalog: Catalog, data: Path | None, *, seed: int, skip_empty: bool
) -> PairSplit:
    """Read all pairs, and hold some of them out where there are none to evaluate on.

    Args:
        pairs: Specs of files and cards to train on.
        evaluation: Those to evaluate on; none: a share of ``pairs`` is held out.
        catalog: Where cards are looked up.
        data: The data root of cards.
        seed: Of the choice of what is held out.
        skip_empty: Leave out pairs with an empty side.

    Raises:
        UsageError: A spec is wrong, or there are too few pairs.
        DataError, DataMissing: As for `read_file` and `read_card`.
    """
    whole, repeats = without_repeats(
        concatenate(_read_source(spec, catalog, data, skip_empty=skip_empty) for spec in pairs)
    )
    check(whole, "--pairs")
    notes = [note for source in whole.sources for note in source.notes]
    notes += [f"left out: {count_text(repeats, 'repeated pair')}"] * bool(repeats)
    equal = sum(map(str.__eq__, whole.first, whole.second))
    notes += [f"of {count_text(equal, 'pair')} both sides are equal: there is little to learn from them"] * bool(equal)
    if evaluation:
        given = (_read_source(spec, catalog, data, skip_empty=skip_empty) for spec in evaluation)
        held, _ = without_repeats(concatenate(given))
        check(held, "--eval-pairs")
        training = whole
    else:
        training, held = _split(whole, seed, notes)
    if len(held) < AT_LEAST:
        how = "give more of them" if evaluation else "give more pairs, or others with --eval-pairs"
        raise UsageError(f"{len(held)} pairs to evaluate on are too few to tell anything (under {AT_LEAST}): {how}")
    training, lost = _without_texts_of(training, held)
    if lost:
        notes.append(f"not trained on: {count_text(lost, 'pair')} with a text that is among those of the evaluation")
    check(training, "--pairs, without what is held out")
    return PairSplit(training, held, tuple(notes))


def _read_source(spec: str, catalog: Catalog, data: Path | None, *, skip_empty: bool) -> Pairs:
    return read_card(spec, catalog, data) if spec.startswith(PREFIX) else read_file(spec, skip_empty=skip_empty)


def _split(whole: Pairs, seed: int, notes: list[str]) -> tuple[Pairs, Pairs]:
    """The pairs to train on, and those to evaluate on: of whole clusters, whose choice follows from their names and the
    seed alone, the pairs that share no text."""
    has_documents = len(set(whole.clusters)) < len(whole)
    clusters = list(whole.clusters) if has_documents else linked_clusters(whole)
    sizes, usable = Counter(clusters), Counter(compress(clusters, _first_with_its_texts(whole)))
    candidates = _documents(sizes) or set(sizes)
    order = sorted(candidates, key=lambda name: digest("held out", str(seed), name))
    at_most = min(AT_MOST[0] * len(set(whole.languages)), AT_MOST[1])
    chosen = _choose_clusters(order, sizes, usable, at_most)
    out = [cluster in chosen for cluster in clusters]
    held = whole.only(out)
    evaluation = held.only(_first_with_its_texts(held))
    documents = f", {len(chosen):,} of {len(candidates):,} documents," if has_documents else ""
    unknown = "" if has_documents else ", sentence by sentence: no documents are known"
    notes.append(f"{len(evaluation):,} of {len(whole):,} pairs{documents} are held out to evaluate on{unknown}")
    if len(held) > len(evaluation):
        notes.append(
            f"{len(held) - len(evaluation):,} more are left out with them: a text of theirs is in another held-out "
            f"pair, so that a ranking would have several right answers"
        )
    return whole.only([not one for one in out]), evaluation


def _choose_clusters(order: Sequence[str], sizes: Counter[str], usable: Counter[str], at_most: int) -> set[str]:
    """The clusters that are held out: a share of the pairs, and up to half where that is too few to evaluate on.

    Args:
        order: The clusters, as they are tried.
        sizes: Pairs of each cluster.
        usable: Those of them that can be evaluated on.
        at_most: Of the pairs that are evaluated on.
    """
    chosen: set[str] = set()
    total = sizes.total()
    taken = held = 0
    for limit, enough in ((max(SHARE * total, AT_LEAST), at_most), (total, AT_LEAST)):
        for cluster in order:
            fits = taken + sizes[cluster] <= min(limit, total / 2) and held + usable[cluster] <= at_most
            if fits and held < enough and cluster not in chosen:
                chosen.add(cluster)
                taken, held = taken + sizes[cluster], held + usable[cluster]
    return chosen


def _documents(sizes: Counter[str]) -> set[str]:
    """The clusters of several pairs, where they have at least half of all pairs: beside them, lines of a file, whose
    documents nobody knows, are no evidence of what is learned about new ones. None where they have less."""
    several = {cluster for cluster, size in sizes.items() if size > 1}
    return several if sum(sizes[cluster] for cluster in several) >= sum(sizes.values()) / 2 else set()


def linked_clusters(pairs: Pairs) -> list[str]:
    """A name a pair, equal for those that share texts, however many pairs lie between: an English sentence and all its
    translations. Where one such group has more than half of the pairs, each pair has a name of its own.

    Names follow from the texts alone, so that a file has the same pairs held out wherever it lies.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(pairs)
    keys, texts = np.unique(np.concatenate([text_keys(pairs.first), text_keys(pairs.second)]), return_inverse=True)
    edges = coo_array((np.ones(n, np.int8), (texts[:n], texts[n:])), shape=(len(keys), len(keys)))
    _, group_of_text = connected_components(edges, directed=False)
    groups = group_of_text[texts[:n]]
    if np.bincount(groups).max() > n / 2:
        return [f"{keys[one]} {keys[other]}" for one, other in zip(texts[:n], texts[n:], strict=True)]
    _, smallest = np.unique(group_of_text, return_index=True)  # keys are sorted: the first of a group is its smallest
    return [str(keys[text]) for text in smallest[groups]]


def _first_with_its_texts(pairs: Pairs) -> list[bool]:
    """Of each pair, whether no earlier one of its languages has its first text or its second."""
    seen: set[tuple[tuple[str, str], int, int]] = set()
    found = []
    for languages, *keys in zip(pairs.languages, text_keys(pairs.first), text_keys(pairs.second), strict=True):
        own = {(languages, side, int(key)) for side, key in enumerate(keys)}
        found.append(seen.isdisjoint(own))
        if found[-1]:
            seen |= own
    return found


def _without_texts_of(pairs: Pairs, held: Pairs) -> tuple[Pairs, int]:
    """The pairs none of whose texts is one of the held-out ones, but for case and white space; and how many are not."""
    import numpy as np

    known = text_keys(held.texts())
    kept = ~(np.isin(text_keys(pairs.first), known) | np.isin(text_keys(pairs.second), known))
    return pairs.only(kept.tolist()), int((~kept).sum())
