"""Renders the standings of a board as LaTeX: a booktabs table for a paper, with intervals, best and tied in bold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from xlbench.core.text import one_line
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.figures import figure
from xlbench.reports.boards.verdict import verdict
from xlbench.reports.markup import DECIMALS, points

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row

COLUMNS = 4
"""Averages that stand beside each other at most: a page of a paper holds these with their intervals."""
MISSING = "---"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}",
    "[": "{[}", "]": "{]}", "±": r"\textpm{}", "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\ldots{}",
    "’": r"\textquoteright{}",
}  # fmt: skip
"""Characters that LaTeX would obey, or has another one for."""
_JOINED = re.compile(r"([-,])(?=\1)")
"""Characters that LaTeX would join with the next one into a dash or a quotation mark."""


def escape(text: str) -> str:
    """Text of strangers as LaTeX that shows it: one line, no command, no ligature. Letters of every script stay: of
    those that pdfLaTeX has no font for, XeLaTeX and LuaLaTeX have one."""
    return _JOINED.sub(r"\1{}", "".join(_SPECIAL.get(character, character) for character in one_line(text)))


def render(board: Board) -> dict[str, str]:
    """The standings as a table of a paper (``.tex``)."""
    return {".tex": _table(board)}


def _table(board: Board) -> str:
    """A float with a caption; of more averages than fit, several tabulars."""
    areas = board.areas if len(board.areas) > 1 else ()
    names = [OVERALL, *areas]
    step = ceil(len(names) / ceil(len(names) / COLUMNS))  # as many in each tabular
    tabulars = [_tabular(board, names[start : start + step]) for start in range(0, len(names), step)]
    level = f"{100 * board.level:g}"
    metric = f" by {escape(board.metric)}" if board.metric else ""
    caption = (
        f"{escape(verdict(board))} Scores of the suite {escape(board.title)}{metric} in points with {level}\\% "
        f"intervals{board.generalization}. "
        "Bold: the best of a column, and those that cannot be told from it."
    )
    return "\n".join([
        "% \\usepackage{booktabs, textcomp}  % and \\usepackage[T1]{fontenc} with pdfLaTeX",
        "\\begin{table}",
        "\\centering",
        "\\small",
        "\n\n\\medskip\n\n".join(tabulars),
        f"\\caption{{{caption}}}",
        f"\\label{{tab:{_label(board.title)}}}",
        "\\end{table}",
        "",
    ])  # fmt: skip


def _label(title: str) -> str:
    """A title as a label: letters, digits and hyphens."""
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in title)


def _tabular(board: Board, names: Sequence[str]) -> str:
    """Models in rows, some averages in columns."""
    single = len(board.areas) == 1
    headers = [_header(board.areas[0] if name == OVERALL and single else name) for name in names]
    rows = [[escape(row.label), *(_cell(board, row, name) for name in names)] for row in board.rows]
    chance = [board.chances.get(name) for name in names]
    lines = ["\\begin{tabular}{@{}l" + "l" * len(names) + "@{}}", "\\toprule", _line(["Model", *headers]), "\\midrule"]
    lines += map(_line, rows)
    if any(value is not None for value in chance):
        texts = [MISSING if value is None else _points(value) for value in chance]
        lines += ["\\midrule", _line(["\\emph{Chance}", *texts])]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])


def _header(name: str) -> str:
    return "NER" if name == "ner" else escape(name[:1].upper() + name[1:])


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(board: Board, row: Row, name: str) -> str:
    """A score with its interval; in bold where it is the best, or cannot be told from it."""
    if name == OVERALL:
        entry, is_best = row.overall, row.rank is not None and (row.rank == 1 or row.tied_with_best)
    else:
        rank = row.area_ranks.get(name)
        entry, is_best = row.areas[name], rank is not None and (rank.rank == 1 or rank.tied_with_best)
    return _number(entry, bold=is_best and len(board.rows) > 1)


def _number(entry: Entry, *, bold: bool) -> str:
    shown = figure(entry, DECIMALS)
    if shown is None:
        return MISSING
    value = _minus(shown.value)
    value = f"\\textbf{{{value}}}" if bold else value
    if shown.half:
        return f"{value}~{{\\scriptsize$\\pm${shown.half}}}"
    return f"{value}~{{\\scriptsize[{_minus(shown.low)},~{_minus(shown.high)}]}}" if shown.low else value


def _points(value: float) -> str:
    return _minus(points(value))


def _minus(text: str) -> str:
    """A number whose minus sign is one."""
    return text.replace("-", "$-$")
