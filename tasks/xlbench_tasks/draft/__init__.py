"""Drafts of cards: looks at files of data and writes the card that reads them, with a reason for every guess.

``drafting`` is the way in. ``found`` lists files, ``names`` finds languages and splits in their names, ``kinds`` tells
of which kind each is. ``dialect``, ``objects``, ``columns``, ``labels`` and ``tagged`` look into tables, JSON and
tagged words, ``language`` guesses languages, ``sets`` puts files together. ``tables`` (with ``rows``, ``labeled``,
``multilabel``, ``pairs`` and ``translations``), ``lines``, ``line_labels``, ``words``, ``searches``, ``memories`` and
``classes`` make drafts of one kind each, ``trial`` tries them, and ``written`` puts them into TOML.
"""
