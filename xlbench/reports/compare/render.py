"""Comparisons as markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from xlbench.core import tables
from xlbench.reports.compare.comparison import COLUMNS, Comparison, points, rows, signed
from xlbench.reports.compare.differences import Verdict
from xlbench.reports.compare.multiple_runs import LetterDisplay
from xlbench.reports.csv_text import cell
from xlbench.reports.markup import escape

SCHEMA = 1
SHOWN = 3
"""How many names a note has before it counts the rest."""
HEAD = ("", "before", "after", "difference", "p", "verdict", "would be seen", "would settle it")
ALIGN = "lrrrrlrl"


def as_markdown(found: Comparison) -> str:
    """The comparison as a page: the sentence, tables by level, notes."""
    p = "Benjamini-Hochberg" if found.options.explore else "Holm"
    lines = [
        f"# {escape(found.candidate)} against {escape(found.baseline)}",
        escape(found.sentence),
        table([found.overall, *found.of("area"), *found.of("task")], "github"),
        f"Differences in points, with {100 * found.options.level:g}% intervals of the paired difference; p is adjusted "
        f"within areas and within tasks ({p}). *Would be seen*: the smallest difference that such a comparison finds "
        f"four times in five. *Would settle it*: how many times as many items would show a difference of this size.",
        "## Languages",
        by_language(found),
        table(found.of("language"), "github"),
        "## Subsets",
        table(found.of("subset"), "github"),
    ]
    if said := notes(found):
        lines.append("## Notes\n\n" + "\n".join(f"- {escape(note)}" for note in said))
    if found.changed:
        lines += ["## Items that changed most", changed_table(found, "github")]
    return "\n\n".join(line for line in lines if line) + "\n"


def table(verdicts: Sequence[Verdict], form: tables.Form = "plain") -> str:
    """Verdicts as a table, a row each."""
    cells = [_row(one, escape if form == "github" else str) for one in verdicts]
    return tables.table(HEAD, cells, ALIGN, form) if cells else ""


def _row(one: Verdict, text: Any) -> list[str]:
    d = one.difference
    interval = f" [{signed(d.low)}, {signed(d.high)}]" if d.has_interval else ""
    return [
        text(one.name),
        points(one.baseline),
        points(one.candidate),
        f"{signed(d.value)}{interval}",
        p_value(one.adjusted),
        one.judgment,
        points(d.detectable),
        settles(one),
    ]


def notes(found: Comparison, levels: Sequence[str] = ("overall", "area", "task", "subset")) -> list[str]:
    """What is to be said about the comparison and about single verdicts."""
    single: dict[str, list[str]] = {}
    for one in found.verdicts:
        text = one.note or ("" if one.difference.has_interval or one.judgment == "identical" else one.difference.note)
        if text and one.level in levels:
            single.setdefault(text, []).append(one.name)
    said = [
        f"{', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}: {text}"
        for text, names in single.items()
    ]
    return [*said, *found.notes]


def p_value(p: float | None) -> str:
    """A p-value with three decimals; what is smaller says so."""
    return "" if p is None else "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def settles(one: Verdict) -> str:
    """How much more of the data would show a difference of this size; "" where the verdict is clear already."""
    more = one.difference.more
    if one.judgment != "cannot tell" or more is None:
        return ""
    if more <= 1:
        return "clear on its own, not among so many"
    return f"{more:.1f} times the items" if more < 100 else "no test of this kind"


def by_language(found: Comparison) -> str:
    """One line: in how many languages the candidate is better, worse, or cannot be told apart."""
    own = found.of("language")
    if not own:
        return ""
    counts = Counter(one.judgment for one in own)
    said = [f"{count} {'open' if word == 'cannot tell' else word}" for word, count in sorted(counts.items())]
    return f"{len(own)} language{'s' * (len(own) != 1)}: {', '.join(said)}."


def changed_table(found: Comparison, form: tables.Form = "plain") -> str:
    """The items that changed most."""
    text = escape if form == "github" else str
    told = any(one.get("text") for one in found.changed)
    cells = [
        [text(one["task"]), text(one["item"]), signed(one["change"] / 100, 2), str(one["subsets"])]
        + [text(one["text"])] * told
        for one in found.changed
    ]
    head = ("task", "item", "change", "subsets", "text")[: 4 + told]
    return tables.table(head, cells, "llrrl"[: 4 + told], form)


def letters_table(labels: Sequence[str], found: Iterable[LetterDisplay], form: tables.Form = "plain") -> str:
    """All pairs: scores with letters, a row a group."""
    text = escape if form == "github" else str
    cells = [
        [text(one.name), *(f"{points(v)} {letter}" for v, letter in zip(one.values, one.letters, strict=True))]
        for one in found
    ]
    return tables.table(("", *map(text, labels)), cells, form=form)


RUNS = ("baseline_run", "candidate_run")
"""The columns of the CSV before `COLUMNS`: which runs a row is about."""


def as_pages(found: Sequence[Comparison]) -> str:
    """`as_markdown` of every candidate, one after the other."""
    return "\n".join(map(as_markdown, found))


def as_csv(found: Sequence[Comparison]) -> str:
    """The long table, a row a verdict of any candidate; numbers are in full, what is not known is empty, and names and
    notes do nothing in a spreadsheet."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*RUNS, *COLUMNS))
    for one, row in [(each, row) for each in found for row in rows(each)]:
        values = one.baseline, one.candidate, *map(row.__getitem__, COLUMNS)
        writer.writerow(value if isinstance(value, int | float) else cell(value) for value in values)
    return file.getvalue()


def as_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison as plain values."""
    return {
        "schema": SCHEMA,
        "baseline": found.baseline,
        "candidate": found.candidate,
        "sentence": found.sentence,
        "level": found.options.level,
        "method": found.options.method,
        "adjusted": "benjamini-hochberg" if found.options.explore else "holm",
        "verdicts": rows(found),
        "changed": [dict(one) for one in found.changed],
        "unmatched": [
            {"task": one.task, "subset": one.subset, "why": one.why, "items": one.items} for one in found.unmatched
        ],
        "notes": list(found.notes),
    }


def as_text(found: Comparison) -> str:
    """What is printed: the sentence, overall, areas and tasks, the count of languages, notes."""
    parts = [
        found.sentence,
        table([found.overall, *found.of("area"), *found.of("task")]),
        by_language(found),
        changed_table(found) if found.changed else "",
        "\n".join(f"note: {note}" for note in notes(found, ("overall", "area", "task"))),
    ]
    return "\n\n".join(part for part in parts if part)


def as_plain(found: Sequence[Comparison]) -> dict[str, Any]:
    """`as_json` of the one candidate, or of all under ``comparisons``."""
    plain = [as_json(one) for one in found]
    return plain[0] if len(plain) == 1 else {"schema": SCHEMA, "comparisons": plain}


def to_json(found: Sequence[Comparison]) -> str:
    """`as_plain` as text."""
    return json.dumps(as_plain(found), indent=1, ensure_ascii=False) + "\n"
