"""Comparisons as markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from xlbench.core import tables
from xlbench.reports.compare.comparison import COLUMNS, Comparison, rows
from xlbench.reports.compare.multiple_runs import LetterDisplay
from xlbench.reports.compare.verdict_table import points, signed, table
from xlbench.reports.csv_text import cell
from xlbench.reports.markup import escape

SCHEMA = 1
SHOWN = 3
"""How many names a note has before it counts the rest."""


def as_markdown(comparison: Comparison) -> str:
    """The comparison as a page: the sentence, tables by level, notes."""
    level = f"{100 * comparison.options.level:g}%"
    p = "Benjamini-Hochberg" if comparison.options.explore else "Holm"
    lines = [
        f"# {escape(comparison.candidate)} against {escape(comparison.baseline)}",
        escape(comparison.sentence),
        table([comparison.overall, *comparison.of("area"), *comparison.of("task")], "github"),
        f"Differences in points, with {level} intervals of the paired difference; p is adjusted "
        f"within areas and within tasks ({p}). *Would be seen*: the smallest difference that such a comparison finds "
        f"four times in five. *Would settle it*: how many times as many items would show a difference of this size.",
        "## Languages",
        by_language(comparison),
        table(comparison.of("language"), "github"),
        "## Subsets",
        table(comparison.of("subset"), "github"),
    ]
    if said := notes(comparison):
        lines.append("## Notes\n\n" + "\n".join(f"- {escape(note)}" for note in said))
    if comparison.changed:
        lines += ["## Items that changed most", changed_table(comparison, "github")]
    return "\n\n".join(line for line in lines if line) + "\n"


def notes(comparison: Comparison, levels: Sequence[str] = ("overall", "area", "task", "subset")) -> list[str]:
    """What is to be said about the comparison and about single verdicts."""
    single: dict[str, list[str]] = {}
    for one in comparison.verdicts:
        text = one.note or ("" if one.difference.has_interval or one.judgment == "identical" else one.difference.note)
        if text and one.level in levels:
            single.setdefault(text, []).append(one.name)
    said = [
        f"{', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}: {text}"
        for text, names in single.items()
    ]
    return [*said, *comparison.notes]


def by_language(comparison: Comparison) -> str:
    """One line: in how many languages the candidate is better, worse, or cannot be told apart."""
    own = comparison.of("language")
    if not own:
        return ""
    counts = Counter(one.judgment for one in own)
    said = [f"{count} {'open' if word == 'cannot tell' else word}" for word, count in sorted(counts.items())]
    return f"{len(own)} language{'s' * (len(own) != 1)}: {', '.join(said)}."


def changed_table(comparison: Comparison, form: tables.Form = "plain") -> str:
    """The items that changed most."""
    text = escape if form == "github" else str
    told = any(one.get("text") for one in comparison.changed)
    cells = [
        [text(one["task"]), text(one["item"]), signed(one["change"] / 100, 2), str(one["subsets"])]
        + [text(one["text"])] * told
        for one in comparison.changed
    ]
    head = ("task", "item", "change", "subsets", "text")[: 4 + told]
    return tables.table(head, cells, "llrrl"[: 4 + told], form)


def letters_table(labels: Sequence[str], displays: Iterable[LetterDisplay], form: tables.Form = "plain") -> str:
    """All pairs: scores with letters, a row a group."""
    text = escape if form == "github" else str
    cells = [
        [text(one.name), *(f"{points(v)} {letter}".rstrip() for v, letter in zip(one.values, one.letters, strict=True))]
        for one in displays
    ]
    return tables.table(("", *map(text, labels)), cells, form=form)


RUNS = ("baseline_run", "candidate_run")
"""The columns of the CSV before `COLUMNS`: which runs a row is about."""


def as_pages(comparisons: Sequence[Comparison]) -> str:
    """`as_markdown` of every candidate, one after the other."""
    return "\n".join(map(as_markdown, comparisons))


def as_csv(comparisons: Sequence[Comparison]) -> str:
    """The long table, a row a verdict of any candidate; numbers are in full, what is not known is empty, and names and
    notes do nothing in a spreadsheet."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*RUNS, *COLUMNS))
    for one, row in [(each, row) for each in comparisons for row in rows(each)]:
        values = one.baseline, one.candidate, *map(row.__getitem__, COLUMNS)
        writer.writerow(value if isinstance(value, int | float) else cell(value) for value in values)
    return file.getvalue()


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The whole comparison as plain values."""
    return {
        "schema": SCHEMA,
        "baseline": comparison.baseline,
        "candidate": comparison.candidate,
        "sentence": comparison.sentence,
        "level": comparison.options.level,
        "method": comparison.options.method,
        "adjusted": "benjamini-hochberg" if comparison.options.explore else "holm",
        "verdicts": rows(comparison),
        "changed": [dict(one) for one in comparison.changed],
        "unmatched": [
            {"task": one.task, "subset": one.subset, "why": one.why, "items": one.items} for one in comparison.unmatched
        ],
        "notes": list(comparison.notes),
    }


def as_text(comparison: Comparison) -> str:
    """What is printed: the sentence, overall, areas and tasks, the count of languages, notes."""
    parts = [
        comparison.sentence,
        table([comparison.overall, *comparison.of("area"), *comparison.of("task")]),
        by_language(comparison),
        changed_table(comparison) if comparison.changed else "",
        "\n".join(f"note: {note}" for note in notes(comparison, ("overall", "area", "task"))),
    ]
    return "\n\n".join(part for part in parts if part)


def as_plain(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """`as_json` of the one candidate, or of all under ``comparisons``."""
    plain = [as_json(one) for one in comparisons]
    return plain[0] if len(plain) == 1 else {"schema": SCHEMA, "comparisons": plain}


def to_json(comparisons: Sequence[Comparison]) -> str:
    """`as_plain` as text."""
    return json.dumps(as_plain(comparisons), indent=1, ensure_ascii=False) + "\n"
