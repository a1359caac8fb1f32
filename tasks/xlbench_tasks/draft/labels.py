"""What labels say: their order, the area that they are of, and which of two means yes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xlbench_tasks.data.text import visible

SENTIMENT = {"positive", "negative", "neutral", "pos", "neg", "neu", "mixed", "-1", "0", "1"}
TOPICS = {
    "business", "sports", "sport", "politics", "health", "technology", "tech", "entertainment", "science", "world",
    "religion", "travel", "geography", "economy", "culture", "science/technology",
}  # fmt: skip
YES = ("1", "yes", "true", "paraphrase", "entailment", "duplicate", "related", "equivalent", "similar", "match", "1.0")
ABOUT_SENTIMENT = re.compile(r"senti|review|polarity|opinion|tweet|emotion|afinn", re.IGNORECASE)
ABOUT_NEWS = re.compile(r"news|topic|headline", re.IGNORECASE)


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """Labels in order, numbers by their value."""
    values = [label for label in labels if visible(label)]
    if all(re.fullmatch(r"[-+]?\d+(\.\d+)?", value) for value in values):
        return sorted(values, key=lambda value: (float(value), value))
    return sorted(values)


def area_of(labels: Sequence[str], names: Sequence[str]) -> tuple[str, str]:
    """The area of a classification, and how it was told: by its labels, else by names of files, folders and columns."""
    low = {label.strip().casefold() for label in labels}
    about = " ".join(names)
    if low <= SENTIMENT and (not low <= {"-1", "0", "1"} or ABOUT_SENTIMENT.search(about)):
        return "sentiment", "the labels are those of sentiment"
    if len(low & TOPICS) > 1 or ABOUT_NEWS.search(about):
        return "news", "the labels are topics" if len(low & TOPICS) > 1 else "by the names of files"
    if ABOUT_SENTIMENT.search(about):
        return "sentiment", "by the names of files or columns"
    return "classification", "an area of its own; say news, sentiment ... where it is one"


def yes_of(labels: Sequence[str]) -> str:
    """Which of two labels says yes: by its name, else the last one."""
    return next((label for label in labels if label.strip().casefold() in YES), labels[-1])
