"""The baselines: models without trained weights (`random`, `ngram`, `bm25`), and hybrid search.

The plugin's hooks. Each model's module is imported when it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import xlbench


@xlbench.hookimpl
def xlbench_models() -> Iterator[xlbench.Model]:
    """`random`, `ngram`, `ngram-translit` and `bm25`.

    Their content is their code. numpy's version is no part of it: the n-grams are exact whole-number arithmetic, and
    a test holds the random numbers. Neither is Python's Unicode version: normal forms and case folds never change.
    None is cached: they encode as quickly as a disk reads.
    """
    yield xlbench.Model(
        "random",
        load=_load_random,
        fingerprint=partial(xlbench.code_fingerprint, "xlbench_baselines.random_vectors"),
        description="Random vectors, seeded by the text: mteb/baseline-random-encoder, number for number.",
        license="Apache-2.0",
        in_suites=True,
        cached=False,
    )
    ngram_modules = ("xlbench_baselines.ngrams", "xlbench_baselines.folding")
    yield xlbench.Model(
        "ngram",
        load=_load_ngram,
        fingerprint=partial(xlbench.code_fingerprint, *ngram_modules),
        description="Hashed n-grams of 1 to 4 characters: what can be had from a shared spelling.",
        license="Apache-2.0",
        in_suites=True,
        cached=False,
    )
    yield xlbench.Model(
        "ngram-translit",
        load=_load_ngram_translit,
        fingerprint=partial(xlbench.code_fingerprint, *ngram_modules, distributions=("anyascii",)),
        description="The same over Latin letters (anyascii), with and without vowels: names meet across scripts.",
        license="Apache-2.0",
        in_suites=True,
        cached=False,
    )
    yield xlbench.Model(
        "bm25",
        load=_load_no_vectors,
        search=_bm25,
        fingerprint=partial(
            xlbench.code_fingerprint, "xlbench_baselines.bm25", "xlbench_baselines.tokens", distributions=("bm25s",)
        ),
        description="BM25 over words, or pairs of characters where a script has no spaces: for document search alone.",
        license="Apache-2.0",
        cached=False,
    )


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """``hybrid:bm25+SPEC``."""
    yield xlbench.Scheme(
        "hybrid",
        lambda spec: spec.startswith("hybrid:"),
        combine=_hybrids,
        description="Two searches, fused by reciprocal ranks: hybrid:bm25+SPEC",
    )


def _hybrids(spec: str, catalog: xlbench.Catalog) -> list[xlbench.Model]:
    from xlbench_baselines import hybrid

    return hybrid.models(spec, catalog)


def _load_no_vectors() -> xlbench.Encoder:
    from xlbench_baselines.bm25 import NoVectors

    return NoVectors()


def _bm25() -> xlbench.Searcher:
    from xlbench_baselines.bm25 import BM25

    return BM25()


def _load_random() -> xlbench.Encoder:
    from xlbench_baselines.random_vectors import RandomVectors

    return RandomVectors()


def _load_ngram() -> xlbench.Encoder:
    from xlbench_baselines import ngrams

    return ngrams.plain()


def _load_ngram_translit() -> xlbench.Encoder:
    from xlbench_baselines import ngrams

    return ngrams.transliterated()
