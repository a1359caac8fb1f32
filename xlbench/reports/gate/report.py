"""A gate's verdict for machines and people: gate.json, JUnit XML, a markdown summary, an annotation, a short form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from xlbench.core.text import one_line, printable
from xlbench.core.version import __version__
from xlbench.reports.compare.verdict_table import signed
from xlbench.reports.gate.judge import describe_loss, interval
from xlbench.reports.gate.policy import Policy
from xlbench.reports.gate.validity import group_places
from xlbench.reports.gate.verdict import Gate, GateComparison, GateRun, GateTest, Outcome
from xlbench.reports.markup import escape

SCHEMA = 1
LARGEST_SUMMARY = 1 << 20
"""Bytes that GitHub shows of a step's summary."""
SHOWN = 30
"""Rows of a table for people; gate.json has them all."""
HEAD = ("", "before", "after", "difference", "p (worse)", "margin", "would be seen", "won / lost", "finding")
ALIGNMENT = "lrrrrrrrl"
ORDER = ("regression", "worse", "better", "cannot be resolved", "not tested", "cannot tell", "identical")


def failed_gate(outcome: Outcome, reason: str, baseline: str, candidate: str) -> Gate:
    """The verdict where none could be reached: a wrong command, or an error."""
    comparison = GateComparison("baseline", GateRun(baseline), outcome, ())
    return Gate(outcome, (one_line(reason),), GateRun(candidate), (comparison,), Policy(), Policy().alpha)


def as_json(gate: Gate) -> dict[str, Any]:
    """The whole verdict as plain values; differences in units of the metric, margins of the policy in points."""
    return {
        "schema": SCHEMA,
        "xlbench": __version__,
        "verdict": gate.outcome,
        "exit_code": gate.exit_code,
        "reasons": list(gate.reasons),
        "sentence": gate.sentence,
        "alpha": gate.alpha,
        "policy": _policy(gate.policy),
        "candidate": asdict(gate.candidate),
        "against": [_comparison(one) for one in gate.comparisons],
    }


def _policy(policy: Policy) -> dict[str, Any]:
    plain = asdict(policy)
    return plain | {"rules": [rule | {key: list(rule[key]) for key in ("tasks", "languages", "metrics")}
                              for rule in plain["rules"]]}  # fmt: skip


def _comparison(one: GateComparison) -> dict[str, Any]:
    return {
        "what": one.what,
        "run": asdict(one.run),
        "verdict": one.outcome,
        "reasons": list(one.reasons),
        "notes": list(one.notes),
        "left_out": [asdict(place) for place in one.left_out],
        "tests": [_test(test) for test in one.tests],
    }


def _test(one: GateTest) -> dict[str, Any]:
    d = one.difference
    return {
        "level": one.level, "name": one.name, "role": one.role, "finding": one.finding, "baseline": one.baseline,
        "candidate": one.candidate, "difference": d.value, "low": d.low, "high": d.high, "se": d.se, "p": one.p,
        "margin": one.margin, "detectable": one.detectable, "n": d.n, "clusters": d.clusters,
        "won": one.flips[0] if one.flips else None, "lost": one.flips[1] if one.flips else None, "note": one.note,
    }  # fmt: skip


def in_reading_order(tests: Sequence[GateTest]) -> list[GateTest]:
    """The suite, then what got worse, what got better, and the rest; within each the largest change first."""
    return sorted(
        tests, key=lambda one: (one.level != "suite", ORDER.index(one.finding), -abs(one.difference.value or 0.0))
    )


def rows(comparison: GateComparison) -> list[tuple[str, ...]]:
    """The table of tests as texts, in points."""
    found: list[tuple[str, ...]] = []
    for one in in_reading_order(comparison.tests):
        name = one.name + (f" ({one.role})" if one.role != "supporting" else "")
        p = "" if one.p is None else f"{one.p:.4f}"
        seen = "" if one.detectable is None else f"{100 * one.detectable:.2f}"
        flips = "" if one.flips is None else f"{one.flips[0]} / {one.flips[1]}"
        change = f"{signed(one.difference.value, 2)} {interval(one) if one.difference.has_interval else ''}".rstrip()
        found.append((name, f"{100 * one.baseline:.2f}", f"{100 * one.candidate:.2f}", change, p,
                      f"{100 * one.margin:g}", seen, flips, one.finding))  # fmt: skip
    return found


def notes(comparison: GateComparison) -> list[str]:
    """What a reader of the tests should know."""
    said = [*comparison.notes]
    said += [f"not judged: {where}: {why}" for where, why in group_places(comparison.left_out)]
    said += [
        f"{one.name} cannot be resolved: {one.note}"
        for one in comparison.tests
        if one.finding == "cannot be resolved" and one.note
    ]
    return [one_line(text) for text in said]


def as_junit(gate: Gate) -> str:
    """The verdict as JUnit XML: a case for the verdict and one for every test of each comparison."""
    cases = [*_cases(gate)]
    counts = {kind: sum(child is not None and child[0] == kind for _, child in cases) for kind in ("failure", "error")}
    counts["skipped"] = sum(child is not None and child[0] == "skipped" for _, child in cases)
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", {
        "name": "xlbench gate", "tests": str(len(cases)), "failures": str(counts["failure"]),
        "errors": str(counts["error"]), "skipped": str(counts["skipped"]), "time": "0",
    })  # fmt: skip
    for attributes, child in cases:
        case = ElementTree.SubElement(suite, "testcase", {name: _xml(text) for name, text in attributes.items()})
        if child is not None:
            kind, message = child
            inner = ElementTree.SubElement(case, kind, {"message": _xml(message)})
            inner.text = _xml(message)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _cases(gate: Gate) -> Iterator[tuple[dict[str, str], tuple[str, str] | None]]:
    """Every case's attributes, and what it ended with where it did not pass."""
    bad = {"REGRESSION": "failure", "PASS": ""}.get(gate.outcome, "error")
    yield {"classname": "xlbench.gate", "name": "verdict", "time": "0"}, (bad, gate.sentence) if bad else None
    for one in gate.comparisons:
        for test in one.tests:
            child = None
            if test.role == "advisory":
                child = ("skipped", f"advisory: {test.finding} ({signed(test.difference.value, 2)})")
            elif test.finding == "regression":
                child = ("failure", describe_loss(test))
            elif test.finding in ("cannot be resolved", "not tested"):
                child = ("skipped", f"{test.finding}: {test.note}")
            yield {"classname": f"xlbench.gate.{one.what}.{test.level}", "name": test.name, "time": "0"}, child


def _xml(text: str) -> str:
    """Text without what XML 1.0 has no way to hold."""
    return re.sub(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", printable(text))


def as_markdown(gate: Gate, limit: int = LARGEST_SUMMARY) -> str:
    """The verdict as a page of at most ``limit`` bytes: the line, a table for each comparison, notes."""
    lines = [f"## xlbench gate: {gate.outcome}", escape(gate.sentence)]
    for one in gate.comparisons:
        if one.tests:
            lines += [f"### Against the {one.what} ({escape(one.run.model)})", _table(one)]
        if said := notes(one):
            lines.append("\n".join(f"- {escape(note)}" for note in said))
    lines.append(
        f"Differences in points, candidate - baseline, with {100 * (1 - gate.alpha):g}% intervals. *Would be seen*: "
        f"the smallest loss that the test finds four times in five. Candidate `{gate.candidate.content[:12]}`."
    )
    text = "\n\n".join(lines) + "\n"
    if len(text.encode("utf-8", "replace")) <= limit:
        return text
    cut = text.encode("utf-8", "replace")[: max(0, limit - 80)].decode("utf-8", "ignore").rpartition("\n")[0]
    return f"{cut}\n\nThe rest is in gate.json.\n"


def _table(comparison: GateComparison) -> str:
    sides = {"l": ":--", "r": "--:"}
    found = rows(comparison)
    lines = ["| " + " | ".join(HEAD) + " |", "| " + " | ".join(sides[side] for side in ALIGNMENT) + " |"]
    lines += ["| " + " | ".join(map(escape, row)) + " |" for row in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"\n{len(found) - SHOWN} more in gate.json.")
    return "\n".join(lines)


def as_annotation(gate: Gate) -> str:
    """The verdict as one workflow command of GitHub Actions."""
    kind = "notice" if gate.outcome == "PASS" else "error"
    text = one_line(gate.sentence).replace("%", "%25")
    return f"::{kind} title=xlbench gate::{text}"


def as_short(gate: Gate) -> str:
    """A few lines of markdown for a comment: the verdict, and what changed."""
    lines = [f"**xlbench gate: {gate.outcome}**. {escape(gate.sentence.partition(': ')[2])}"]
    for one in gate.comparisons:
        for finding in ("regression", "worse", "better"):
            found = [test for test in in_reading_order(one.tests) if test.finding == finding and test.level != "suite"]
            if found:
                named = ", ".join(f"{escape(test.name)} {escape(signed(test.difference.value))}" for test in found[:5])
                more = f" and {len(found) - 5} more" if len(found) > 5 else ""
                lines.append(f"- {finding}: {named}{more} (against the {one.what})")
    return "\n".join(lines)
