"""The way in: files of data become the text of a card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from xlbench import DataError
from xlbench.core.ids import check_name
from xlbench.core.text import count_text, first_of, one_line
from xlbench_tasks.draft import classes, names, searches, sets, trial
from xlbench_tasks.draft.found import Found, find
from xlbench_tasks.draft.kinds import KINDS, look
from xlbench_tasks.draft.written import Draft


def draft_card(given: Sequence[Path], root: Path | None, name: str, *, beside: bool, path: str = "") -> str:
    """The text of a card that reads these files.

    Args:
        given: files and folders.
        root: the folder that the card's patterns begin in; None: the one that holds all of the files.
        name: the task's; "": from the name of the file or folder.
        beside: whether the card will lie in ``root``, so that a run needs no data root.
        path: of the card, as it will be typed; "": by the task's name, in the current folder.

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
    where = "" if beside else f" --data {_typed(str(found.root))}"
    card = _typed(path or f"./{title}.toml")
    head = (
        f"A draft, by xlbench card, of {count_text(len(chosen.files), 'file')}. Look at it, mend it, and run it:",
        f"  xlbench list tasks {card}{where} --show",
        f"  xlbench run --task {card}{where} --model ngram",
    )
    return draft.text(head)


def _typed(path: str) -> str:
    """A path as it is typed at a prompt: in double quotes, which every shell knows, where it has a space."""
    return f'"{path}"' if " " in path else path


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
    named, draft = names.named(found.files), Draft()
    if whole := searches.of_parts(draft, found, named):
        return "Queries and documents", whole, draft
    if whole := classes.of_folders(draft, found, named):
        return "A folder a class", whole, draft
    seen, broken = look(found, named)
    kind = max(KINDS, key=lambda one: _weight(found, seen[one]))
    if not seen[kind]:
        raise DataError(next(iter(broken.values())))
    make, words_for = KINDS[kind]
    chosen = make(found, [one for one in named if one.file in seen[kind]], seen[kind], draft)
    chosen.left_out += [file for other in KINDS if other != kind for file in seen[other]]
    draft.left_out += [f"{why}." for why in broken.values()]
    return words_for, chosen, draft


def _weight(found: Found, files: Mapping[str, object]) -> tuple[int, int]:
    return len(files), sum(found.path(file).stat().st_size for file in files)
