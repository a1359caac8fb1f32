"""The tables of docs/studies/indian-ner.md from the results of study_indian_ner.py.

python tests/campaigns/tables_indian_ner.py out/indian-ner
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import xlbench
from xlbench import catalog, text_keys
from xlbench.core.tables import table

LANGUAGES = ("hin", "urd", "tel", "ory")
TYPES = ("NEP", "NEL", "NEO", "NEN", "NETI", "NEAR")
PAIRS = (
    ("tel", "hin-tel"), ("urd", "hin-urd"), ("tel", "joint"), ("hin", "joint"), ("progressive", "joint"),
    ("probe", "joint"), ("hin", "probe"),
)  # fmt: skip
"""Baseline and candidate of each verdict."""


def interval(row: Mapping[str, float]) -> str:
    """A score in points with its interval."""
    if pd.isna(row["value"]):
        return "-"
    ends = "" if pd.isna(row["low"]) else f" [{100 * row['low']:.0f}, {100 * row['high']:.0f}]"
    return f"{100 * row['value']:.1f}{ends}"


def matrix(scores: pd.DataFrame, models: Sequence[str]) -> list[list[str]]:
    """Entity F1 of every model on every language."""
    main = scores[scores["metric"] == "entity_f1"].set_index(["model", "subset"])
    return [[model, *(interval(main.loc[model, code]) for code in LANGUAGES)] for model in models]


def of_types(scores: pd.DataFrame, runs: xlbench.Results, model: str) -> Iterator[list[str]]:
    """F1 of every type with the entities that there are of it."""
    own = scores[scores["model"] == model].set_index(["metric", "subset"])
    facts = {cell.subset: cell.facts for run in runs if run.model == model for cell in run.cells}
    for kind in TYPES:
        yield [kind, *(
            f"{interval(own.loc[f'f1:{kind}', code])} ({facts[code][f'support:{kind}']:,})" for code in LANGUAGES
        )]  # fmt: skip


def leaks(runs: xlbench.Results, items: pd.DataFrame, models: Path, limit: int) -> Iterator[list[str]]:
    """Test sentences that a model was trained on, and entity F1 with and without them."""
    (task,) = catalog.load().select_tasks(["il-ner"])
    texts: dict[str, dict[str, str]] = {}
    for subset in task.subsets(xlbench.Data(root=Path(os.environ["XLBENCH_DATA"]), limit=limit)):
        if subset.name in LANGUAGES and subset.load is not None:
            test = subset.load().test
            texts[subset.name] = dict(
                zip(test.ids, (one.replace("\t", " ") for one in test.fields["tokens"]), strict=True)
            )
    for run in runs:
        if not (models / run.model / "trained_on_texts.npy").is_file():
            continue
        known = np.load(models / run.model / "trained_on_texts.npy")
        for code in LANGUAGES:
            own = items[(items["model"] == run.model) & (items["subset"] == code)]
            seen = np.isin(text_keys([texts[code][item] for item in own["item"]]), known)
            if seen.any():
                yield [run.model, code, f"{int(seen.sum())} of {len(seen)}", f1(own), f1(own[~seen])]


def f1(own: pd.DataFrame) -> str:
    """Entity F1 of some items, in points."""
    right, predicted, gold = (
        float(own[[f"{part}:{kind}" for kind in TYPES]].to_numpy().sum()) for part in ("right", "predicted", "gold")
    )
    return f"{200 * right / max(predicted + gold, 1):.1f}"


def verdicts(runs: Mapping[str, xlbench.Run]) -> Iterator[list[str]]:
    """Paired differences, of every language that has one."""
    for before, after in PAIRS:
        if before not in runs or after not in runs:
            continue
        frame = xlbench.compare(runs[before], runs[after]).to_frame()
        for row in frame[frame["level"] == "subset"].to_dict("records"):
            ends = "" if pd.isna(row["low"]) else f" [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
            yield [
                f"{before} → {after}",
                str(row[frame.columns[3]]).removeprefix("il-ner "),
                f"{100 * row['difference']:+.1f}{ends}",
                f"{row['adjusted']:.3f}",
                str(row["judgment"]),
            ]


def tables(out: Path, limit: int) -> None:
    """Write ``tables.md`` into a folder of the study, from what there is of it.

    Args:
        out: The folder.
        limit: How many test sentences of each language were scored.
    """
    runs = xlbench.load(out / "results")
    scores, items = runs.to_frame("cells"), runs.to_frame("items")
    names = list(dict.fromkeys(run.model for run in runs))
    parts = [
        ("Entity F1", ["model", *LANGUAGES], matrix(scores, names)),
        *((f"F1 a type, {name}", ["type", *LANGUAGES], list(of_types(scores, runs, name)))
          for name in ("hin", "joint", "probe") if name in names),
        ("Trained on", ["model", "test", "sentences", "F1", "F1 without them"],
         list(leaks(runs, items, out / "models", limit))),
        ("Verdicts", ["baseline → candidate", "test", "difference [95%]", "p", "verdict"],
         list(verdicts({run.model: run for run in runs}))),
    ]  # fmt: skip
    text = "\n\n".join(
        f"## {title}\n\n{table(headings, rows, 'l' * len(headings), 'pipe')}" for title, headings, rows in parts if rows
    )
    (out / "tables.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    tables(Path(sys.argv[1]), int(sys.argv[2]))
