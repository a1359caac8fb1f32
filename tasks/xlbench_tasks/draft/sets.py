"""Sets of files that one card reads: which patterns go together, their splits and their languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xlbench.core.text import first_of
from xlbench_tasks.card.schema import SPLITS
from xlbench_tasks.data.source import LANGUAGE, Home
from xlbench_tasks.draft import language
from xlbench_tasks.draft.names import NamedFile, of_folders
from xlbench_tasks.draft.written import Draft

FOLDS = 5
"""Into how many parts a data set without a train split is dealt."""


@dataclass
class FileSet:
    """Files of one kind that follow a pattern, or several."""

    files: list[NamedFile]
    folder: str = ""
    """Where they lie: the folder that patterns begin in, whose name may tell a language."""
    left_out: list[str] = field(default_factory=list)
    """Files that are no part of it."""

    @property
    def patterns(self) -> list[str]:
        """The patterns, with {split} where there are several splits; that with the most files first."""
        counts: dict[str, int] = {}
        several = len(self.splits) > 1
        for one in self.files:
            pattern = one.pattern if several else one.literal
            counts[pattern] = counts.get(pattern, 0) + 1
        return sorted(counts, key=lambda pattern: -counts[pattern])

    @property
    def splits(self) -> dict[str, str]:
        """train, dev and test, as far as there are such files -> the word for it."""
        words = {one.split: one.split_word for one in self.files if one.split}
        return {split: words[split] for split in SPLITS if split in words}

    @property
    def words(self) -> dict[str, str]:
        """What stands for a language in names -> its code; "" where that is not known."""
        return {one.word: one.language for one in self.files if one.word}

    @property
    def codes(self) -> list[str]:
        """The languages, each once, sorted."""
        return sorted({code for code in self.words.values() if code})

    def of_split(self, split: str) -> list[NamedFile]:
        """The files of a split; all where there are no splits."""
        return [one for one in self.files if one.split == split] or self.files

    def only(self, wanted: Callable[[NamedFile], bool]) -> None:
        """Keep some of the files; the others are left out."""
        self.left_out += [one.file for one in self.files if not wanted(one)]
        self.files = [one for one in self.files if wanted(one)]


def sets(files: Sequence[NamedFile], fits: Callable[[NamedFile, NamedFile], bool], folder: str) -> Iterator[FileSet]:
    """The sets that files make, the largest first: those of one pattern that fit each other, with those of other
    patterns that fit these and are of other languages or splits."""
    groups: list[list[NamedFile]] = []
    for one in files:
        group = next((group for group in groups if group[0].pattern == one.pattern and fits(group[0], one)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    ordered = sorted(groups, key=lambda group: (-len(group), len(group[0].pattern)))
    for main in ordered:
        chosen = FileSet([*main], folder)
        for group in ordered:
            if group is main:
                continue
            if fits(main[0], group[0]) and _may_join(chosen, group):
                chosen.files += group
            else:
                chosen.left_out += [one.file for one in group]
        yield chosen


def _may_join(chosen: FileSet, group: Sequence[NamedFile]) -> bool:
    """Whether other files are of other languages or splits, and say so as those do."""
    if bool(group[0].word) != bool(chosen.files[0].word):
        return False
    words = {one.split: one.split_word for one in chosen.files}
    if any(words.get(one.split, one.split_word) != one.split_word for one in group):
        return False
    if len({one.language for one in (*group, *chosen.files)}) == 1:  # parts of one language, one after the other
        return {one.split for one in group} == {one.split for one in chosen.files}
    keys = {(one.language or one.word, one.split) for one in chosen.files}
    return not keys & {(one.language or one.word, one.split) for one in group}


def say_splits(draft: Draft, found: FileSet, *, learns: bool) -> None:
    """Put splits or folds into the draft, and keep only the files that these are about."""
    splits = found.splits
    if len(splits) > 1 and "test" not in splits:
        splits = {**splits, "test": splits.pop("dev")}
        draft.unsure.append(f"There is no test split: that called {splits['test']!r} is scored.")
        draft.card["splits"] = (splits, "from the names of files")
    elif len(splits) > 1 and ("train" in splits or not learns):
        draft.card["splits"] = (splits, "from the names of files")
    else:
        if len(splits) > 1:
            found.only(lambda one: one.split == "test")
        if learns:
            kept = " but the test split" if splits else ""
            draft.card["folds"] = (
                FOLDS, f"there are no splits{kept}: every item is scored, by what is learned from the other parts"
            )  # fmt: skip


def say_languages(draft: Draft, found: FileSet, texts: Callable[[str], Sequence[str]], *, single: bool = True) -> None:
    """Put the languages, the aliases and the patterns into the draft.

    Args:
        draft: what is written.
        found: the files.
        texts: gives some texts of a file.
        single: whether a set of one language is said with ``language``, and not with {language} in the pattern.
    """
    _check_against_texts(found, texts)
    if unknown := sorted(word for word, code in found.words.items() if not code):
        found.only(lambda one: bool(one.language))
        draft.unsure.append(
            f"Which language is {first_of(unknown, 5)}? These files are left out: add codes to languages and aliases."
        )
    codes = found.codes
    if len(codes) > 1 or (codes and not single):
        draft.card["languages"] = (codes, "from the names of files")
        patterns = found.patterns
        draft.data["files"] = (patterns[0] if len(patterns) == 1 else patterns, "")
        if aliases := aliases_of(found.words, codes):
            draft.data["aliases"] = (aliases, "the word of the file's name = the code")
        return
    code, why = (codes[0], "from the name of the file") if codes else alone(draft, found, texts(found.files[0].file))
    draft.card["languages"] = ([code], why)
    say_files(draft, found)
    draft.data["language"] = (code, "")


def say_files(draft: Draft, found: FileSet) -> None:
    """Put the files into the draft by their own names, whatever language these say."""
    names = list(dict.fromkeys(_literal(found, one) for one in found.files))
    draft.data["files"] = (names[0] if len(names) == 1 else names, "")


def _literal(found: FileSet, one: NamedFile) -> str:
    """A file's own name, with {split} where there are several."""
    if len(found.splits) < 2:
        return one.file
    return one.pattern.replace(LANGUAGE, one.word)


def alone(draft: Draft, found: FileSet, texts: Sequence[str]) -> tuple[str, str]:
    """The language of files whose names say none, and how it was told: by a folder's name, else by their texts."""
    if (code := of_folders(found.folder)) and language.agrees(code, texts):
        return code, "from the name of the folder"
    code, why = language.of_texts(texts)
    if code.startswith(language.UNKNOWN):
        draft.unsure.append(f"The language could not be told ({why}): write its code of ISO 639-3. {language.ADVICE}.")
    elif "py3langid" in why:
        draft.unsure.append(f"The language, {code}, was guessed from texts.")
    return code, why


def _check_against_texts(found: FileSet, texts: Callable[[str], Sequence[str]]) -> None:
    """Drop a language that one short word may mean, where the texts are in another script; Chinese gets its script."""
    for place, one in enumerate(found.files):
        if one.language and not one.sure and not language.agrees(one.language, texts(one.file)):
            back = one.pattern.replace(LANGUAGE, one.word)
            found.files[place] = replace(one, pattern=back, literal=one.file, language="", word="")
        elif one.language == "zho":
            code = f"zho_{language.chinese_script(texts(one.file))}"
            found.files[place] = replace(one, language=code)


def aliases_of(words: Mapping[str, str], codes: Iterable[str]) -> dict[str, str]:
    """The words that a reader would not take for the language that they mean."""
    home = Home("", "", "", tuple(codes))
    return {word: code for word, code in sorted(words.items()) if code and home.language_of(word) != code}
