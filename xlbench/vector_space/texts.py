"""The texts of a task in some languages, and stratified samples of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xlbench.core.errors import DataMissing, UsageError
from xlbench.core.ids import digest
from xlbench.core.item_texts import item_texts
from xlbench.core.task import Data, ItemText, Subset, Task
from xlbench.core.text import did_you_mean


@dataclass(frozen=True)
class TaskTexts:
    """Texts of a task, sorted by language and item."""

    task: str
    texts: tuple[ItemText, ...]
    available: int
    """How many items there are, of which these may be a sample."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, sorted."""
        return tuple(sorted({text.language for text in self.texts}))

    @property
    def items(self) -> int:
        """How many items: a text and its translations are one."""
        return len({text.item for text in self.texts})


def texts_of(task: Task, data: Data, languages: Sequence[str], limit: int) -> TaskTexts:
    """At most ``limit`` items of a task in the languages (none named: all that are at hand).

    Raises:
        UsageError: The task does not tell its texts, or has no such language.
        DataMissing: The data of a language is not at hand.
        DataError: It is damaged.
    """
    wanted = tuple(dict.fromkeys(languages))
    for language in wanted:
        if task.languages and language not in task.languages:
            raise UsageError(
                f"{task.name} has no language {language!r}.{did_you_mean(language, task.languages)} "
                f"Codes are ISO 639-3, with a script where it matters (zho_Hans)"
            )
    if task.texts is None:
        raise UsageError(f"{task.name} does not tell the texts of its items (Task.texts), so none can be drawn")
    found = _gather(task, list(task.subsets(data)), wanted)
    items = {text.item for text in found.values()}
    kept = sample(found.values(), limit)
    chosen = sorted((key for key, text in found.items() if text.item in kept))
    return TaskTexts(task.name, tuple(found[key] for key in chosen), len(items))


def _gather(task: Task, subsets: Sequence[Subset], wanted: tuple[str, ...]) -> dict[tuple[str, str], ItemText]:
    """(language, item) -> its text, from as few subsets as have all the languages: those of few languages first."""
    at_hand = [subset for subset in subsets if not subset.missing and not subset.damaged]
    sought = set(wanted or {language for subset in at_hand for language in subset.languages})
    found: dict[tuple[str, str], ItemText] = {}
    left = set(sought)
    for subset in sorted(at_hand, key=lambda one: (not sought.issuperset(one.languages), len(one.languages))):
        if left.isdisjoint(subset.languages):
            continue
        for text in item_texts(task, subset):
            if text.language in left:
                found[text.language, text.item] = text
        left -= {language for language, _ in found}
    if left or not found:
        why = next((one.missing or one.damaged for one in subsets if left & {*one.languages}), "")
        languages = ", ".join(sorted(left)) or "any language"
        raise DataMissing(f"{task.name} has no texts in {languages} here{f': {why}' if why else ' (--data)'}")
    return found


def sample(texts: Iterable[ItemText], limit: int) -> set[str]:
    """The items of a sample: labels (and sets of languages) keep their shares, an item keeps all its translations.

    Items are put in one order, of which the first are taken, so that smaller samples lie within larger ones. Of each
    stratum of n items one comes first of all, and item i, from 0, is due at (i + 1/2) / n (Webster's method). Within a
    stratum a hash of the id decides: the sample does not hang on the order of files.
    """
    strata: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    of_item: dict[str, list[ItemText]] = {}
    for text in texts:
        of_item.setdefault(text.item, []).append(text)
    for item, own in of_item.items():
        stratum = tuple(sorted({text.label for text in own})), tuple(sorted({text.language for text in own}))
        strata.setdefault(stratum, []).append(item)
    queue = []
    for items in strata.values():
        for place, item in enumerate(sorted(items, key=lambda item: digest("sample", item))):
            queue.append((-1.0 if place == 0 else (place + 0.5) / len(items), -len(items), item))
    return {item for *_, item in sorted(queue)[:limit]}
