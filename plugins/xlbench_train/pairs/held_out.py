"""Which pairs are held out: whole documents where they are known, and no text that is trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench import Catalog, UsageError, text_keys
from xlbench.core.ids import digest
from xlbench_train.pairs.cards import PREFIX, read_card
from xlbench_train.pairs.files import read_file
from xlbench_train.pairs.pairs import Pairs, check, joined, without_repeats

SHARE = 0.1
"""Of the pairs, at most, that are held out where nobody gives pairs to evaluate on."""
AT_MOST = 1000, 5000
"""Pairs that are held out at most, of a pair of languages (enough for intervals of three points) and of all."""
AT_LEAST = 20
"""Pairs below which an evaluation says nothing."""


@dataclass(frozen=True)
class Parts:
    """Pairs to train on and pairs to evaluate on, with no text in both."""

    training: Pairs
    evaluation: Pairs
    notes: tuple[str, ...]
    """How they were made, each a sentence for a person."""


def read_parts(
    pairs: Sequence[str], evaluation: Sequence[str], catalog: Catalog, data: Path | None, *, seed: int, skip_empty: bool
) -> Parts:
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
    whole, repeats = without_repeats(joined(_read(spec, catalog, data, skip_empty=skip_empty) for spec in pairs))
    check(whole, "--pairs")
    notes = [note for source in whole.sources for note in source.notes]
    notes += [f"{repeats:,} repeated pairs were left out"] * bool(repeats)
    if evaluation:
        given = (_read(spec, catalog, data, skip_empty=skip_empty) for spec in evaluation)
        held, _ = without_repeats(joined(given))
        check(held, "--eval-pairs")
        training = whole
    else:
        training, held = _split(whole, seed, notes)
    if len(held) < AT_LEAST:
        how = "give more of them" if evaluation else "give more pairs, or others with --eval-pairs"
        raise UsageError(f"{len(held)} pairs to evaluate on are too few to tell anything (under {AT_LEAST}): {how}")
    training, lost = _without_texts_of(training, held)
    if lost:
        notes.append(f"{lost:,} pairs are not trained on, as a text of theirs is among those of the evaluation")
    check(training, "--pairs, without what is held out")
    return Parts(training, held, tuple(notes))


def _read(spec: str, catalog: Catalog, data: Path | None, *, skip_empty: bool) -> Pairs:
    return read_card(spec, catalog, data) if spec.startswith(PREFIX) else read_file(spec, skip_empty=skip_empty)


def _split(whole: Pairs, seed: int, notes: list[str]) -> tuple[Pairs, Pairs]:
    """The pairs without and with the held-out clusters, whose choice follows from their names and the seed alone."""
    sizes = Counter(whole.clusters)
    wanted = min(max(SHARE * len(whole), AT_LEAST), AT_MOST[0] * len(set(whole.languages)), AT_MOST[1], len(whole) / 2)
    chosen: set[str] = set()
    held = 0
    for cluster in sorted(sizes, key=lambda name: digest("held out", str(seed), name)):
        if held + sizes[cluster] <= wanted or (not chosen and len(sizes) > 1):
            chosen.add(cluster)
            held += sizes[cluster]
    documents = len(sizes) < len(whole)
    what = f"{held:,} of {len(whole):,} pairs" + (f", {len(chosen):,} of {len(sizes):,} documents," * documents)
    notes.append(
        f"{what} are held out to evaluate on" + ("" if documents else ", pair by pair: no documents are known")
    )
    out = [cluster in chosen for cluster in whole.clusters]
    return whole.only([not one for one in out]), whole.only(out)


def _without_texts_of(pairs: Pairs, held: Pairs) -> tuple[Pairs, int]:
    """The pairs none of whose texts is one of the held-out ones, but for case and white space; and how many are not."""
    import numpy as np

    known = text_keys(held.texts())
    kept = ~(np.isin(text_keys(pairs.first), known) | np.isin(text_keys(pairs.second), known))
    return pairs.only(kept.tolist()), int((~kept).sum())
