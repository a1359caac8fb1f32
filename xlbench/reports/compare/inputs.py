"""Finds the saved runs and logs that are to be compared, and labels them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.record import Run
from xlbench.core.text import did_you_mean
from xlbench.reports.compare.logs.reader import PREFIXES, LogReader


def find_runs(given: Sequence[str], results: Sequence[Path], reader: LogReader) -> dict[str, Run]:
    """The runs that are meant, by what they are called here: the model's name, or what was given where two share it.

    Folders that hold parts of the same runs, such as shards, are joined.

    Raises:
        UsageError: Something names no run, or several.
        ResultsError: Two parts of a run contradict each other.
    """
    read = _read(given, results, reader)
    found = [run for _, runs in read for run in runs]
    _check_distinct(found)
    contents = {(run.model, run.fingerprint) for run in found}
    if len(contents) > 1 or any(len(runs) > 1 for _, runs in read):  # otherwise one model is compared with itself
        for text, runs in read:
            others = [run for other, its in read if other != text for run in its]
            _check_parts(text, runs, others, alone=len(read) == 1)
        found = reader.join(found)
    if len(found) < 2:
        raise UsageError("a comparison needs two runs at least: give two, or a folder that holds several")
    return by_label(found)


def find_each(given: Sequence[str], results: Sequence[Path], reader: LogReader) -> list[Run]:
    """The runs that are meant, in order; `UsageError` where something names no run, or several."""
    read = _read(given, results, reader)
    for text, runs in read:
        _check_parts(text, runs, [], alone=len(given) == 1)
    return [run for _, runs in read for run in runs]


def _read(given: Sequence[str], results: Sequence[Path], reader: LogReader) -> list[tuple[str, list[Run]]]:
    """What is given, each with the runs that it stands for; `UsageError` where something names none."""
    folders = [folder for folder in results if folder.is_dir()]
    found: list[tuple[str, list[Run]]] = []
    for text in given:
        if text.startswith(PREFIXES):
            runs = [reader.log(text)]
        elif own := _of_checkpoint(text, folders, reader):
            runs = [own]
        elif Path(text).exists():
            runs = reader.find_runs(Path(text))
        else:
            runs = [_run_named(text, results, folders, reader)]
        found.append((text, runs))
    return found


def _check_parts(text: str, runs: Sequence[Run], others: Sequence[Run], *, alone: bool = False) -> None:
    """`UsageError` where a folder holds several runs, and it is not clear which is meant: it is clear where it stands
    alone, and where the other folders hold parts of one of them."""
    contents = {(run.model, run.fingerprint) for run in others}
    is_part = any((run.model, run.fingerprint) in contents for run in runs)
    if len(runs) > 1 and not (alone or is_part):
        raise UsageError(_several(text, runs))


def _several(where: object, runs: Sequence[Run]) -> str:
    """The line that says that one run is meant, and which there are."""
    models = ", ".join(sorted(run.model for run in runs))
    return f"{where} holds several runs ({models}): give the folder of one, as {runs[0].folder}"


def _of_checkpoint(text: str, results: Sequence[Path], reader: LogReader) -> Run | None:
    """The one run in ``results`` of a model that is called as its folder is, where that folder holds no runs itself."""
    folder = Path(text)
    holds_runs = any(folder.glob("run.json")) or any(folder.glob("*/run.json")) or any(folder.glob("*.xlpack"))
    if holds_runs or not (folder.is_dir() and results):
        return None
    named = reader.find_named(results, text)
    return named[0] if len(named) == 1 else None


def by_label(runs: Sequence[Run]) -> dict[str, Run]:
    """Runs by what they are called: the model's name, with the folder where two share it. `UsageError` for a run that
    is there twice."""
    _check_distinct(runs)
    names = [run.model for run in runs]
    return {(run.model if names.count(run.model) == 1 else f"{run.model} ({run.folder})"): run for run in runs}


def _check_distinct(runs: Sequence[Run]) -> None:
    """`UsageError` for a run that is there twice."""
    if len({str(Path(run.folder).resolve()) for run in runs}) < len(runs):
        raise UsageError("one run is given twice: a run does not differ from itself")


def one_run(given: OneOrMore[str | Path | Run], reader: LogReader) -> Run:
    """The one run that a folder or a pack holds, or of which several hold parts; `UsageError` where there are several
    runs, or where one was not saved."""
    places = as_list(given)
    if not places:
        raise UsageError("no folder is given: name the folder of a run, or a pack")
    runs = [run for place in places for run in _runs_at(place, reader)]
    distinct = {Path(run.folder).resolve(): run for run in runs}
    found = reader.join(distinct.values()) if len(places) > 1 else runs
    if len(found) > 1:
        raise UsageError(_several(" + ".join(map(str, places)), found))
    return found[0]


def _runs_at(given: str | Path | Run, reader: LogReader) -> list[Run]:
    """The runs that a folder or a pack holds; `UsageError` for a run that was not saved."""
    if isinstance(given, Run):
        if not given.folder:
            raise UsageError(f"the run of {given.model} was not saved: a comparison reads its items")
        return [given]
    if str(given).startswith(PREFIXES):
        return [reader.log(str(given))]
    return reader.find_runs(Path(given))


def _run_named(name: str, results: Sequence[Path], folders: Sequence[Path], reader: LogReader) -> Run:
    """The one run of a model in these folders; those of others are read where it has none, to say which there are."""
    own = reader.find_named(folders, name)
    where = " + ".join(map(str, results))
    if len(own) > 1:
        theirs = ", ".join(run.folder for run in own)
        raise UsageError(f"{where} holds {len(own)} runs of {name}: give the folder of one ({theirs})")
    if not own:
        hint = did_you_mean(name, [run.model for run in reader.find_joined(folders)])
        raise UsageError(f"there is no folder {name}, and {where} holds no run of a model {name!r}.{hint}")
    return own[0]
