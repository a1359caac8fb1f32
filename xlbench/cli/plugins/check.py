"""``xlbench plugins check``: a plugin, or a card, by all that xlbench relies on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import CELL_FAILED, OK, UsageError
from xlbench.core.text import count_text

if TYPE_CHECKING:
    from xlbench.testing.checks import Check, Examination, Finding

SCHEMA = 1
LIMIT = 100
"""Items of a subset that tasks are checked on, where nothing else is said."""


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench plugins check                          every plugin that does not come with xlbench\n"
    "  xlbench plugins check vowels                   one, by its name, its distribution or its package\n"
    "  xlbench plugins check ./my-card.toml --data .  a card, with its files\n\n"
    "\b\nExit codes: 0 every check passed or could not be made here; 1 a check failed; 2 wrong usage.",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Data root of tasks: data that is not there is then a failure. Without it, that of XLBENCH_DATA, and a reason "
    "to skip checks.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=LIMIT,
    show_default=True,
    help="Items of a subset that tasks are checked on.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print failures alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of text.")
def check(names: tuple[str, ...], data: Path | None, limit: int, quiet: bool, as_json: bool) -> int:
    """Check plugins (or cards, by their paths) by all that xlbench relies on: one line a check, and of a failure what
    is wrong, why it matters and how to mend it.

    Of a task the shortest and the widest subset are evaluated, on their first items. `pytest --xlbench PACKAGE` makes
    a test of every check.
    """
    with plugins_print_elsewhere():
        examinations = [one for name in names or _foreign() for one in _examinations(name, data, limit)]
    findings = []
    for examination in examinations:
        found = [_made(examination, one, show=not as_json, quiet=quiet) for one in examination.checks]
        waiting = [finding for finding in found if finding.needs]
        if waiting and not (as_json or quiet):
            echo(f"skipped  {examination.subject}: {count_text(len(waiting), 'check')} after that: {waiting[0].what}")
        findings += found
    if as_json:
        echo_json({"schema": SCHEMA, "findings": [asdict(finding) for finding in findings]})
    else:
        echo(_summary(findings))
    return CELL_FAILED if any(finding.status == "failed" for finding in findings) else OK


def _made(examination: Examination, check: Check, *, show: bool, quiet: bool) -> Finding:
    """Make a check, and print what came of it, but for those that wait for another."""
    with plugins_print_elsewhere():
        finding = examination.make(check)
    if show and not finding.needs and (finding.status == "failed" or not quiet):
        echo("\n".join(finding.lines()))
    return finding


def _foreign() -> list[str]:
    """Names of all plugins that do not come with xlbench; `UsageError` where there are none."""
    from xlbench.catalog.entry_points import foreign_entry_points

    names = list(dict.fromkeys(one.name for one in foreign_entry_points()))
    if not names:
        raise UsageError("no plugin is installed beside those of xlbench: name one to check; see 'xlbench plugins'")
    return names


def _examinations(name: str, data: Path | None, limit: int) -> Iterator[Examination]:
    from xlbench.catalog.entry_points import entry_points_of
    from xlbench.catalog.loading import load
    from xlbench.core.task import Data
    from xlbench.core.text import did_you_mean
    from xlbench.testing.plugins import data_root, examine_card, examine_plugin

    given = Data(data or data_root(), limit=limit)
    if name.endswith(".toml"):
        yield from examine_card(name, given, stated=data is not None)
        return
    found = entry_points_of(name)
    if not found:
        known = [plugin.name for plugin in load().plugins]
        raise UsageError(f"there is no plugin {name!r}.{did_you_mean(name, known)} See 'xlbench plugins'.")
    for entry_point in found:
        yield from examine_plugin(entry_point, given, stated=data is not None)


def _summary(findings: Sequence[Finding]) -> str:
    """How many checks there were, and what came of them."""
    counts = {status: sum(one.status == status for one in findings) for status in ("failed", "skipped") if findings}
    more = "".join(f", {number} {status}" for status, number in counts.items() if number)
    passed = sum(one.status == "passed" for one in findings)
    return f"{count_text(len(findings), 'check')}: {passed} passed{more}"
