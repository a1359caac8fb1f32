"""Writes the files of a gate's verdict; an old PASS never stays beside a failure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.arguments import config_of, from_command
from xlbench.core.errors import UsageError, XlbenchError
from xlbench.core.text import error_text

if TYPE_CHECKING:
    from xlbench.reports.gate.verdict import Gate, Outcome

DEFAULT = Path("gate.json")
STARTS = {
    "junit": b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n  <testsuite name="xlbench gate"',
    "summary": b"## xlbench gate: ",
    "out": b'{\n "schema": ',
}
"""How each file of a verdict begins; gate.json is the last to be written."""
PACK = ".xlpack"
STOPPED = "the gate was stopped before it came to a verdict"


class _Reporting(click.Command):
    """A command whose gate.json tells of a wrong command line, too."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Click's own; what cannot be parsed is a verdict, USAGE, where an earlier one may stand."""
        given = [*args]  # the parser takes them out of the list
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            defaults = (parent.default_map or {}).get(info_name or "") if parent else None
            overwrite(error.format_message(), paths_in(given, defaults if isinstance(defaults, dict) else {}))
            raise


class ReportingCommand(_Reporting):
    """A command that judges."""


class ReportingGroup(_Reporting, click.Group):
    """A group that judges where no command of its own is named."""


def paths_in(arguments: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Path | None]:
    """Where a command line that may be wrong wants its verdict: option -> path."""
    paths = {name: Path(str(defaults[name])) if defaults.get(name) else None for name in STARTS}
    for at, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        name = option.removeprefix("--")
        if option.startswith("--") and name in paths:
            value = value if equals else next(iter(arguments[at + 1 :]), "")
            paths[name] = Path(value) if value and not value.startswith("--") else paths[name]
    return paths | {"out": paths["out"] or DEFAULT}


def invalidate(arguments: Sequence[str]) -> None:
    """Turn an earlier verdict into INVALID where a command line judges, before anything else that could fail is done:
    before the configuration file is read, before options are. What cannot be overwritten is removed."""
    command, *own = from_command(arguments) or [""]
    if command != "gate":
        return
    if [*own[:1]] in (["accept"], ["policy"]) or {"--help", "-h"} & {*own}:
        return
    for name, path in paths_in(own, _paths_in_settings(own, config_of(arguments))).items():
        if path is None or not path.is_file() or not _is_free(path, STARTS[name]):
            continue
        overwrite(STOPPED, {name: path}, outcome="INVALID")
        with contextlib.suppress(OSError):
            if b"INVALID" not in path.read_bytes()[:500]:
                path.unlink()


def _paths_in_settings(own: Sequence[str], config: str | None) -> Mapping[str, Any]:
    """What the configuration file says of a gate's files, as far as it can be read."""
    from xlbench.cli.options import settings_file

    try:
        path, _ = settings_file.find(config)
        file = settings_file.read(path) if path else None
    except (OSError, ValueError, UsageError):
        return {}
    table = file.tables.get("gate") if file else None
    table = table.get("run") if isinstance(table, dict) and [*own[:1]] == ["run"] else table
    known = table if isinstance(table, dict) else {}
    return {name: file.rebased(known[name]) for name in STARTS if file and isinstance(known.get(name), str)}


def overwrite(
    reason: str,
    options: Mapping[str, Any],
    baseline: str = "",
    candidate: str = "",
    outcome: Outcome = "USAGE",
) -> None:
    """Write an outcome where nothing lies yet or an earlier verdict does; whatever else lies there is left alone."""
    from xlbench.reports.gate.report import failed_gate

    free = {name: options.get(name) if _is_free(options.get(name), start) else None for name, start in STARTS.items()}
    with contextlib.suppress(XlbenchError, OSError):  # the wrong command is what is told
        write(failed_gate(outcome, reason, baseline, candidate), free)


def _is_free(path: Path | None, start: bytes) -> bool:
    """Whether a path holds nothing, or a verdict of the kind that begins so."""
    if path is None or path.suffix == PACK:
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(start)) == start
    except FileNotFoundError:
        return path.parent.is_dir()
    except (OSError, ValueError):
        return False


def joined(parts: Sequence[Path]) -> str:
    """What a run is called of which several places hold parts."""
    return " + ".join(map(str, parts))


def check_paths(options: Mapping[str, Any], inputs: Sequence[tuple[str, Path | None]]) -> None:
    """`UsageError` for a file of the verdict that would replace what is judged, or another one of its files.

    Args:
        options: The options of the command, with ``out``, ``junit`` and ``summary``.
        inputs: What the command reads, each with the name of its option.
    """
    taken = {path.resolve(): name for name, path in inputs if path is not None}
    for name in reversed(STARTS):
        path = options[name]
        if path is None:
            continue
        if other := taken.get(path.resolve()) or _same_file_as(path, inputs):
            raise UsageError(f"--{name} is the file of --{other}, {path}: it would be replaced")
        if path.suffix == PACK:
            raise UsageError(f"--{name} is {path}, the name of a pack, and a verdict is none")
        taken[path.resolve()] = name


def _same_file_as(path: Path, inputs: Sequence[tuple[str, Path | None]]) -> str:
    """The input that is the same file by another name, or ""."""
    for name, other in inputs:
        if other is not None and path.exists() and other.exists() and path.samefile(other):
            return name
    return ""


@contextlib.contextmanager
def reported(baseline: Sequence[Path], candidate: Sequence[Path], options: Mapping[str, Any]) -> Iterator[None]:
    """Whatever happens, the verdict's files say it: a PASS of an earlier command never stays beside a failure."""
    from xlbench.reports.gate.report import failed_gate

    names = joined(baseline), joined(candidate)

    def note(outcome: Outcome, reason: str) -> None:
        write(failed_gate(outcome, reason, *names), options)

    inputs = [
        *(("baseline", path) for path in baseline), *(("candidate", path) for path in candidate),
        ("anchor", options["anchor"]), ("policy", options["policy"]),
    ]  # fmt: skip
    try:
        check_paths(options, inputs)
    except UsageError as error:
        overwrite(str(error), options, *names)
        raise
    note("INVALID", STOPPED)
    try:
        yield
    except UsageError as error:
        note("USAGE", str(error))
        raise
    except XlbenchError as error:
        note("INVALID", str(error))
        raise
    except Exception as error:
        note("INVALID", f"internal error: {error_text(error)}")
        raise


def write(gate: Gate, options: Mapping[str, Any]) -> None:
    """Write the verdict's files, each whole or not at all; gate.json is the last."""
    from xlbench.core.files import write_files
    from xlbench.reports.gate import report

    makers: dict[str, Callable[[Gate], str]] = {
        "junit": report.as_junit, "summary": report.as_markdown,
        "out": lambda one: json.dumps(report.as_json(one), indent=1, allow_nan=False) + "\n",
    }  # fmt: skip
    for option in STARTS:
        path = options[option]
        if path is not None:
            write_files(path.parent, {path.name: makers[option](gate)}, "the verdict", f"--{option}")
