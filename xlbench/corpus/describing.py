"""What the manifest of a corpus says: settings, inputs, counts, files and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from xlbench.core.text import count_text
from xlbench.core.version import __version__
from xlbench.corpus.counting import InputCount, Tally
from xlbench.corpus.duplicates import CANDIDATES, LETTERS, PERMUTATIONS, bands_of
from xlbench.corpus.languages import ConfusionRow
from xlbench.corpus.manifest import FORMAT
from xlbench.corpus.rules import MARKER
from xlbench.corpus.settings import Settings
from xlbench.corpus.steps import Chain, StepCount

LIBRARIES = {"lid": "py3langid", "dedupe": "rensa"}
"""Step -> the library whose version shapes what it does."""


def manifest_of(
    settings: Settings,
    tally: Tally,
    links: Chain,
    confusion: Sequence[ConfusionRow],
    files: Mapping[str, Mapping[str, object]],
    command: Sequence[str],
) -> dict[str, Any]:
    """The content of ``corpus.json``: the same for the same inputs, with no time and no path of this machine but those
    of the command.

    Args:
        settings: What was asked for.
        tally: What was counted.
        links: The steps, with their counts.
        confusion: What the language filter does.
        files: File -> its size and hash.
        command: What was asked, word by word.
    """
    rules = settings.rules
    return {
        "format": FORMAT,
        "language": settings.language,
        "steps": list(settings.steps),
        "sample": settings.sample,
        "lines": sum(count.kept for count in tally.sources),
        "words": tally.words,
        "characters": tally.characters,
        "registers": dict(sorted(tally.registers.items())),
        "files": dict(files),
        "counts": [_count(step) for step in (tally.read, *links.counts.values())],
        "inputs": [_input(count) for count in tally.sources],
        "filter": {"among": list(settings.among), "confusion": [asdict(row) for row in confusion]},
        "duplicates": _duplicates(settings),
        "rules": {"file": rules.file, "sha256": rules.content} if rules else None,
        "normalize": [
            {name: value for name, value in asdict(rule).items() if name != "example"}
            for rule in (rules.normalize if rules and "normalize" in settings.steps else ())
        ],
        "marker": MARKER if "split" in settings.steps else "",
        "notes": _notes(settings, tally, links, confusion),
        "command": list(command),
        "versions": {"xlbench": __version__, **_versions(settings)},
    }


def _count(step: StepCount) -> dict[str, Any]:
    return {
        "step": step.step, "lines": step.lines, "kept": step.kept, "changed": step.changed,
        "dropped": dict(sorted(step.dropped.items(), key=lambda pair: (-pair[1], pair[0]))),
    }  # fmt: skip


def _input(count: InputCount) -> dict[str, Any]:
    return {
        "name": count.source.name, "spec": count.source.spec.text, "format": count.source.format,
        "register": count.register, "license": count.license, "bytes": count.bytes, "sha256": count.sha256,
        "lines": count.lines, "kept": count.kept,
    }  # fmt: skip


def _duplicates(settings: Settings) -> dict[str, Any] | None:
    if "dedupe" not in settings.steps:
        return None
    if settings.near is None:
        return {"near": None}
    bands, rows = bands_of(settings.near)
    return {"near": settings.near, "letters": LETTERS, "permutations": PERMUTATIONS, "bands": bands, "rows": rows}


def _versions(settings: Settings) -> dict[str, str]:
    import importlib

    names = [LIBRARIES[step] for step in settings.steps if step in LIBRARIES]
    if settings.near is None and "rensa" in names:
        names.remove("rensa")
    return {name: _version(importlib.import_module(name)) for name in names}


def _version(module: Any) -> str:
    return str(getattr(module, "__version__", "not known"))


def _notes(settings: Settings, tally: Tally, links: Chain, confusion: Sequence[ConfusionRow]) -> list[str]:
    notes = []
    unlicensed = [count.source.name for count in tally.sources if not count.license]
    if unlicensed:
        notes.append(f"No license is known of {', '.join(unlicensed)}: find out before the corpus is handed on.")
    if "lid" in settings.steps and not confusion:
        notes.append("The language filter was not measured: no texts of known languages were at hand.")
    told = {row.language for row in confusion}
    lacking = [code for code in (settings.language, *settings.against) if code not in told]
    if confusion and lacking:
        notes.append(f"The language filter was not measured on {', '.join(lacking)}: no such texts were at hand.")
    if links.seen and links.seen.capped:
        notes.append(
            f"{count_text(links.seen.capped, 'line')} had more than {CANDIDATES} possible near copies, of which "
            f"{CANDIDATES} were compared: some near copies may be left."
        )
    return notes
