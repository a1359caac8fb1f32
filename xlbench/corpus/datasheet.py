"""Writes the datasheet of a corpus: what it is made of, what every step did, and how far its filter can be trusted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from xlbench.core.languages import language_name
from xlbench.core.tables import table
from xlbench.core.text import byte_count, count_text, one_line
from xlbench.corpus.languages import OTHER

NOT_KNOWN = "not known"
SHOWN = 8
"""Reasons for leaving lines out that are named; the others are summed up."""


def datasheet(manifest: Mapping[str, Any]) -> str:
    """The datasheet, in markdown, from the content of ``corpus.json``."""
    return "\n\n".join(_sections(manifest)) + "\n"


def _sections(manifest: Mapping[str, Any]) -> Iterator[str]:
    name = language_name(manifest["language"])
    yield f"# Corpus: {name}"
    yield (
        f"{count_text(manifest['lines'], 'line')}, {manifest['words']:,} words between spaces, "
        f"{manifest['characters']:,} characters. `corpus.jsonl.gz` has a line each, with its register and source; "
        f"`dropped.jsonl.gz` has those that were left out, and why; `corpus.json` says all of this to programs, with "
        f"checksums. Made by xlbench {manifest['versions']['xlbench']}:"
    )
    yield f"```sh\n{shlex.join(map(one_line, manifest['command']))}\n```"
    if manifest["notes"]:
        yield "\n".join(f"- {_cell(note)}" for note in manifest["notes"])
    yield "## Inputs"
    yield _inputs(manifest)
    yield "The hash is SHA-256 of the file as it is, packed or not; of a card, of its texts."
    yield "## Registers"
    yield table(["register", "lines"], [[register or NOT_KNOWN, f"{count:,}"] for register, count in
                manifest["registers"].items()], "lr", "github")  # fmt: skip
    yield "## Steps"
    yield counts_table(manifest, "github")
    yield from _filter(manifest)
    yield from _duplicates(manifest)
    yield from _rules(manifest)


def _inputs(manifest: Mapping[str, Any]) -> str:
    rows = [
        [_cell(entry["name"]), entry["register"] or NOT_KNOWN, entry["license"] or NOT_KNOWN, f"{entry['lines']:,}",
         f"{entry['kept']:,}", byte_count(entry["bytes"]), f"`{entry['sha256'][:16]}`"]
        for entry in manifest["inputs"]
    ]  # fmt: skip
    return table(["input", "register", "license", "lines", "kept", "size", "hash"], rows, "lllrrrl", "github")


def counts_table(manifest: Mapping[str, Any], form: Any = "plain") -> str:
    """What every step did: lines that came in, changed, were left out and why, and were kept."""
    rows = [
        [entry["step"], f"{entry['lines']:,}", f"{entry['changed']:,}", f"{sum(entry['dropped'].values()):,}",
         f"{entry['kept']:,}", _reasons(entry["dropped"])]
        for entry in manifest["counts"]
    ]  # fmt: skip
    return table(["step", "lines", "changed", "left out", "kept", "why left out"], rows, "lrrrrl", form)


def _reasons(dropped: Mapping[str, int]) -> str:
    named = [f"{_cell(why)} {count:,}" for why, count in dropped.items()]
    rest = sum([*dropped.values()][SHOWN:])
    return ", ".join(named[:SHOWN]) + (f", other reasons {rest:,}" if rest else "")


def confusion_table(manifest: Mapping[str, Any], form: Any = "plain") -> str:
    """What the language filter takes texts of known languages for, and the share that it keeps with its interval."""
    rows = manifest["filter"]["confusion"]
    columns = [code for code in rows[0]["predicted"] if code != OTHER]
    cells = [
        [_cell(row["source"]), f"{row['texts']:,}", *(f"{row['predicted'][code]:,}" for code in (*columns, OTHER)),
         f"{100 * row['kept'] / row['texts']:.1f}% [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"]
        for row in rows
    ]  # fmt: skip
    headers = ["texts of", "texts", *(f"taken for {code}" for code in columns), "for another", "kept"]
    return table(headers, cells, "lr" + "r" * (len(columns) + 1) + "l", form)


def _filter(manifest: Mapping[str, Any]) -> Iterator[str]:
    if "lid" not in manifest["steps"]:
        return
    among = manifest["filter"]["among"]
    yield "## Language filter"
    yield (
        f"py3langid {manifest['versions']['py3langid']} takes each line for "
        f"{'one of ' + ', '.join(among) if among else 'one of all the languages that it knows'}; "
        f"what it does not take for {manifest['language']} is left out."
    )
    if manifest["filter"]["confusion"]:
        yield confusion_table(manifest, "github")
        yield (
            "Measured on texts whose language is known. The interval is Wilson's, of 95%. Shorter lines, mixed "
            "languages and other registers are told less well than these texts."
        )


def _duplicates(manifest: Mapping[str, Any]) -> Iterator[str]:
    told = manifest["duplicates"]
    if not told:
        return
    yield "## Duplicates"
    exact = "A line is a copy where it differs from an earlier one in white space, case and Unicode notation at most."
    if told["near"] is None:
        yield exact
        return
    yield (
        f"{exact} It is a near copy where the Jaccard similarity of its runs of {told['letters']} characters to those "
        f"of an earlier line is {told['near']} or more. Candidates come from MinHash signatures of "
        f"{told['permutations']} hashes in {told['bands']} bands of {told['rows']}; the similarity is then computed "
        f"from the texts themselves."
    )


def _rules(manifest: Mapping[str, Any]) -> Iterator[str]:
    if manifest["normalize"]:
        yield "## Spelling"
        yield f"Rules of `{manifest['rules']['file']}`, after Unicode's NFC. They cannot be undone."
        rows = [
            [_cell(rule["name"]), f"`{_cell(rule['pattern'])}`",
             f"`{_cell(rule['replacement'])}`" if rule["replacement"] else "(nothing)", _cell(rule["source"])]
            for rule in manifest["normalize"]
        ]  # fmt: skip
        yield table(["rule", "pattern", "becomes", "source"], rows, "llll", "github")
    if manifest["marker"]:
        yield "## Suffixes"
        yield (
            f"A space and {manifest['marker']} stand before every suffix that was split off; "
            f"`xlbench.corpus.Splitter.join` puts them back to the letter."
        )


def _cell(text: str) -> str:
    """A text within a cell of a table: no line break, no bar, and what is invisible as an escape."""
    shown = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
    return one_line(shown).replace("|", "\\|")
