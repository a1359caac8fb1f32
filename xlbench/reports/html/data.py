"""What is to be known of the data and the models: training data, warnings, licenses, citations, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlbench.reports.boards.data_sections import data_columns
from xlbench.reports.html.safe import escape
from xlbench.reports.html.standings import TRAINING, training_state
from xlbench.reports.markup import MISSING, count_text, whole

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board, ModelLine, Source

ROWS = 200
"""Subsets of odd data and notes that a page shows before it counts the rest."""


def section(board: Board) -> str:
    """The parts of the room, each of which may be empty."""
    parts = [
        _models(board),
        _training(board),
        _data_warnings(board),
        _sources(board.sources),
        _notes(board),
        _troubles(board),
    ]
    return "\n".join(part for part in parts if part)


def _table(caption: str, heads: list[str], rows: list[list[str]], numbers: int = 0, *, look: str = "plain") -> str:
    """A table whose cells are HTML already; the first column holds names, and the last ``numbers`` ones numbers.
    ``look`` names its classes."""
    words = len(heads) - numbers
    head = "".join(
        f'<th scope="col"{" class=text" if place < words else ""}>{escape(one)}</th>' for place, one in enumerate(heads)
    )
    body = ""
    for first, *rest in rows:
        cells = "".join(f"<td{' class=text' if place + 1 < words else ''}>{one}</td>" for place, one in enumerate(rest))
        body += f'<tr><th scope="row">{first}</th>{cells}</tr>\n'
    return (
        f'<div class="wide"><table class="{look}"><caption class="unseen-text">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _models(board: Board) -> str:
    rows = [
        [escape(line.label), escape(line.license or MISSING),
         f'<span class="long">{escape(line.settings)}</span>' if line.settings else MISSING,
         f"<code>{escape(line.spec)}</code>", f'<code class="whole">{escape(line.fingerprint[:12])}</code>',
         whole(line.dimensions), whole(line.texts_cut)]
        for line in board.models
    ]  # fmt: skip
    heads = ["Model", "License", "Settings", "Spec", "Fingerprint", "Dimensions", "Texts cut"]
    return f"<h3>Models</h3>{_table('Models', heads, rows, 2)}" if rows else ""


def _training(board: Board) -> str:
    """Which model declares to have seen data of which task."""
    if not board.models:
        return ""
    rows = [
        [escape(line.label), _badge(training_state(line)), *(_training_cell(line, task) for _, task in board.tasks)]
        for line in board.models
    ]
    words = " ".join(f"<b>{word}</b>: the model {escape(meaning)}." for word, meaning in TRAINING.values())
    heads = ["Model", "Declares", *(task for _, task in board.tasks)]
    return f"<h3>Training data</h3><p>{words}</p>{_table('Training data', heads, rows, look='plain narrow')}"


def _badge(state: str) -> str:
    return f'<span class="badge {state}">{TRAINING[state][0]}</span>'


def _training_cell(line: ModelLine, task: str) -> str:
    state = "seen" if task in line.seen else "unseen" if line.declares else "unknown"
    sign, word = {"seen": ("●", "seen"), "unseen": ("○", "unseen"), "unknown": ("?", "unknown")}[state]
    return f'<span class="sign {state}">{sign}<span class="unseen-text"> {word}</span></span>'


def _data_warnings(board: Board) -> str:
    odd = [line for line in board.data if line.is_odd]
    if not odd:
        return ""
    columns = data_columns(odd)
    rows = [
        [escape(line.task), escape(line.subset), *(escape(texts[number]) for _, texts in columns)]
        for number, line in enumerate(odd[:ROWS])
    ]
    rest = f" The first {ROWS} are shown; the CSV has all." if len(odd) > ROWS else ""
    words = (
        f"Subsets with something odd: {len(odd):,} of {len(board.data):,}.{rest} Overlap: test items whose text is in "
        "the training set too. Duplicates: items whose text has occurred before. Tiny classes: those with fewer than "
        "10 test items. Tie rate: share of queries with a rival exactly as near as the target, from the model with "
        "the fewest to that with the most."
    )
    table = _table("Data warnings", ["Task", "Subset", *(name for name, _ in columns)], rows, len(columns))
    return f"<h3>Warnings</h3><p>{words}</p>{_folded(count_text(len(odd), 'subset'), table, shut=len(odd) > 12)}"


def _sources(sources: Mapping[str, Source]) -> str:
    if not sources:
        return ""
    rows = [
        [escape(text or MISSING) for text in (task, source.license, source.data, _address(source.home))]
        for task, source in sources.items()
    ]
    found = _table("Sources of the data", ["Task", "License", "Data", "Home"], rows)
    citations = "\n\n".join(dict.fromkeys(source.citation.strip() for source in sources.values() if source.citation))
    cited = (
        f'<pre><code id="citations">{_lines(citations)}</code></pre>'
        '<button type="button" class="copy js-only" data-copy="citations">Copy</button>'
    )
    return f"<h3>Sources</h3>{found}" + (_folded("Citations", cited, shut=True) if citations else "")


def _address(home: str) -> str:
    """Where the data comes from, as text; "" where that is a place of the task's own files."""
    return home if "://" in home else ""


def _lines(text: str) -> str:
    """A text of several lines, each escaped."""
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + escape(line) for line in text.splitlines())


def _notes(board: Board) -> str:
    """What holds for whole subsets and models, each once."""
    texts = board.footnotes
    if not texts:
        return ""
    shown = "".join(f"<li>{escape(text)}</li>\n" for text in texts[:ROWS])
    rest = f"<p>And {len(texts) - ROWS:,} more.</p>" if len(texts) > ROWS else ""
    return f"<h3>Notes</h3>{_folded(count_text(len(texts), 'note'), f'<ol>{shown}</ol>{rest}', shut=len(texts) > 8)}"


def _troubles(board: Board) -> str:
    lines = "".join(f"<li>{escape(text)}</li>\n" for text in (*board.troubles, *board.conflicts))
    return f"<h3>Refused files and conflicts</h3><ul>{lines}</ul>" if lines else ""


def _folded(name: str, content: str, *, shut: bool) -> str:
    return f"<details{'' if shut else ' open'}><summary>{escape(name)}</summary>{content}</details>"
