"""Languages and splits in the names of files, and the patterns that they follow."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xlbench_tasks.card.schema import SPLIT
from xlbench_tasks.data.source import LANGUAGE
from xlbench_tasks.draft import language

SPLITS: Mapping[str, str] = {
    "train": "train", "training": "train", "trn": "train",
    "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev", "development": "dev", "devel": "dev",
    "test": "test", "tst": "test", "testing": "test", "devtest": "test",
}  # fmt: skip
"""Words for splits -> the split."""

Option = tuple[str, str, str]
"""A way to see a language in a name: the pattern, the code, and the word."""

_TOKEN = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(\.(txt|tsv|csv|conll|conllu|iob2?|bio|json|jsonl|parquet|xlsx|tmx|gz|zst|tab|dat))+$")


@dataclass(frozen=True)
class NamedFile:
    """A file, and what its name says."""

    file: str
    pattern: str
    """Its name with placeholders for the words that stand for the language and the split."""
    split: str = ""
    """train, dev or test; "" where no word says so."""
    split_word: str = ""
    language: str = ""
    """A code; "" where no word says so."""
    word: str = ""
    """What stands in the place of the language; it may mean none that is known."""
    sure: bool = True
    """False where a single short word may mean the language or something else."""
    literal: str = ""
    """The pattern with the file's own word for the split."""


def named(files: Sequence[str]) -> list[NamedFile]:
    """What the names of files say, one by one, in their order."""
    split = [_with_split(file) for file in files]
    options = _without_common({one.file: list(_languages(one.pattern)) for one in split})
    words: dict[str, set[str]] = defaultdict(set)
    for candidates in options.values():
        for pattern, _, word in candidates:
            words[pattern].add(word)
    chosen = [_choose(one, options[one.file], words) for one in split]
    chosen = [_joined(one, chosen, words) for one in chosen]
    return [replace(one, literal=one.pattern.replace(SPLIT, one.split_word)) for one in chosen]


def _with_split(file: str) -> NamedFile:
    """The file with its last word for a split replaced."""
    for match in reversed([*_TOKEN.finditer(file)]):
        if split := SPLITS.get(match[0].lower()):
            return NamedFile(file, file[: match.start()] + SPLIT + file[match.end() :], split, match[0])
    return NamedFile(file, file)


def _spans(pattern: str) -> Iterator[str]:
    """Words that a language may be, in the parts of a name: a whole part, and one or two words in it."""
    parts = pattern.split("/")
    parts[-1] = _ENDING.sub("", parts[-1])
    for part in parts:
        tokens = [*_TOKEN.finditer(part)]
        for size in (2, 1):
            for first, last in zip(tokens, tokens[size - 1 :], strict=False):
                yield part[first.start() : last.end()]


def _languages(pattern: str) -> Iterator[Option]:
    """The ways to see a language in a name."""
    for word in dict.fromkeys(_spans(pattern)):
        if (code := language.meant(word)) and word not in (SPLIT[1:-1],):
            whole = re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])")
            yield whole.sub(LANGUAGE, pattern), code, word


def _without_common(options: dict[str, list[Option]]) -> dict[str, list[Option]]:
    """The ways to see a language in names, without words that all files have (``slovak_kinit/en.txt``), unless that
    leaves none."""
    if len(options) < 2:
        return options
    common = set.intersection(*({word for _, _, word in candidates} for candidates in options.values()))
    return {
        file: [option for option in candidates if option[2] not in common] or candidates
        for file, candidates in options.items()
    }


def _choose(one: NamedFile, options: Sequence[Option], words: Mapping[str, set[str]]) -> NamedFile:
    """The way that most files are seen in; a word that is an ordinary one, too, needs others beside it."""
    able = [option for option in options if len(words[option[0]]) > 1 or not language.is_weak(option[2])]
    if not able:
        return one
    pattern, code, word = max(able, key=lambda option: (len(words[option[0]]), len(option[2]) > 3, len(option[2])))
    return replace(one, pattern=pattern, language=code, word=word, sure=len(words[pattern]) > 1 or len(word) > 3)


def _joined(one: NamedFile, chosen: Sequence[NamedFile], words: Mapping[str, set[str]]) -> NamedFile:
    """A file with no language of its own, as one of those whose pattern it fits: its word is a code that is not known,
    or none."""
    if one.language:
        return one
    for pattern in dict.fromkeys(other.pattern for other in chosen if other.language and len(words[other.pattern]) > 1):
        fitting = re.compile(r"(?P<word>[^/]+?)".join(map(re.escape, pattern.split(LANGUAGE, 1))).replace(
            re.escape(LANGUAGE), "(?P=word)"))  # fmt: skip
        if match := fitting.fullmatch(one.pattern):
            code = match["word"] if re.fullmatch("[a-z]{3}", match["word"]) and len(words[pattern]) > 2 else ""
            return replace(one, pattern=pattern, language=code, word=match["word"])
    return one


def of_folders(path: str) -> str:
    """The language that the names of the innermost folders say in words (``icelandic_sentiment``); "" for none."""
    for part in reversed(path.split("/")[-3:]):
        for word in _spans(part):
            if len(word) > 3 and (code := language.of_name(word)):
                return code
    return ""
