"""Drafts for words and their tags: protocol `tagging`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xlbench.core.text import first_of
from xlbench_tasks.data.source import LANGUAGE
from xlbench_tasks.draft.sets import FileSet, alone, say_languages, say_splits
from xlbench_tasks.draft.tagged import Layout, Tagged
from xlbench_tasks.draft.written import Draft

RARE = 0.005
"""A type with a smaller share of the tags is written as none: there is nothing to learn."""


def fill(draft: Draft, found: FileSet, layouts: Mapping[str, Layout], read: Mapping[str, Tagged]) -> None:
    """Make a draft of files with a word and its tag a line."""
    how = layouts[found.files[0].file]
    draft.card["area"] = ("ner", "")
    draft.card["protocol"] = ("tagging", f"column {how.tag} holds tags of entities, {_scheme(found, read)}")
    say_splits(draft, found, learns=True)
    draft.data["reader"] = ("conll", "")
    say_places(draft, found, {name: one.words for name, one in read.items()})
    draft.data["delimiter"] = (how.delimiter, "")
    if how.key:
        draft.data["token"] = (how.token, "the column of words, from 1")
        draft.data["tag_key"] = (how.key, "the tag stands under this key in the last column")
    elif (how.token, how.tag) != (1, how.width):
        draft.data["token"], draft.data["tag"] = (how.token, "the column of words, from 1"), (how.tag, "and of tags")
    if how.rivals:
        others = first_of([str(place) for place in reversed(how.rivals)], 5)
        draft.unsure.append(f"Other columns hold tags, too ({others}): tag = {how.tag} is read, and no other.")
    if how.comment:
        draft.data["comment"] = (how.comment, "lines that begin so are no words, unless they have a tag")
    if how.documents:
        draft.data["documents"] = (how.documents, "a document begins, whose sentences are one cluster")
    if single := [one.file for one in found.of_split("test") if read[one.file].documents == 1]:
        draft.unsure.append(
            f"One document alone begins in {first_of(single, 3)}: its sentences are one cluster, which has no "
            "interval. Where they are not of one text, take that line out of the file."
        )
    prefixes = sorted({one.token_prefix for one in read.values() if one.token_prefix})
    if prefixes:
        draft.data["token_prefix"] = (prefixes, "nearly all words of a file begin so")
    _types(draft, sum((read[one.file].kinds for one in found.files), Counter()))


def say_places(draft: Draft, found: FileSet, texts: Mapping[str, Sequence[str]]) -> None:
    """Patterns and languages; pairs of a language and its file where names follow no pattern."""

    def of_file(file: str) -> Sequence[str]:
        return [" ".join(texts[file])]

    one_pattern = len({one.pattern for one in found.files if one.language}) <= 1
    if len(found.codes) < 2 or (one_pattern and found.files[0].pattern.count(LANGUAGE) == 1):
        say_languages(draft, found, of_file)
        return
    pairs: dict[str, str] = {}
    several = len(found.splits) > 1
    for one in found.files:
        code = one.language if one.language != "zho" else alone(draft, found, of_file(one.file))[0]
        pairs.setdefault(code, (one.pattern if several else one.literal).replace(LANGUAGE, one.word))
    draft.card["languages"] = (sorted(pairs), "from the names of files")
    draft.data["files_of"] = ([[code, pairs[code]] for code in sorted(pairs)], "")


def _types(draft: Draft, kinds: Counter[str]) -> None:
    """The types of entities; rare ones count as none."""
    total = kinds.total()
    common = [kind for kind, count in kinds.most_common() if count >= RARE * total]
    rare = [kind for kind in kinds if kind not in common]
    draft.data["tags"] = (
        {kind: kind for kind in common} | dict.fromkeys(sorted(rare), "O"),
        "the type in the files = the type that is scored" + ("; rare ones are O, no entity" if rare else ""),
    )
    if rare:
        draft.unsure.append(f"Types with few entities are not scored: {first_of(rare, 8)}.")
    draft.options["types"] = (common, "")


def _scheme(found: FileSet, read: Mapping[str, Tagged]) -> str:
    """The schemes, in words: the reader finds out which one a file follows."""
    schemes = sorted({read[one.file].scheme for one in found.files if read[one.file].scheme})
    if schemes:
        return f"in the scheme {' or '.join(schemes)}"
    used = sorted(set("".join(read[one.file].prefixes for one in found.files)))
    return f"with the prefixes {', '.join(used)}, which follow no scheme"
