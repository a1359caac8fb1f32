"""``xlbench texts``: writes the texts that tasks ask an encoder for, to be encoded by any program."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.scoring import request_of
from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import CELL_FAILED, OK, UsageError
from xlbench.core.one_or_more import as_list
from xlbench.core.text import first_of, one_line

if TYPE_CHECKING:
    from xlbench.catalog import Catalog
    from xlbench.runs.asked_texts import AskedSubset, AskedText
    from xlbench.runs.request import Request


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench texts -t mini-parallel --out mine/texts.jsonl      then write mine/vectors.npy, a row a line\n"
    "  xlbench run -t mini-parallel -m vectors:mine\n"
    "  xlbench texts -t ntrex -l hin --data DIR --out texts.parquet\n\n"
    "\b\nExit codes: 0 written; 1 some subset's texts are not all there, with the reason; 2 wrong usage; 3 xlbench\n"
    "itself failed; 130 stopped."
)
@click.option("--task", "-t", "tasks", multiple=True, metavar="NAME",
              help="A task's name, a pattern, or a path to a card (repeatable).")  # fmt: skip
@click.option("--suite", "-s", multiple=True, metavar="NAME", help="The tasks of a suite (repeatable).")
@click.option("--language", "-l", "languages", multiple=True, metavar="CODE",
              help="Only subsets that involve this language, ISO 639-3 (repeatable).")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
              help="Folder of data files.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N items of each subset.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="The file: .jsonl, .tsv or .parquet (hash, role, text), or .txt (a text a line).")  # fmt: skip
@click.option("--offline", is_flag=True, help="Make no request at all; what is missing is skipped.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(out: Path, as_json: bool, quiet: bool, **options: Any) -> int:
    """Write every text that a run of the tasks would have a model encode, each once (a role).

    Tasks are scored with vectors that mean nothing, and what they ask for is written down: test and training texts,
    queries and documents, single words where a task tags words. Any program can encode the file; see vectors:DIR in
    'xlbench list models --options'.
    """
    from xlbench.catalog import load
    from xlbench.runs.text_files import kind_of

    kind_of(out)
    request = request_of(options)
    catalog = load()
    with plugins_print_elsewhere():
        parts, roles = _write(request, catalog, out, quiet=quiet or as_json)
    failed = [part for part in parts if part.status != "ok"]
    if as_json:
        echo_json({
            "file": str(out), "texts": sum(roles.values()), "roles": dict(sorted(roles.items())),
            "subsets": len(parts) - len(failed), "failed": [asdict(part) for part in failed],
        })  # fmt: skip
    elif not quiet:
        named = ", ".join(f"{count:,} {role}" for role, count in sorted(roles.items()) if role)
        echo(f"{sum(roles.values()):,} texts{f' ({named})' * bool(named)} of {len(parts) - len(failed)} subsets: {out}")
    _tell(failed)
    for warning in catalog.warnings():
        echo(one_line(warning), err=True)
    return CELL_FAILED if any(part.status == "error" for part in failed) or len(failed) == len(parts) else OK


def _write(request: Request, catalog: Catalog, out: Path, *, quiet: bool) -> tuple[list[AskedSubset], Counter[str]]:
    """Write the file; what came of each subset, and how many texts have which role."""
    from xlbench.runs.asked_texts import asked_texts
    from xlbench.runs.request import data_of
    from xlbench.runs.request_checks import check_languages, check_request
    from xlbench.runs.resolving import tasks_of
    from xlbench.runs.text_files import text_file

    check_request(request)
    if not (request.has_tasks or request.suites):
        raise UsageError("say whose texts: name a task or a suite (--task, --suite)")
    tasks, _ = tasks_of(request.tasks, request.suites, catalog)
    check_languages(as_list(request.languages), tasks)
    roles: Counter[str] = Counter()
    parts: list[AskedSubset] = []
    with text_file(out) as add:

        def note(texts: Sequence[AskedText]) -> None:
            """Write the texts, and count them."""
            add(texts)
            roles.update(text.role for text in texts)

        for part in asked_texts(tasks, data_of(request), note):
            parts.append(part)
            if not quiet and sys.stderr.isatty():
                echo(one_line(f"{part.task} {part.subset}: {part.texts:,} new texts"), err=True)
        if not roles:
            why = next((part.reason for part in parts if part.reason), "no subset asks for any")
            raise UsageError(f"there are no texts to write: {why}")
    return parts, roles


def _tell(failed: list[AskedSubset]) -> None:
    """A line a reason on standard error, with the subsets that it befell."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for part in failed:
        groups.setdefault((part.status, part.task, part.reason), []).append(part.subset)
    for (status, task, reason), subsets in groups.items():
        echo(one_line(f"{status}: {task} {first_of(subsets, 4)}: {reason}"), err=True)
