"""The way in: files of data become the text of a card."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from xlbench import DataError, UsageError
from xlbench.core.ids import check_name
from xlbench.core.text import count_text, first_of, one_line
from xlbench_tasks.data import text
from xlbench_tasks.draft import dialect, lines, names, objects, rows, sets, tables, tagged, trial, words
from xlbench_tasks.draft.found import Found, find
from xlbench_tasks.draft.written import Draft


def draft_card(given: Sequence[Path], root: Path | None, name: str, *, beside: bool) -> str:
    """The text of a card that reads these files.

    Args:
        given: files and folders.
        root: the folder that the card's patterns begin in; None: the one that holds all of the files.
        name: the task's; "": from the name of the file or folder.
        beside: whether the card will lie in ``root``, so that a run needs no data root.

    Raises:
        UsageError: There is no such file, or nothing that a card could ask of them.
        DataError: A file is no UTF-8 text.
    """
    found = find(given, root)
    kind, chosen, draft = _draft(found)
    title = name or _name(given[0])
    draft.card = {
        "name": (check_name("task", title), ""),
        **draft.card,
        "description": (f"{kind}, drafted from {first_of([str(path) for path in given], 3)}", ""),
        "license": ("not stated", ""),
    }
    draft.card = {key: draft.card[key] for key in ("name", "area", "protocol", "description", "license", *draft.card)}
    if beside:
        draft.data["embedded"] = (True, "the files lie below this card's folder: no --data is needed")
    draft.left_out += _left_out(chosen.left_out, found.passed_over)
    if trouble := trial.trouble(draft.text(()), found.root, beside=beside):
        draft.unsure.insert(0, f"It does not run yet: {one_line(trouble)}")
    where = "" if beside else f" --data {found.root}"
    head = (
        f"A draft, by xlbench card, of {count_text(len(chosen.files), 'file')}. Look at it, mend it, and run it:",
        f"  xlbench list tasks ./{title}.toml{where} --show",
        f"  xlbench run --task ./{title}.toml{where} --model ngram",
    )
    return draft.text(head)


def _name(given: Path) -> str:
    """A name for the task, from that of a file or folder."""
    path = given.expanduser().absolute()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", path.name.split(".")[0] if path.is_file() else path.name).strip("-._")
    return plain[:60] or "my-task"


def _left_out(left: Sequence[str], passed: Sequence[str]) -> list[str]:
    said = []
    if left:
        files = f"{count_text(len(left), 'file')} of another kind or pattern"
        said.append(f"{files}: {first_of(sorted(left), 4)}. Name them alone for a draft of their own.")
    if passed:
        said.append(f"Named as no data is: {first_of(sorted(passed), 4)}.")
    return said


def _draft(found: Found) -> tuple[str, sets.FileSet, Draft]:
    """The kind of data that most files are of, the files that a card reads, and the draft."""
    named = names.named(found.files)
    seen, broken = _look(found, named)
    kind = max(KINDS, key=lambda one: _weight(found, seen[one]))
    if not seen[kind]:
        raise DataError(next(iter(broken.values())))
    draft = Draft()
    make, words_for = KINDS[kind]
    chosen = make(found, [one for one in named if one.file in seen[kind]], seen[kind], draft)
    chosen.left_out += [file for other in KINDS if other != kind for file in seen[other]]
    draft.left_out += [f"{why}." for why in broken.values()]
    return words_for, chosen, draft


def _weight(found: Found, files: Mapping[str, object]) -> tuple[int, int]:
    return len(files), sum(found.path(file).stat().st_size for file in files)


def _look(found: Found, named: Sequence[names.NamedFile]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Kind -> file -> what was seen in it: tagged words, tables, lines of text; and why other files are nothing."""
    seen: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    broken: dict[str, str] = {}
    for one in named:
        path = found.path(one.file)
        try:
            if table := objects.look(path):
                seen["tables"][one.file] = table
            elif how := tagged.layout(path):
                seen["tags"][one.file] = how
            elif table := dialect.sniff(path):
                seen["tables"][one.file] = table
            else:
                seen["lines"][one.file] = text.count_lines(path)
        except DataError as error:
            broken[one.file] = str(error)
    return seen, broken


def _tags(found: Found, named: list[names.NamedFile], seen: Mapping[str, tagged.Layout], draft: Draft) -> sets.FileSet:
    chosen = next(sets.sets(named, lambda one, other: seen[one.file] == seen[other.file], str(found.root)))
    read = {one.file: tagged.read(found.path(one.file), seen[one.file]) for one in chosen.files}
    words.fill(draft, chosen, seen, read)
    return chosen


def _tables(
    found: Found, named: list[names.NamedFile], seen: Mapping[str, dialect.Dialect], draft: Draft
) -> sets.FileSet:
    trouble: UsageError | None = None
    for chosen in sets.sets(named, lambda one, other: rows.fits(seen, one, other), str(found.root)):
        made = Draft()
        try:
            tables.fill(made, chosen, seen)
        except UsageError as error:
            trouble = trouble or error
            continue
        draft.take(made)
        return chosen
    assert trouble is not None
    raise trouble


def _lines(found: Found, named: list[names.NamedFile], seen: Mapping[str, int], draft: Draft) -> sets.FileSet:
    with_language = [one for one in named if one.language]
    if not with_language:
        raise UsageError(
            f"{named[0].file}: one text a line, no label, and no language in its name: there is nothing to ask"
        )
    chosen = next(sets.sets(with_language, lambda one, other: seen[one.file] == seen[other.file], str(found.root)))
    others = [one for one in named if one not in with_language]
    lines_ = {seen[one.file] for one in chosen.files}
    beside = [one.file for one in others if {seen[one.file]} == lines_]
    chosen.left_out += [one.file for one in others if one.file not in beside]

    def texts(file: str) -> Sequence[str]:
        return list(islice(text.lines(found.path(file)), 300))

    lines.fill(draft, chosen, seen, texts, {file: found.path(file) for file in beside})
    return chosen


KINDS: Mapping[str, tuple[Callable[..., sets.FileSet], str]] = {
    "tags": (_tags, "Words with tags"),
    "tables": (_tables, "Rows of a table"),
    "lines": (_lines, "Aligned lines"),
}
"""Kind of files -> what makes a draft of them, and how their data is called."""
