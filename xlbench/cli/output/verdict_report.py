"""Writes a verdict where it was asked for, and prints it: as lines, a table or JSON, and on a step's page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.cli.output.printing import echo, echo_json
from xlbench.cli.output.verdict_files import write
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.reports.gate.verdict import Gate


def report_verdict(gate: Gate, options: dict[str, Any]) -> int:
    """Write the verdict, print it, and hand back its exit code."""
    from xlbench.reports.gate import report

    write(gate, options)
    _summarize(gate)
    if options["as_json"]:
        echo_json(report.as_json(gate))
    elif options["short"]:
        echo(report.as_short(gate))
    else:
        echo(_text(gate))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        echo(report.as_annotation(gate), err=bool(options["as_json"] or options["short"]))
    return gate.exit_code


def _summarize(gate: Gate) -> None:
    """Add the verdict to the page of a step of GitHub Actions, where there is one, within its limit."""
    from xlbench.reports.gate import report

    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    path = Path(name)
    try:
        there = path.stat().st_size if path.exists() else 0
        if there < report.LARGEST_SUMMARY - 1000:
            with path.open("ab") as file:
                file.write(report.as_markdown(gate, report.LARGEST_SUMMARY - there).encode("utf-8", "replace"))
    except OSError as error:
        echo(one_line(f"the verdict is not on the step's page: {path}: {error.strerror or error}"), err=True)


def _text(gate: Gate) -> str:
    """The verdict for a terminal: the line, a table for each comparison, notes."""
    from xlbench.core.tables import table
    from xlbench.reports.gate import report

    parts = [one_line(gate.sentence)]
    for one in gate.comparisons:
        if one.tests:
            found = report.rows(one)
            rows = [[one_line(text) for text in row] for row in found[: report.SHOWN]]
            parts.append(
                f"against the {one.what}, {one_line(one.run.model)}:\n" + table(report.HEAD, rows, report.ALIGNMENT)
            )
            if len(found) > report.SHOWN:
                parts.append(f"{len(found) - report.SHOWN} more in gate.json")
        if said := report.notes(one):
            shown = said[: report.SHOWN]
            parts.append("\n".join(shown) + (f"\nand {len(said) - len(shown)} more" if len(said) > len(shown) else ""))
    if any(one.tests for one in gate.comparisons):
        parts.append(
            "In points, candidate - baseline. Would be seen: the smallest loss that the test finds four times in five."
        )
    return "\n\n".join(parts)
