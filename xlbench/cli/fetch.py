"""``xlbench fetch``: downloads the data of tasks and the checkpoints of models, so that a run works offline."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.scoring import fetch_permission_options, fetch_selection_options, request_of
from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.tables import table
from xlbench.core.text import byte_count

if TYPE_CHECKING:
    from xlbench.runs.fetch import FetchItem, FetchResult

_NO_BARS = ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")
"""By which the hub's clients, which download, are told that nobody looks at their progress."""
_COMMIT = 12
"""Characters of a revision in a table."""


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench fetch -m mbert -m labse                 two checkpoints, at their pinned revisions\n"
    "  xlbench fetch -s parallel -m labse              and the data of a suite\n"
    "  xlbench fetch -t sib200-news -l nep -l hin      two languages of a task, and what they learn from\n"
    "  xlbench fetch -s parallel -n                    what would be brought, and from where\n"
    "  xlbench run -s parallel -m labse --offline      then no request is made\n\n"
    "\b\nExit codes: 0 all of it is on this machine (or, with -n, was looked up); 1 something could not be brought,\n"
    "with the reason; 2 wrong usage; 3 xlbench itself failed; 130 stopped: the same command goes on."
)
@fetch_selection_options
@fetch_permission_options
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be brought, and from where; ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of a table.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(dry_run: bool, as_json: bool, quiet: bool, **options: Any) -> int:
    """Bring data and checkpoints onto this machine beforehand, each at its pinned revision.

    Name at least one suite, task or model. What is at hand is not brought again, and one that fails stops no other.
    Everything goes into the usual caches of the Hugging Face libraries (HF_HOME).
    """
    from xlbench.runs.fetch import prepare_fetch

    with plugins_print_elsewhere(), _download_bars(shown=not (quiet or as_json) and sys.stderr.isatty()):
        prepared = prepare_fetch(request_of(options), dry_run=dry_run)
        if dry_run:
            results = [item.check() for item in prepared.items]
        else:
            results = list(_fetch_all(prepared.items, quiet=quiet or as_json))
    code = OK if dry_run or all(result.ok for result in results) else CELL_FAILED
    if as_json:
        plain = [{**asdict(result), "ok": result.ok} for result in results]
        echo_json({"exit_code": code, "items": plain})
    elif not quiet:
        echo(_table(results))
    for result in results:
        if result.reason:
            echo(f"{result.status}: {result.kind} {result.name}: {result.reason}", err=True)
    for warning in prepared.catalog.warnings():
        echo(warning, err=True)
    return code


def _fetch_all(items: Sequence[FetchItem], *, quiet: bool) -> Iterator[FetchResult]:
    """Fetch one after the other, each announced where it takes time."""
    for number, item in enumerate(items, 1):
        about = item.about
        if not quiet and item.check().status == "to bring":
            pin = f" at {about.revision[:_COMMIT]}" if about.revision else ""
            echo(f"{number} of {len(items)}: {about.kind} {about.name}{pin} ...", err=True)
        yield item.fetch()


@contextlib.contextmanager
def _download_bars(*, shown: bool) -> Iterator[None]:
    """Downloads show their progress, or not, for a while; for libraries that are yet to be imported."""
    added = [] if shown else [name for name in _NO_BARS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _table(results: Sequence[FetchResult]) -> str:
    lines = [
        [
            result.kind,
            result.name,
            result.status,
            result.revision[:_COMMIT],
            "" if result.size is None else byte_count(result.size),
            result.place or _origin_text(result),
        ]
        for result in results
    ]
    return table(["", "name", "status", "revision", "size", "where"], lines, "llllrl")


def _origin_text(result: FetchResult) -> str:
    return f"from {result.origin}" if result.origin and result.status == "to bring" else ""
