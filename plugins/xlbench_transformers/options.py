"""The options of the schemes: what may follow a ``?`` in a spec, and what each option changes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xlbench import Option

LABELS = ("name", "revision", "trained_on")
"""Options that say what a model is called, where it is found and what it has seen. What is found there is its
identity."""

MACHINE = ("device", "batch_size")
"""Options of the machine: vectors are equal up to rounding, and identity does not know of them."""

TRANSFORM = ("dimensions", "normalize", "whiten", "whiten_on", "whiten_components", "similarity")
"""Options of what comes after encoding: models that differ in these alone share vectors. Dimensions are cut after
whitening, and vectors brought to unit length last. Every other option shapes the vectors themselves."""

_COMMON = (
    Option("name", description="what boards and results call it; the spec itself where it is left out"),
    Option(
        "revision",
        description="commit, tag or branch of the hub's repository; code:DIGITS pins the code of a local folder",
    ),
    Option(
        "trained_on",
        description="data sets that it was trained on, as cards name them, with commas: boards mark its scores there",
    ),
    Option(
        "similarity",
        "choice",
        "cosine",
        ("cosine", "dot"),
        "how vectors are compared, where a task can choose (retrieval can)",
    ),
    Option("device", default="auto", description="auto, cpu, cuda, cuda:N or mps; auto takes an accelerator if any"),
    Option("batch_size", "int", description="texts at a time; left out: as many as fit, by their length"),
    Option("max_length", "int", description="tokens of a text that are read; left out: the checkpoint's own limit"),
    Option(
        "dtype",
        "choice",
        "float32",
        ("float32", "float16", "bfloat16"),
        "numbers in which it is computed, whatever its file is in",
    ),
    Option("prompt", default="", description="what is put before every text; or a template, where it holds {text}"),
    Option("prompt_query", description="the same for the queries of an asymmetric search; left out: prompt"),
    Option("prompt_document", description="the same for the documents of an asymmetric search; left out: prompt"),
    Option(
        "dimensions",
        "ints",
        description="only the first N, at unit length; several values are several models of one encoding",
    ),
    Option("normalize", "bool", default=False, description="vectors of unit length, after all else"),
    Option(
        "whiten",
        "choice",
        "none",
        ("none", "whiten", "abtt"),
        "whiten: mean 0 and covariance 1; abtt: without the mean and the main components (all but the top)",
    ),
    Option(
        "whiten_on",
        description="text file, a text a line, to fit it on; or 'cell': on the texts that are scored (transductive)",
    ),
    Option(
        "whiten_components",
        "int",
        description="whiten: dimensions that are kept (left out: all); abtt: components removed (left out: d/100)",
    ),
)

_WORDS = (
    Option(
        "words",
        "choice",
        "first",
        ("first", "mean"),
        "the vector of a word of several pieces: the first's, or their mean",
    ),
    Option("window", "int", description="tokens of a window, where sentences of words are longer than the limit"),
)

_POOLED = (
    Option(
        "pooling",
        "choice",
        "mean",
        ("mean", "cls", "max", "last"),
        "one vector of many: of all tokens but padding, the first, the largest a dimension, the last",
    ),
    Option("layer", "layers", (-1,), description="layers that are averaged: -1 the last, 0 the embeddings, or 0,-1"),
    Option("layers", "choice", None, ("first-last", "last-two"), "layers that are averaged, by a name: 0,-1 or -2,-1"),
)

DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]+)?")
"""What ``device`` may be; whether this machine has it is seen when a model is loaded."""

PRESETS: Mapping[str, tuple[int, ...]] = {"first-last": (0, -1), "last-two": (-2, -1)}
"""What the values of ``layers`` stand for. A spec that reaches an encoder has them in ``layer`` already."""

OPTIONS: Mapping[str, tuple[Option, ...]] = {
    "hf": (*_COMMON, *_WORDS, *_POOLED),
    "st": (*_COMMON, *_WORDS),
    "siamese": (*_COMMON, *_WORDS, *_POOLED),
    "static": _COMMON,
}
"""Scheme -> its options. Pooling and layers of a sentence-transformers folder are its own; a static vector of a word
knows no sentence."""
