"""Every message of every error, read from the source: the page of messages is made of it, and the FAQ checked by it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
GAP = "…"
"""Stands where a message names something of the moment: a file, a number, what may have been meant."""

ERRORS = {
    "UsageError": "What was asked for cannot be done as it was said (exit code 2)",
    "MissingExtraError": "A library is not installed (exit code 2)",
    "DataError": "A data file is broken (the cells that need it fail: exit code 1)",
    "DataMissing": "Data is not at hand (the cells that need it are skipped)",
    "EncoderError": "An encoder cannot be scored (its cells fail: exit code 1)",
    "InconsistentEncoder": "An encoder gives a text several vectors (no score of it is kept)",
    "ResultsError": "Something saved is damaged, or cannot be saved (exit code 3)",
    "ConformanceError": "A plugin does what xlbench cannot rely on (a check fails)",
}
"""Class -> what it means, and how a command ends."""

PLACES = {
    "xlbench/api": "Functions", "xlbench/catalog": "Names and plugins", "xlbench/cli": "Commands",
    "xlbench/core": "Models, tasks and files", "xlbench/encoding": "Encoding", "xlbench/hub": "The Hugging Face hub",
    "xlbench/libraries": "Other libraries", "xlbench/reports": "Boards, comparisons and gates",
    "xlbench/runs": "Runs, results and packs", "xlbench/stats": "Statistics", "xlbench/templates": "Templates",
    "xlbench/testing": "The testing kit", "xlbench/vector_space": "Pictures of vectors",
    "tasks/xlbench_tasks/card": "Cards", "tasks/xlbench_tasks/data": "Data files",
    "tasks/xlbench_tasks/draft": "Drafts of cards", "tasks/xlbench_tasks/protocols": "Protocols",
    "tasks/xlbench_tasks/readers": "Readers", "tasks/xlbench_tasks": "Tasks",
    "plugins/xlbench_baselines": "Baselines", "plugins/xlbench_classes": "Classes of one's own",
    "plugins/xlbench_mteb": "mteb", "plugins/xlbench_train": "Training", "plugins/xlbench_transformers": "Checkpoints",
    "plugins/xlbench_vectors": "Vectors and services", "": "Others",
}  # fmt: skip
"""Where a message comes from -> what that is about; the first that fits."""


@dataclass(frozen=True, order=True)
class Message:
    """What an error says, with gaps."""

    error: str
    place: str
    text: str


def messages() -> list[Message]:
    """All messages of the package, its tasks and its plugins, without the few that are put together elsewhere."""
    return sorted({found for folder in ("xlbench", "tasks", "plugins") for found in _messages_below(ROOT / folder)})


def _messages_below(folder: Path) -> Iterator[Message]:
    for path in folder.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        place = next(title for start, title in PLACES.items() if name.startswith(start))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in ERRORS:
                text = " ".join(_text(node.args[0]).split())
                if len(text.replace(GAP, "").strip(" :;,.")) > 3:  # all else is put together of other messages
                    yield Message(_name(node.func), place, text)


def _name(function: ast.expr) -> str:
    return getattr(function, "id", "") or getattr(function, "attr", "")


def _text(node: ast.expr) -> str:
    """A text as the source has it, with a gap for all that is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return GAP


def page() -> str:
    """All messages as markdown: a section an error, a list a place."""
    lines, found = [], messages()
    for error, meaning in ERRORS.items():
        lines += [f"## {error}", "", f"{meaning}.", ""]
        for place in sorted({one.place for one in found if one.error == error}):
            lines += [f"### {place}", ""]
            lines += [f"- `` {one.text} ``" for one in found if (one.error, one.place) == (error, place)]
            lines += [""]
    return "\n".join(_with_own_headings(lines))


def _with_own_headings(lines: list[str]) -> Iterator[str]:
    """The lines with headings of places that say of which error, so that each has an anchor of its own."""
    error = ""
    for line in lines:
        error = line.removeprefix("## ") if line.startswith("## ") else error
        yield f"{line} ({error})" if line.startswith("### ") else line
