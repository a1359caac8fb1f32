"""Protocols: how a task is evaluated. One light file a protocol, which lists without numpy; the numbers are computed in
the file that it imports when a cell is due.

A protocol is a module with

- ``VERSION``, raised when scores would change;
- ``OPTIONS``, what a card's ``[options]`` may hold: name -> type or allowed values;
- ``metrics(options)``, the main one first;
- ``subsets(data_set, options, data, languages)``, with everything that ``Subset.load`` will need;
- ``evaluate(subset, session, options)``;
- if it likes, ``LANGUAGE_OPTIONS``, the options that name languages of the card -> words that may stand there instead;
- if it likes, ``FOLLOWS``, options that list what a table of [data] says -> the key of that table, so that nothing is
  said twice.

A card names one of these by its plain name (``label-budget`` is the module ``label_budget``), and anybody else's as
``package.module``. Some modules here are no protocols: ``active`` chooses what is labeled next, ``transfer`` and
``classification_facts`` hold what protocols that learn share, ``search_items`` what a search scores, ``text_pairs``
what `similarity` and `pairs` do, ``aligned_texts`` what `retrieval`, `alignment` and `nearmiss` pair,
``language_pairs`` pairs of languages, ``footnotes`` what several say, ``found_labels`` what follows from labels that
nobody listed, ``multilabel_scores`` the scores of sets of labels, and those in ``_metrics`` the metrics of one."""

from collections.abc import Callable, Mapping

PROTOCOLS = (
    "alignment",
    "classification",
    "clustering",
    "label-budget",
    "multilabel",
    "nearmiss",
    "pairs",
    "retrieval",
    "search",
    "similarity",
    "tagging",
)

PARTS = {"VERSION": int, "OPTIONS": Mapping, "metrics": Callable, "subsets": Callable, "evaluate": Callable}
"""What a protocol's module has, and of which type."""
