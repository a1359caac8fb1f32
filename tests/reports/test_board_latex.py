"""A board as LaTeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from board_world import World, full_world, golden_world, shares

from xlbench.reports.boards import latex


def rendered(board) -> str:
    return latex.render(board)[".tex"]


def body(text: str) -> list[list[str]]:
    """The cells of all rows of all tabulars."""
    return [re.split(r"(?<!\\) & ", line.removesuffix(r" \\")) for line in text.splitlines() if line.endswith(r" \\")]


def test_a_row_a_model_with_intervals_and_chance():
    """Best first, plus-minus where an interval is symmetric and ends where it is not, then what guessing scores."""
    rows = {row[0]: row[1:] for row in body(rendered(golden_world().board()))}
    assert [*rows] == ["Model", "beta", "alpha (aaaaaaaa)", "alpha (dddddddd)", "gamma", r"\emph{Chance}"]
    assert rows["Model"] == ["Overall", "Retrieval", "News", "NER"]
    assert rows["beta"][0] == r"\textbf{75.0}~{\scriptsize$\pm$5.7}"
    assert rows["alpha (aaaaaaaa)"][0] == r"64.4~{\scriptsize[58.0,~70.9]}"
    assert rows["gamma"][0] == "---"
    assert rows[r"\emph{Chance}"] == ["10.0"] * 4


def test_the_caption_says_what_is_scored_and_of_what_the_languages_are_a_sample():
    """By another metric, and over languages; of a plain board neither."""
    plain = golden_world().board()
    text = rendered(replace(plain, metric="f1_macro", over="languages"))
    assert r"by f1\_macro in points with 95\% intervals, for languages in general, of which these" in text
    assert " by " not in rendered(plain).split("Scores of", 1)[1]
    assert "general" not in rendered(plain)


def test_the_best_and_those_tied_with_it_are_bold():
    """By column: in news nobody is told from the best, overall all are."""
    rows = {row[0]: row[1:] for row in body(rendered(golden_world().board()))}
    bold = {name: [cell.startswith(r"\textbf") for cell in cells] for name, cells in rows.items()}
    assert bold["beta"] == [True, True, True, True]
    assert bold["alpha (aaaaaaaa)"] == [False, False, True, False]
    alone = World()
    alone.add("alpha", "pairs", "deu", shares(50))
    assert r"\textbf" not in rendered(alone.board())


def test_it_is_a_table_of_booktabs():
    """Rules of booktabs, as many cells in every row as there are columns, and every environment is closed."""
    text = rendered(full_world().board())
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\label{tab:mini}")] == [
        1,
        2,
        1,
        1,
    ]
    (columns,) = re.findall(r"\\begin\{tabular\}\{@\{\}(l+)@\{\}\}", text)
    assert {len(row) for row in body(text)} == {len(columns)}
    assert re.findall(r"\\begin\{(\w+)\}", text) == re.findall(r"\\end\{(\w+)\}", text)[::-1]


def test_many_areas_are_several_tabulars():
    """More averages than fit a page stand in tabulars below each other, with all models in each."""
    world = World()
    for place, model in enumerate(("alpha", "beta")):
        for area in range(12):
            world.add(model, f"task{area}", "deu", shares(40 + place), area=f"area{area}")
    text = rendered(world.board())
    assert [len(columns) for columns in re.findall(r"\\begin\{tabular\}\{@\{\}(l+)", text)] == [5, 5, 5, 2]
    assert all(f"Area{area} " in text for area in range(12))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("50% of a_b & c#", r"50\% of a\_b \& c\#"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("$x^2$ ~", r"\$x\textasciicircum{}2\$ \textasciitilde{}"),
        ("a--b", r"a-{}-b"),
        ("a,,b, c-d", "a,{},b, c-d"),
        ("<b>[x]", r"\textless{}b\textgreater{}{[}x{]}"),
        ("two\nlines\u202e", "two lines"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_names_of_strangers_do_nothing(text, shown):
    """What LaTeX would obey is shown, in one line."""
    assert latex.escape(text) == shown


def test_hostile_names_leave_the_table_whole():
    """Rows have as many cells as the header, whatever models and areas are called, and no command of a name is left."""
    world = World()
    for place, name in enumerate((r"\\ & x", "a}b{", "%", r"\end{table}")):
        world.add(name, "pairs", "deu", shares(50 + place), fingerprint=f"{place}" * 64, area="re_triev&al")
        world.add(name, "other", "deu", shares(50 + place), fingerprint=f"{place}" * 64, area="ner")
    text = rendered(world.board("mini&co"))
    assert len({len(row) for row in body(text)}) == 1
    assert text.count(r"\end{table}") == 1
    assert not re.search(r"(?<!\\)%", text.split("\n", 1)[1])
    assert len(re.findall(r"(?<!\\)\{", text)) == len(re.findall(r"(?<!\\)\}", text))


DOCUMENT = r"""\documentclass{article}
\usepackage[a4paper]{geometry}
\usepackage[T1]{fontenc}
\usepackage{booktabs, textcomp}
\begin{document}
%s
\end{document}
"""
HOSTILE = (r"\\ & x", "a}b{", "%", r"\end{table}", r"\input{/etc/passwd}", "^^41#$_~`'\"<>|[x]--!`?`,,",
           "é ü ß “q” «g» – — ’", r"a*b\\[1em]", r"\newpage", "{")  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex on this machine")
def test_it_compiles_and_fits_a_page(tmp_path):
    """pdfLaTeX makes pages of it without an error, of hostile names too; and no line of a usual board is too wide."""
    world = World()
    for place, name in enumerate(HOSTILE):
        for task, area in (("pairs", "re_triev&al"), ("other", "ner")):
            world.add(name, task, "deu", shares(50 + place), fingerprint=f"{place}" * 64, area=area)
    for name, board in (("usual", full_world().board()), ("hostile", world.board("mini&co"))):
        (tmp_path / f"{name}.tex").write_text(DOCUMENT.replace("%s", rendered(board)), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", f"{name}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
        assert (tmp_path / f"{name}.pdf").stat().st_size > 1000
        assert name == "hostile" or "Overfull" not in done.stdout
