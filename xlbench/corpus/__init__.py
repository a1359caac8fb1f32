"""Corpora for language models: files become one cleaned corpus with counts and a datasheet, which trainings read."""

from xlbench.corpus.manifest import Corpus, Line, read
from xlbench.corpus.normalizing import normalizer
from xlbench.corpus.preparing import STEPS, Prepared, prepare
from xlbench.corpus.rules import Rules, load_rules
from xlbench.corpus.slices import out_of_vocabulary, suffix_count, tokens_per_word, vocabulary, words
from xlbench.corpus.splitting import Splitter

__all__ = [
    "STEPS", "Corpus", "Line", "Prepared", "Rules", "Splitter", "load_rules", "normalizer", "out_of_vocabulary",
    "prepare", "read", "suffix_count", "tokens_per_word", "vocabulary", "words",
]  # fmt: skip
