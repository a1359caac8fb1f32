"""Finds the saved runs and logs that are to be compared, and labels them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.core.record import Run
from xlbench.core.text import did_you_mean
from xlbench.reports.compare.logs.reader import PREFIXES, LogReader


def find_runs(given: Sequence[str], results: Path, reader: LogReader) -> dict[str, Run]:
    """The runs that are meant, by what they are called here: the model's name, or what was given where two share it.

    `UsageError` where something names no run, or several.
    """
    found = find_each(given, results, reader)
    if len(found) < 2:
        raise UsageError("a comparison needs two runs at least: give two, or a folder that holds several")
    return by_label(found)


def find_each(given: Sequence[str], results: Path, reader: LogReader) -> list[Run]:
    """The runs that are meant, in order; `UsageError` where something names no run, or several."""
    found: list[Run] = []
    for text in given:
        path = Path(text)
        if text.startswith(PREFIXES):
            runs = [reader.log(text)]
        elif own := _of_checkpoint(text, results, reader):
            runs = [own]
        elif path.exists():
            runs = reader.find_runs(path)
            if len(runs) > 1 and len(given) > 1:
                models = ", ".join(sorted(run.model for run in runs))
                raise UsageError(f"{text} holds several runs ({models}): give the folder of one, as {runs[0].folder}")
        else:
            runs = [_runs_named(text, results, reader.find_runs(results) if results.is_dir() else [])]
        found += runs
    return found


def _of_checkpoint(text: str, results: Path, reader: LogReader) -> Run | None:
    """The one run in ``results`` of a model that is called as its folder is, where that folder holds no runs itself."""
    folder = Path(text)
    holds_runs = any(folder.glob("run.json")) or any(folder.glob("*/run.json")) or any(folder.glob("*.xlpack"))
    if holds_runs or not (folder.is_dir() and results.is_dir()):
        return None
    named = [run for run in reader.find_runs(results) if run.model == text]
    return named[0] if len(named) == 1 else None


def by_label(runs: Sequence[Run]) -> dict[str, Run]:
    """Runs by what they are called: the model's name, with the folder where two share it. `UsageError` for a run that
    is there twice."""
    if len({str(Path(run.folder).resolve()) for run in runs}) < len(runs):
        raise UsageError("one run is given twice: a run does not differ from itself")
    names = [run.model for run in runs]
    return {(run.model if names.count(run.model) == 1 else f"{run.model} ({run.folder})"): run for run in runs}


def one_run(given: str | Path | Run, reader: LogReader) -> Run:
    """The one run that a folder or a pack holds; `UsageError` where there are several, or where a run was not saved."""
    if isinstance(given, Run):
        if not given.folder:
            raise UsageError(f"the run of {given.model} was not saved: a comparison reads its items")
        return given
    if str(given).startswith(PREFIXES):
        return reader.log(str(given))
    runs = reader.find_runs(Path(given))
    if len(runs) > 1:
        models = ", ".join(sorted(run.model for run in runs))
        raise UsageError(f"{given} holds several runs ({models}): give the folder of one, as {runs[0].folder}")
    return runs[0]


def _runs_named(name: str, results: Path, runs: Sequence[Run]) -> Run:
    own = [run for run in runs if run.model == name]
    if len(own) > 1:
        folders = ", ".join(run.folder for run in own)
        raise UsageError(f"{results} holds {len(own)} runs of {name}: give the folder of one ({folders})")
    if not own:
        hint = did_you_mean(name, [run.model for run in runs])
        raise UsageError(f"there is no folder {name}, and {results} holds no run of a model {name!r}.{hint}")
    return own[0]
