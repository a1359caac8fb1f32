"""``xlbench cache``: shows, empties or checks the cache of vectors.

Prints what `xlbench.encoding.cache` says of itself; touches no file of it.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import INVALID, OK, UsageError
from xlbench.core.tables import table
from xlbench.core.text import byte_count, count_text

if TYPE_CHECKING:
    from xlbench.encoding.cache import Cache, Info, ModelInfo

SCHEMA = 1
MANY = 20_000
"""Entries from which on checking them takes long enough to show a bar."""


def _folder_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="XLBENCH_CACHE",
        help="The cache's folder; by default XLBENCH_CACHE, else xlbench in the user's cache folder.",
    )(command)


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench cache info                what is in it, and how much\n"
    "  xlbench cache clear ngram         remove a model's vectors\n"
    "  xlbench cache verify              check every entry",
)
def command() -> None:
    """Show, empty or check the cache, in which vectors stay that were computed once.

    Nothing in it is the only copy: what is removed is computed again when it is needed.
    """


@command.command(
    short_help="Show what it holds.",
    epilog="\b\nExamples:\n"
    "  xlbench cache info\n"
    "  xlbench cache info --json | jq .bytes\n"
    "  xlbench cache info --folder /scratch/xlbench",
)
@_folder_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
def info(folder: Path | None, as_json: bool) -> None:
    """Show where the cache is, how much it holds of each model, and when that was last used."""
    with _open_cache(folder) as cache:
        contents = cache.info()
        if as_json:
            echo_json(_as_json(contents))
        else:
            echo("\n".join(_as_text(contents)))
        _print_warnings(cache)


@command.command(
    short_help="Remove a model's vectors, or everything.",
    epilog="\b\nExamples:\n"
    "  xlbench cache clear                    everything, after a question\n"
    "  xlbench cache clear --yes              everything\n"
    "  xlbench cache clear ngram              all models of this name\n"
    "  xlbench cache clear 4f2a90c1           the model whose identity begins so",
)
@click.argument("model", required=False)
@_folder_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clear(model: str | None, folder: Path | None, yes: bool) -> int:
    """Remove the vectors of MODEL, a name or the first digits of an identity; without MODEL, everything.

    Asks before it does so; where nobody can answer, --yes is needed.
    """
    with _open_cache(folder) as cache:
        before = cache.info()
        chosen = (
            before.models
            if model is None
            else [known for known in before.models if known.identity in cache.named(model)]
        )
        if not before.bytes:
            echo(f"there is nothing in {cache.folder}")
            return OK
        entries = sum(known.entries for known in chosen)
        what = f"{count_text(entries, 'entry', 'entries')} of {count_text(len(chosen), 'model', 'models')}"
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"this removes {what} from {cache.folder}: add --yes")
            if not click.confirm(f"Remove {what} from {cache.folder}?", err=True):
                echo("nothing was removed")
                return OK
        removed = cache.clear(model)
        freed = max(before.bytes - cache.info().bytes, 0)
        echo(f"removed {count_text(removed, 'entry', 'entries')}, {byte_count(freed)}")
        return INVALID if _print_warnings(cache) else OK


@command.command(
    short_help="Check every entry.",
    epilog="\b\nExamples:\n"
    "  xlbench cache verify\n"
    "  xlbench cache verify --folder /scratch/xlbench\n\n"
    "Exit codes: 0 all is well; 3 something was damaged, and is removed.",
)
@_folder_option
def verify(folder: Path | None) -> int:
    """Check every entry, and the file around them; remove what is damaged."""
    with _open_cache(folder) as cache:
        with _progress_bar(cache.info().entries) as progress:
            checked = cache.verify(progress)
        echo(f"checked {count_text(checked.entries, 'entry', 'entries')}: {checked.damaged:,} damaged")
        return INVALID if _print_warnings(cache) or checked.damaged else OK


@contextlib.contextmanager
def _open_cache(folder: Path | None) -> Iterator[Cache]:
    from xlbench.encoding.cache import Cache, default_folder

    with Cache(folder.expanduser() if folder else default_folder()) as cache:
        yield cache


def _print_warnings(cache: Cache) -> bool:
    """Print what went wrong; whether anything did."""
    for line in cache.warnings:
        echo(f"xlbench: {line}", err=True)
    return bool(cache.warnings)


@contextlib.contextmanager
def _progress_bar(entries: int) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, where it takes long enough."""
    if entries < MANY or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("entries", total=entries)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _as_text(info: Info) -> Iterator[str]:
    models = count_text(len(info.models), "model")
    yield f"{info.path.parent}: {byte_count(info.bytes)} of at most {byte_count(info.cap)}"
    yield f"{count_text(info.entries, 'entry', 'entries')} of {models}"
    for path in info.set_aside:
        yield f"set aside as damaged: {path} ({byte_count(path.stat().st_size)}); 'xlbench cache clear' removes it"
    if not info.models:
        return
    yield ""
    yield table(("model", "identity", "entries", "size", "last used"), [_row(model) for model in info.models], "llrrl")


def _row(model: ModelInfo) -> tuple[str, ...]:
    label = "".join(sign for sign in " ".join(model.label.split()) if sign.isprintable()) or "-"
    return (
        label,
        model.identity[:12],
        f"{model.entries:,}",
        byte_count(model.bytes),
        _format_time(model.last_used) or "-",
    )


def _as_json(info: Info) -> dict[str, Any]:
    """Keys are never renamed or removed under one ``schema``; new ones may come."""
    return {
        "schema": SCHEMA,
        "path": str(info.path),
        "bytes": info.bytes,
        "cap": info.cap,
        "entries": info.entries,
        "models": [
            {
                "identity": one.identity,
                "label": one.label,
                "entries": one.entries,
                "bytes": one.bytes,
                "last_used": _format_time(one.last_used) or None,
            }
            for one in info.models
        ],
        "set_aside": [str(path) for path in info.set_aside],
    }


def _format_time(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds)) if seconds else ""
