"""Tables of docs/studies/nepali.md, "Training", of saved runs: `make nepali` calls it.

    python docs/studies/nepali.py FOLDER

FOLDER holds ``corpora``, the models, ``results`` and ``tables`` (`xlbench export tables`); XLBENCH_DATA is the data
root.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import permutation_test, spearmanr
from transformers import AutoTokenizer

import xlbench
from xlbench import corpus
from xlbench.core.item_texts import item_texts

RECIPES = ("regularized", "unregularized", "both", "regularized-sample")
SEEDS = (0, 1, 2)
SETS = ("mini-words-sentiment", "mini-words-relatedness", "mini-words-entities")
TASKS = {**dict.fromkeys(SETS, "purity"), "sib200-news": "macro_f1", "nepsa": "macro_f1"}
HEADINGS = ("sentiment", "relatedness", "entities", "news F1", "comments F1")
PAIRS = (
    ("untrained", "regularized"),
    ("untrained", "unregularized"),
    ("unregularized", "regularized-sample"),
    ("regularized-sample", "regularized"),
    ("regularized", "both"),
)
"""Baseline and candidate: what training does; which register is better, at one size; what more text does."""


def main(folder: Path) -> None:
    """Print all tables."""
    results = xlbench.load(folder / "results")
    frame = results.to_frame()
    frame = frame[(frame["subset"] == "nep") & frame["task"].isin(TASKS)]
    frame = frame[frame["metric"] == frame["task"].map(TASKS)].set_index(["model", "task"]).sort_index()
    parts = (scores_table(frame), verdict_table(folder, results.models), agreement(frame), slices_table(folder))
    sys.stdout.write("\n\n".join(parts) + "\n")


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def models_of(recipe: str, known: Iterable[str]) -> list[str]:
    """The models of a recipe, one a seed, as far as they are known."""
    return [name for name in (f"{recipe}-{seed}" for seed in SEEDS) if name in set(known)]


# ---- scores


def scores_table(frame: pd.DataFrame) -> str:
    """Means over seeds with the lowest and the highest; of single models, 95% intervals."""
    lines = [row(["model", *HEADINGS]), "|---|" + "--:|" * len(HEADINGS)]
    rest = set(frame.index.get_level_values("model"))
    for recipe in ("untrained", *RECIPES):
        seeds = models_of(recipe, frame.index.get_level_values("model"))
        values = [frame.loc[(seeds, task), "value"] for task in TASKS]
        cells = [f"{each.mean():.3f} ({each.min():.3f} to {each.max():.3f})" for each in values]
        lines.append(row([f"{recipe}, {len(seeds)} seeds", *cells]))
        rest -= set(seeds)
    for model in sorted(rest):
        found = [frame.loc[(model, task)] for task in TASKS]
        lines.append(row([model, *(f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in found)]))
    chance = [frame.loc[("untrained-0", task), "chance"] for task in TASKS]
    return "\n".join([*lines, row(["chance", *("" if value != value else f"{value:.3f}" for value in chance)])])


# ---- verdicts


def verdict_table(folder: Path, known: Collection[str]) -> str:
    """Differences of recipes, candidate less baseline, with intervals over items and seeds."""
    lines = [row(["baseline", "candidate", *HEADINGS]), "|---|---|" + "---|" * len(HEADINGS)]
    for one, other in PAIRS:
        found = compared(folder, models_of(one, known), models_of(other, known)).values()
        cells = [difference_of(each) for each in found]
        lines.append(row([one, other, *cells]))
    return "\n".join(lines)


def difference_of(told: dict[str, Any]) -> str:
    """A difference with its interval, where it has one, and the verdict."""
    ends = "" if told["low"] is None else f" [{told['low']:+.3f}, {told['high']:+.3f}]"
    return f"{told['difference']:+.3f}{ends} {told['judgment']}"


def compared(folder: Path, before: Sequence[str], after: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Task -> what `xlbench compare` says of two recipes on it, in Nepali alone; p is adjusted for all of them."""
    sides = [*(("--a", model) for model in before), *(("--b", model) for model in after)]
    runs = [word for side, model in sides for word in (side, model)]
    command = ["xlbench", "compare", *runs, "--results", str(folder / "results"), "--language", "nep", "--json"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows = {row["name"]: row for row in told["verdicts"] if row["level"] == "subset"}
    return {task: rows[f"{task} nep"] for task in TASKS}


# ---- do purity and F1 agree?


def agreement(frame: pd.DataFrame) -> str:
    """Spearman's correlation over models of the mean purity of the three sets and the F1 of news."""
    models = sorted(set(frame.index.get_level_values("model")))
    purity = np.array([np.mean([frame.loc[(model, task), "value"] for task in SETS]) for model in models])
    news = np.array([frame.loc[(model, "sib200-news"), "value"] for model in models])
    ours = np.array([model.rpartition("-")[0] in RECIPES for model in models])
    lines = [row(["models", "n", "Spearman's rho", "p"]), "|---|--:|--:|--:|"]
    for name, chosen in (("trained here", ours), ("all", np.ones(len(models), bool))):
        x, y = purity[chosen], news[chosen]
        test = permutation_test((x,), rho_with(y), permutation_type="pairings", n_resamples=9999, rng=0)
        lines.append(row([name, str(chosen.sum()), f"{test.statistic:+.2f}", f"{test.pvalue:.3f}"]))
    return "\n".join(lines)


def rho_with(y: np.ndarray) -> Callable[[np.ndarray], float]:
    """Spearman's correlation with some numbers."""
    return lambda x: float(spearmanr(x, y).statistic)


# ---- slices


TRAITS = ("suffixes a word", "tokens a word", "words that the corpus lacks")


def slices_table(folder: Path) -> str:
    """Shares of news sentences whose topic is found, and of words that lie with most of their class, by traits.

    Sentences are cut at the median of a trait; words where they have a suffix, a third token, or are not in the corpus.
    """
    items = pd.read_parquet(folder / "tables" / "items.parquet")
    items = items[items["subset"] == "nep"]
    rules = corpus.load_rules("nep")
    assert rules is not None
    spell = corpus.normalizer(rules)
    lines = [row(["what", "trait", "side", *RECIPES]), "|---|---|---|" + "---|" * len(RECIPES)]
    cells: dict[tuple[str, str, str], list[str]] = {}
    for recipe in RECIPES:
        known = corpus.vocabulary(line.text for line in corpus.read(folder / "corpora" / recipe))
        models = models_of(recipe, items["model"].unique())
        right = items[items["model"].isin(models)]
        tokenize = AutoTokenizer.from_pretrained(folder / models[0]).tokenize
        for what, tasks in (("news", ("sib200-news",)), ("words", SETS)):
            part = rights(right[right["task"].isin(tasks)])
            texts = [spell(text) for text in part["text"]]
            values = (
                [corpus.suffix_count(text, rules) for text in texts],
                [corpus.tokens_per_word(text, tokenize) for text in texts],
                [corpus.out_of_vocabulary(text, known) for text in texts],
            )
            for trait, value in zip(TRAITS, values, strict=True):
                cut = float(np.median(value)) if what == "news" else 2.0 if trait == TRAITS[1] else 0.0
                high = np.array(value) > cut
                for side, chosen in (("low", ~high), ("high", high)):
                    cells.setdefault((what, trait, side), []).append(share(part[chosen]))
    return "\n".join([*lines, *(row([*names, *each]) for names, each in cells.items())])


def rights(items: pd.DataFrame) -> pd.DataFrame:
    """A row an item: its text, its cluster, and the share of seeds (and starts of k-means) in which it is right."""
    frames = []
    for (_, task), own in items.groupby(["model", "task"]):
        if task == "sib200-news":
            right = (own["true"] == own["predicted"]).astype(float)
        else:
            starts = [name for name in own.columns if name.startswith("cluster_") and own[name].notna().all()]
            right = pd.concat([own["label"] == majority(own, name) for name in starts], axis=1).mean(axis=1)
        frames.append(own[["task", "item", "cluster"]].assign(right=right))
    found = pd.concat(frames).groupby(["task", "item", "cluster"], as_index=False)["right"].mean()
    texts = {task: texts_of(task) for task in found["task"].unique()}
    return found.assign(text=[texts[task][item] for task, item in zip(found["task"], found["item"], strict=True)])


def majority(own: pd.DataFrame, start: str) -> pd.Series:
    """Of each item, the label that is most frequent in its cluster."""
    return own.groupby(start)["label"].transform(lambda labels: labels.mode()[0])


def texts_of(task: str) -> dict[str, str]:
    """Item -> text, in Nepali."""
    (found,) = xlbench.catalog.load().select_tasks([task])
    (subset,) = [one for one in found.subsets(xlbench.Data(root=Path(os.environ["XLBENCH_DATA"]))) if one.name == "nep"]
    return {told.item: told.text for told in item_texts(found, subset)}


def share(part: pd.DataFrame) -> str:
    """The mean with a 95% interval, of bootstrapped clusters, and how many items."""
    if not len(part):
        return "none"
    sums = part.groupby("cluster")["right"].agg(["sum", "size"]).to_numpy()
    drawn = sums[np.random.default_rng(0).integers(len(sums), size=(2000, len(sums)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return f"{part['right'].mean():.2f} [{low:.2f}, {high:.2f}] n={len(part)}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
